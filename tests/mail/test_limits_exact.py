"""What a limit leaves open, to the millisecond and the message."""

import pytest

from newsletter.clock import DAY, HOUR, MINUTE, SECOND
from newsletter.mail import limits
from newsletter.mail.limits import UNLIMITED, Limits, Meter, Room, limits_of
from newsletter.settings import Settings
from newsletter.storage import Database
from tests.conftest import NOON, Clock
from tests.mail.conftest import run

HOURS = NOON // HOUR


def meter(*, next_at: int = 0, sent: str = "{}", began_at: int = 0) -> Meter:
    return Meter(0, 0, next_at, sent, began_at)


def sent(*ago: tuple[int, int]) -> str:
    """So many, so many hours ago."""
    return "{" + ",".join(f'"{HOURS - hours}": {count}' for hours, count in ago) + "}"


@pytest.mark.parametrize(
    ("per_minute", "interval"), [(0, 0), (1, MINUTE), (7, 8_572), (60, SECOND), (100_000, 1)]
)
def test_a_rate_is_a_time_between_two_that_is_rounded_up(per_minute: int, interval: int) -> None:
    assert limits_of(Settings(mail_per_minute=per_minute)) == Limits(interval)


@pytest.mark.parametrize("one", [Limits(1), Limits(0, 1), Limits(0, 0, 1), Limits(1, 1, 1)])
def test_any_limit_is_one(one: Limits) -> None:
    assert bool(one) is True
    assert bool(UNLIMITED) is False


@pytest.mark.parametrize(
    ("next_at", "room"),
    [
        (NOON - 1, Room(1, 500)),
        (NOON, Room(1, 500)),
        (NOON + 1, Room(0, 1)),
        (NOON + MINUTE, Room(0, MINUTE)),
        (NOON + MINUTE + 1, Room(1, 500)),  # a clock was set back
    ],
)
def test_by_a_rate_one_goes_at_a_time(next_at: int, room: Room) -> None:
    assert meter(next_at=next_at).room(Limits(500), NOON, 8) == room
    assert meter(next_at=next_at).room(UNLIMITED, NOON, 8) == Room(8)


@pytest.mark.parametrize(
    ("went", "room"),
    [
        (sent(), Room(8)),
        (sent((0, 2)), Room(8)),
        (sent((0, 3)), Room(7)),
        (sent((0, 5), (24, 4)), Room(1)),
        (sent((0, 5), (25, 99)), Room(5)),  # longer ago than a day
        (sent((0, 5), (-24, 4)), Room(1)),
        (sent((0, 5), (-25, 99)), Room(5)),  # a clock was set back
        (sent((0, 9), (24, 1)), Room(8, 0, (HOURS + 1) * HOUR)),
        (sent((0, 4), (3, 2), (24, 4)), Room(8, 0, (HOURS + 1) * HOUR)),
        (sent((0, 4), (3, 2), (24, 5)), Room(8, 0, (HOURS + 1) * HOUR)),
        (sent((0, 9), (3, 1), (24, 1)), Room(8, 0, (HOURS - 3 + 25) * HOUR)),
        (sent((0, 10)), Room(8, 0, (HOURS + 25) * HOUR)),
    ],
)
def test_a_day_has_so_many_and_begins_anew_when_enough_is_a_day_ago(went: str, room: Room) -> None:
    assert meter(sent=went).room(Limits(0, 10), NOON, 8) == room


@pytest.mark.parametrize(
    ("began_at", "share"),
    [
        (0, 5),
        (NOON + 9, 5),
        (NOON, 5),
        (NOON - DAY + 1, 5),
        (NOON - DAY, 10),
        (NOON - 3 * DAY, 40),
        (NOON - 30 * DAY, 5 << 30),
        (NOON - 31 * DAY, 5 << 30),
    ],
)
def test_a_ramp_doubles_each_day(began_at: int, share: int) -> None:
    one = meter(began_at=began_at, sent=sent((0, 1), (5, 2), (25, 99)))
    assert one.share(Limits(0, 0, 5), NOON) == share
    assert one.ramp(Limits(0, 0, 5), NOON, 2) == 2
    assert one.ramp(Limits(0, 0, 5), NOON, 1 << 40) == share - 3
    assert one.ramp(UNLIMITED, NOON, 9) == 9
    assert meter(sent=sent((0, 5)), began_at=NOON).ramp(Limits(0, 0, 5), NOON, 9) == 0
    assert meter(sent=sent((0, 6)), began_at=NOON).ramp(Limits(0, 0, 5), NOON, 9) == 0


async def test_how_many_the_ramp_lets_go_is_said_where_that_is_too_few(db: Database) -> None:
    ramp = Limits(0, 0, 5)
    await run(db, "UPDATE send_limits SET sent = :sent", sent=sent((0, 2)))
    said = [await db.read(limits.ramped, ramp, left) for left in (0, 3, 4)]
    assert said == [0, 0, 5]
    assert await db.read(limits.ramped, UNLIMITED, 9) == 0


async def test_a_pause_lasts_until_its_end(db: Database, clock: Clock) -> None:
    assert not await db.read(limits.paused)
    assert await db.write(limits.pause, 4, 2.5) == NOON + 2_500
    assert (await db.write(limits.meter)).pause == 4 * SECOND
    clock.forward(2_499)
    assert await db.read(limits.paused)
    clock.forward(1)
    assert not await db.read(limits.paused)
    assert await db.write(limits.pause, 0, 9) == 0
    assert (await db.write(limits.meter)).paused_until == 0


async def test_what_came_back_weighs_on_the_hour_that_it_was_claimed_in(db: Database) -> None:
    await run(db, "UPDATE send_limits SET sent = :sent, next_at = 7", sent=sent((0, 2), (1, 1)))
    await db.write(limits.give_back, NOON - HOUR)
    await db.write(limits.give_back, NOON - HOUR)  # that hour has none left
    await db.write(limits.give_back, NOON - 2 * HOUR)
    await db.write(limits.give_back, NOON + 1)
    row = await db.write(limits.meter)
    assert (row.hours(NOON), row.next_at) == ({HOURS - 1: 0, HOURS: 1}, 7)


async def test_what_is_claimed_is_counted_and_takes_its_time(db: Database) -> None:
    row = await db.write(limits.meter)
    await db.write(limits.spend, row, Limits(500), 3)
    await db.write(limits.spend, await db.write(limits.meter), Limits(500), 1)
    found = await db.write(limits.meter)
    assert (found.hours(NOON), found.next_at, found.began_at) == ({HOURS: 4}, NOON + 500, 0)
    await db.write(limits.spend_on_many, None, UNLIMITED, 3)
    await db.write(limits.spend_on_many, found, UNLIMITED, 0)
    assert (await db.write(limits.meter)).began_at == 0
    await db.write(limits.spend_on_many, found, UNLIMITED, 2)
    assert (await db.write(limits.meter)).began_at == NOON
    assert (await db.write(limits.meter)).hours(NOON) == {HOURS: 6}


async def test_another_domain_begins_anew(db: Database, clock: Clock) -> None:
    await db.write(limits.sends_from, "example.com")
    await db.write(limits.begin)
    clock.forward(5)
    await db.write(limits.begin)
    await db.write(limits.sends_from, "example.com")
    assert (await db.write(limits.meter)).began_at == NOON
    await db.write(limits.sends_from, "example.org")
    assert (await db.write(limits.meter)).began_at == 0
