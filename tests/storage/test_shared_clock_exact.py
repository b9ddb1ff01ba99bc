"""To the millisecond: when a machine asks the database for the time, and by how much it then goes along."""

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from newsletter import clock
from newsletter.clock import SECOND
from newsletter.storage import postgres_clock
from newsletter.storage.postgres_clock import SharedClock
from tests.conftest import NOON


class There:
    """A server whose clock is `off` from ours, and which answers after `took`: ms both. `own` is our time."""

    def __init__(self) -> None:
        self.own, self.off, self.took, self.asked, self.broken = NOON, 0, 0, 0, False
        self.steady = 100.0  # what never jumps, in seconds

    def time_ns(self) -> int:
        return self.own * 1_000_000

    def passes(self, ms: int) -> None:
        self.own += ms
        self.steady += ms / SECOND

    async def fetchval(self, _sql: str) -> int:
        self.asked += 1
        theirs = self.own + self.off
        self.passes(self.took)
        if self.broken:
            raise RuntimeError("of the test")
        return theirs


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[There]:
    there = There()
    monkeypatch.setattr("newsletter.clock.time", SimpleNamespace(time_ns=there.time_ns))
    monkeypatch.setattr(postgres_clock, "monotonic", lambda: there.steady)
    yield there
    clock.follow(0)


@pytest.mark.parametrize(
    ("off", "took", "ahead"),
    [
        (-1, 0, 0), (0, 0, 0), (1, 0, 0),  # as late there as here
        (-2, 0, -2), (2, 0, 2),
        (-1, 16, 0), (17, 16, 0),  # at some moment between asking and hearing
        (-2, 16, -10), (18, 16, 10),  # the answer is from the middle
    ],
)  # fmt: skip
async def test_what_fits_between_asking_and_hearing_is_left_as_it_is(
    there: There, off: int, took: int, ahead: int
) -> None:
    there.off, there.took = off, took
    shared = SharedClock(clock.now)
    await shared.heed(there)
    assert clock.ahead() == ahead
    assert shared() == there.own + ahead
    there.passes(6 * SECOND)
    there.off = ahead
    await shared.heed(there)  # as it is now known to be
    assert (there.asked, clock.ahead()) == (2, ahead)
    shared.let_go()
    assert clock.ahead() == 0


async def test_it_asks_again_after_five_seconds_or_when_somebody_set_the_clock(there: There) -> None:
    shared = SharedClock(clock.now)
    asked = []
    for passed, jump in (
        (0, 0),
        (4_999, 0),
        (1, 0),
        (1, 0),
        (0, 1_000),
        (0, 1),
        (0, -1_000),
        (0, -1),
        (0, 0),
    ):
        there.passes(passed)
        there.own += jump
        before = there.asked
        await shared.heed(there)
        asked.append(there.asked - before)
    assert asked == [1, 0, 0, 1, 0, 1, 0, 1, 0]


async def test_who_heard_nothing_asks_again_at_once(there: There) -> None:
    shared = SharedClock(clock.now)
    there.broken = True
    with pytest.raises(RuntimeError):
        await shared.heed(there)
    there.broken, there.off = False, 7
    await shared.heed(there)
    assert (there.asked, clock.ahead()) == (2, 7)


async def test_more_than_five_seconds_are_worth_a_word_until_it_is_right_again(
    there: There, caplog: pytest.LogCaptureFixture
) -> None:
    shared = SharedClock(clock.now)
    with caplog.at_level(logging.WARNING):
        for off in (5_000, 5_002, 9_000, 0, -5_000, -6_001):
            there.passes(6 * SECOND)
            there.off = off
            await shared.heed(there)
    assert [record.getMessage() for record in caplog.records] == [
        "This machine's clock is 5 s behind the database's, by which all is done.",
        "This machine's clock is 6 s ahead of the database's, by which all is done.",
    ]


async def test_a_clock_that_a_caller_brought_is_asked_for_nothing(there: There) -> None:
    there.off = 7
    shared: Any = SharedClock(lambda: 3)
    await shared.heed(there)
    shared.let_go()
    assert (shared(), there.asked, clock.ahead()) == (3, 0, 0)
    clock.follow(4)
    shared.let_go()
    assert clock.ahead() == 4, "it is another's to let go"
