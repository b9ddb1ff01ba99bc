"""The clock jumps, in twelve ways: links keep their time, what is scheduled goes out once, mail leaves at once.

A reader has a link in hand and a broadcast is scheduled for an hour later when it happens. Afterwards somebody signs
up; then the clock goes on to the broadcast's hour, and a day beyond.
"""

from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from newsletter.clock import DAY, HOUR, MINUTE, SECOND
from newsletter.ids import new_id
from newsletter.web.kit import broadcasting
from tests.broadcasts.writing import LETTER
from tests.conftest import NOON, ON_ONE, Clock
from tests.mail.conftest import eventually
from tests.web.conftest import Serve
from tests.web.stage import ADA, BEN, CLEO, PROGRAM, Stage, link

YEAR = 365 * DAY
DUE = NOON + HOUR
DORA = "dora@example.org"


class Jump(NamedTuple):
    by: tuple[int, ...]  # ms, one after the other
    link: int  # what the old link is answered
    due: bool  # the broadcast's hour has passed by this clock


JUMPS = {
    "an hour ahead": Jump((HOUR,), 200, True),
    "a day ahead": Jump((DAY,), 200, True),
    "a year ahead": Jump((YEAR,), 410, True),
    "a year ahead and back": Jump((YEAR, -YEAR), 200, True),
    "an hour back": Jump((-HOUR,), 410, False),
    "a day back": Jump((-DAY,), 410, False),
    "before it was ever set": Jump((-NOON,), 410, False),
    "past 2038": Jump((13 * YEAR,), 410, True),
    "a leap second, told twice": Jump((SECOND, -SECOND, SECOND), 200, False),
    "slewed, 500 ppm for an hour": Jump((HOUR - 1800,), 200, False),
}


HOURS = {  # of a wall clock in Lisbon, and the moments that are meant
    "spring: an hour that is skipped": ("2026-03-29 01:30", "2026-03-29T01:30Z"),
    "autumn: an hour that comes twice": ("2026-10-25 01:30", "2026-10-25T00:30Z"),
}


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def got(service: Stage, to: str) -> int:
    """How often the broadcast came to somebody."""
    letters = [service.inbox.open(one.id) for one in service.inbox.newest()]
    return sum(one is not None and one.to == to and one.subject == LETTER.subject for one in letters)


async def scheduled(service: Stage, at: int) -> None:
    one = await service.site.db.write(service.site.broadcasts.new, LETTER)
    await service.site.db.write(service.site.broadcasts.schedule, one.id, at)


async def comes(service: Stage, to: str, count: int = 1) -> None:
    async def came() -> bool:
        return got(service, to) >= count

    await eventually(came, 60)
    await service.settled()
    assert got(service, to) == count


async def is_idle(service: Stage) -> None:
    """All that is due by now has had its turn."""
    await broadcasting.keep_going(service.site)
    await service.settled()


@ON_ONE
@pytest.mark.parametrize("name", JUMPS)
async def test_the_clock_jumps(serve: Serve, clock: Clock, name: str) -> None:
    jump = JUMPS[name]
    async with serve() as service:
        web = await service.visitor()
        await service.joins(web, ADA)
        await service.signs_up(web, BEN)
        (invitation,) = await service.letters(BEN, 1)
        await scheduled(service, DUE)
        await is_idle(service)
        assert not got(service, ADA)
        before = new_id()

        for by in jump.by:
            clock.forward(by)
            await is_idle(service)
        assert new_id() > before
        assert (await web.post(link(invitation, "/confirm/"))).status_code == jump.link
        _, guide = await service.joins(web, CLEO)  # mail leaves at once, and fresh links work
        assert (await web.get(link(guide, "/downloads/"))).status_code == 200
        if jump.due:
            await comes(service, ADA)
        assert got(service, ADA) == jump.due

        clock.forward(max(0, DUE - clock.now()))
        await comes(service, ADA)
        clock.forward(DAY)
        await is_idle(service)
        await service.signs_up(web, DORA)
        await service.letters(DORA, 1)
        assert got(service, ADA) == 1

        program = await service.visitor(PROGRAM)

        async def ready() -> bool:
            return (await program.get("/ready")).text == '{"ready":true,"workers":1}'

        await eventually(ready, 60)  # the worker shows that it lives every few seconds


@ON_ONE
@pytest.mark.parametrize("name", HOURS)
async def test_an_hour_of_daylight_saving(serve: Serve, clock: Clock, name: str) -> None:
    """An hour that is skipped is as much later; of one that comes twice the first is meant, the second is silent."""
    shown, meant = HOURS[name]
    clock.forward(ms(meant) - DAY - NOON)
    async with serve(time_zone="Europe/Lisbon") as service:
        await service.joins(await service.visitor(), ADA)
        when = broadcasting.moment(service.site.settings, datetime.fromisoformat(shown))
        assert when.astimezone(UTC) == datetime.fromisoformat(meant)
        await scheduled(service, int(when.timestamp() * 1000))
        clock.forward(DAY - MINUTE)
        await is_idle(service)
        assert not got(service, ADA)
        clock.forward(MINUTE)
        await comes(service, ADA)
        clock.forward(HOUR)
        await is_idle(service)
        assert got(service, ADA) == 1


def test_these_are_twelve() -> None:
    assert len(JUMPS) + len(HOURS) == 12
