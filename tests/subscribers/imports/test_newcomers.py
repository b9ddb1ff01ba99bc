"""Who came by themselves stands apart from those whom an import brought, on both engines, also while it runs."""

from contextlib import closing
from pathlib import Path

import pytest

from newsletter.addresses import parse
from newsletter.clock import DAY, MINUTE
from newsletter.storage import Tx, migrate, open_database, sqlite_path
from newsletter.subscribers import imports, records
from newsletter.subscribers.imports import newcomers
from newsletter.subscribers.imports.store.newcomers import Came
from tests.cast import House, build
from tests.conftest import NOON, Clock
from tests.subscribers.imports.conftest import Written
from tests.subscribers.imports.test_taking_in import ADA, BEN, CLEO, DORA, ORIGIN, imported, staged
from tests.web.conftest import set_clock
from tests.web.test_as_quick import steps

GOAL = 1.5


@pytest.fixture(autouse=True)
def ids_go_by_the_clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they do where it is the machine's: none was made later than it says."""
    set_clock(monkeypatch, clock)
    monkeypatch.setattr("newsletter.ids._last", 0)


def file(people: int) -> str:
    return "email\n" + "".join(f"reader-{n}@example.net\n" for n in range(people))


async def newest(tx: Tx) -> list[str]:
    return [one.email for one in await newcomers.newest(tx, await newcomers.imports(tx))]


async def came(tx: Tx) -> Came:
    today = tx.now - tx.now % DAY
    return await newcomers.came(tx, today, await newcomers.imports(tx, today))


async def added(house: House, email: str) -> None:
    """As a program adds somebody."""
    site = house.site
    await house.db.write(records.add, site.tokens, site.subscribers, parse(email), "", {}, [], ORIGIN, NOON)


async def test_an_import_hides_nobody_who_came_by_themselves(
    house: House, written: Written, clock: Clock
) -> None:
    await house.joins(ADA)
    clock.forward(MINUTE)
    await imported(house, written(file(100)))
    clock.forward(MINUTE)
    await house.signs_up(BEN)
    await added(house, CLEO)
    assert await house.db.read(newest) == [CLEO, BEN, ADA]
    assert await house.db.read(came) == (3, 1)


async def test_who_signs_up_while_it_runs_is_among_them(house: House, written: Written, clock: Clock) -> None:
    importing = imports.Importing(house.site.tokens, house.site.post)
    with closing(staged(written(file(1_000)))) as people:
        slices = 0
        async for _ in imports.take_in(house.db, importing, people, ORIGIN, dry=False):
            slices += 1
            clock.forward(MINUTE)
            if slices == 2:
                await house.joins(ADA)
    assert slices > 2
    assert await house.db.read(newest) == [ADA]
    assert await house.db.read(came) == (1, 1)


async def test_who_was_brought_and_signs_up_later_is_no_newcomer(
    house: House, written: Written, clock: Clock
) -> None:
    await imported(house, written("email,status\nada@example.org,active\nben@example.org,unsubscribed\n"))
    clock.forward(MINUTE)
    await house.signs_up(ADA)
    await house.joins(BEN)
    await house.joins(DORA)
    assert await house.db.read(newest) == [DORA]
    assert (await house.db.read(came)).signed_up == 1


async def test_two_at_once_and_one_of_yesterday(house: House, written: Written, clock: Clock) -> None:
    await imported(house, written(file(30)))
    clock.forward(DAY)
    importing = imports.Importing(house.site.tokens, house.site.post)
    with closing(staged(written(file(1_000)))) as people:
        slices = 0
        async for _ in imports.take_in(house.db, importing, people, ORIGIN, dry=False):
            slices += 1
            clock.forward(MINUTE)
            if slices == 2:
                await imported(house, written("email\nother@example.net\n"))
    clock.forward(MINUTE)
    await house.joins(ADA)
    assert await house.db.read(newest) == [ADA]
    assert await house.db.read(came) == (1, 1)
    known = await house.db.read(newcomers.imports)
    assert [one.people for one in known] == [1, 970, 30]
    assert [one.upload_id for one in known] == [None, None, None]


async def test_ten_times_as_many_are_no_more_work(tmp_path: Path, written: Written, clock: Clock) -> None:
    taken = []
    for count in (500, 5_000):
        url = f"sqlite:///{tmp_path}/{count}.db"
        await migrate(url)
        db = await open_database(url)
        house = await build(db)
        await house.joins(ADA)
        await imported(house, written(file(count)))
        clock.forward(MINUTE)
        await house.joins(BEN)
        assert await db.read(newest) == [BEN, ADA]
        await db.close()
        taken.append([steps(sqlite_path(url), newest), steps(sqlite_path(url), came)])
    for few, many in zip(*taken, strict=True):
        assert many <= GOAL * few, taken
