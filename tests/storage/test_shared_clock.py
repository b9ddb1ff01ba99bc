"""What is written on PostgreSQL has the time of its clock, whatever the machine's own says and when it was set."""

import logging
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from newsletter import clock
from newsletter.clock import DAY, HOUR, SECOND
from newsletter.storage import Tx, open_database, postgres_clock
from tests.mail.conftest import eventually

THEIRS = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"
pytestmark = pytest.mark.postgres


class Own:
    """This machine's clock, which may be wrong."""

    off = 0

    def time_ns(self) -> int:
        return time.time_ns() + self.off * 1_000_000


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Own]:
    own = Own()
    monkeypatch.setattr("newsletter.clock.time", SimpleNamespace(time_ns=own.time_ns))
    yield own
    assert clock.ahead() == 0


async def apart(tx: Tx) -> int:
    """Of what actions write, and what the database has, in ms."""
    return abs(int(await tx.value(THEIRS)) - tx.now)


async def read(url: str, own: Own, *jumps: int) -> None:
    db = await open_database(url)
    try:
        for jump in (0, *jumps):
            own.off += jump
            assert await db.read(apart) < SECOND
            assert await db.write(apart) < SECOND
            assert await db.write_in_crowd("one", apart) < SECOND
            assert abs(clock.now() - time.time_ns() // 1_000_000) < SECOND
    finally:
        await db.close()


@pytest.mark.parametrize("off", [HOUR, -HOUR, 400 * DAY])
async def test_a_clock_that_is_wrong(postgres_url: str, own: Own, off: int) -> None:
    own.off = off
    await read(postgres_url, own)
    assert abs(clock.now() - time.time_ns() // 1_000_000 - off) < SECOND  # its own counts again


async def test_a_clock_that_is_set_meanwhile(postgres_url: str, own: Own) -> None:
    await read(postgres_url, own, HOUR, -2 * HOUR, 40 * DAY, -1500, HOUR)


async def test_a_clock_that_goes_wrong_slowly(
    postgres_url: str, own: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By less at once than would be noticed."""
    monkeypatch.setattr(postgres_clock, "LOOKS", 0.05)
    db = await open_database(postgres_url)

    async def right_again() -> bool:
        return await db.read(apart) < SECOND // 4

    for _ in range(8):
        own.off += SECOND // 2
        await eventually(right_again)
    await db.close()
    assert own.off == 4 * SECOND


async def test_it_is_told_once(postgres_url: str, own: Own, caplog: pytest.LogCaptureFixture) -> None:
    own.off = -2 * HOUR
    with caplog.at_level(logging.WARNING):
        await read(postgres_url, own, HOUR, -HOUR)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["This machine's clock is 7200 s behind the database's, by which all is done."]


async def test_who_brings_a_clock_along_keeps_it(postgres_url: str, own: Own) -> None:
    db = await open_database(postgres_url, clock=lambda: 7)

    async def moment(tx: Tx) -> int:
        return tx.now

    own.off = HOUR
    assert await db.read(moment) == 7
    assert clock.ahead() == 0
    await db.close()
