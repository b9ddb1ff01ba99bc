"""How far people come with a form: the same numbers, whether its days were counted already or not."""

import asyncio

import pytest

from newsletter import clock as clocks
from newsletter.clock import DAY, HOUR
from newsletter.signups import FUNNEL_DAYS, Funnel, funnels, keep_funnels
from newsletter.storage import Tx
from tests.cast import House
from tests.conftest import Clock

ADA, BEN, CLEO = (f"{name}@example.org" for name in ("ada", "ben", "cleo"))


@pytest.fixture(autouse=True)
def of_this_time(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids are made by the clock that the rows go by."""
    clock.forward(60 * DAY)  # the first ids that there are begin with the year
    monkeypatch.setattr(clocks, "now", clock)


@pytest.fixture
async def days(house: House, clock: Clock) -> House:
    """Ada comes and takes her guide, a day later Ben comes, and two days later Cleo, who only signs up."""
    ada = await house.joins(ADA)
    await house.db.write(takes, ada.id)
    clock.forward()
    await house.joins(BEN)
    clock.forward(2 * DAY)
    await house.signs_up(CLEO)
    return house


async def takes(tx: Tx, id: int) -> None:
    await tx.run(
        """INSERT INTO downloads (subscriber_id, version_id, at, automatic)
           SELECT :id, max(id), :now, 0 FROM magnet_versions""",
        id=id,
        now=tx.now,
    )


async def seen(house: House, days: int = FUNNEL_DAYS) -> tuple[int, int, int]:
    """Of the last so many days: mailed, confirmed, downloaded."""

    async def look(tx: Tx) -> list[Funnel]:
        return await funnels(tx, tx.now - tx.now % DAY - (days - 1) * DAY, 5)

    (one,) = await house.db.read(look)
    return one.mailed, one.confirmed, one.downloaded


async def test_what_was_counted_says_the_same(days: House, clock: Clock) -> None:
    for _ in range(2):
        assert [await seen(days, n) for n in (30, 4, 3, 2, 1)] == [
            (3, 2, 1), (3, 2, 1), (2, 1, 0), (1, 0, 0), (1, 0, 0),
        ]  # fmt: skip
        await asyncio.gather(*(keep_funnels(days.db) for _ in range(3)))
    assert await days.count("SELECT count(*) FROM funnel_days") == 2
    clock.forward()
    await days.signs_up("dora@example.org")
    assert await seen(days) == (4, 2, 1)  # nobody has counted yesterday yet
    await keep_funnels(days.db)
    assert await seen(days) == (4, 2, 1)
    assert await days.count("SELECT count(*) FROM funnel_days") == 3


async def test_what_becomes_of_earlier_days_is_seen_within_an_hour(days: House, clock: Clock) -> None:
    clock.forward()
    await keep_funnels(days.db)
    await days.confirms(CLEO)
    await days.db.write(days.site.subscribers.erase, (await days.person(BEN)).id)
    await keep_funnels(days.db)
    assert await seen(days) == (3, 2, 1)
    clock.forward(HOUR)
    await keep_funnels(days.db)
    assert await seen(days) == (2, 2, 1)


async def test_days_of_long_ago_are_let_go(days: House, clock: Clock) -> None:
    await keep_funnels(days.db)
    clock.forward(FUNNEL_DAYS * DAY + HOUR)
    assert await seen(days) == (0, 0, 0)
    await keep_funnels(days.db)
    assert await seen(days) == (0, 0, 0)
    assert await days.count("SELECT count(*) FROM funnel_days WHERE mailed > 0") == 1  # its last day


async def test_a_clock_that_was_ahead_holds_nothing_up(days: House, clock: Clock) -> None:
    clock.forward(400 * DAY)
    await keep_funnels(days.db)
    clock.forward(-399 * DAY)
    await keep_funnels(days.db)
    assert await seen(days) == (3, 2, 1)
    await days.signs_up("dora@example.org")
    assert await seen(days) == (4, 2, 1)
