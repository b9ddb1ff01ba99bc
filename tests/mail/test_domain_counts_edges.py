"""The counts of each domain's mail at their edges: the first day that is shown, the last slice, one row for a day."""

import pytest

from newsletter.clock import DAY, HOUR, MINUTE
from newsletter.mail import domain_counts
from newsletter.mail.domain_counts import first_day, recount
from newsletter.storage import Database, Tx
from tests.cast import House, build
from tests.conftest import Clock
from tests.subscribers.test_returns import mailed

ADA = "ada@example.org"


@pytest.fixture
async def house(db: Database) -> House:
    return await build(db)


async def shown(tx: Tx) -> int:
    return sum(came.mails for came in await domain_counts.lately(tx))


async def kept(tx: Tx) -> list[int]:
    rows = await tx.all(domain_counts.Came, "SELECT day, domain, what, mails FROM domain_counts ORDER BY day")
    return [row.mails for row in rows]


async def test_the_first_day_is_counted_from_its_first_moment(house: House, clock: Clock) -> None:
    since_then = clock() - first_day(clock())
    await mailed(house, ADA, ago=since_then + 1)
    await mailed(house, ADA, ago=since_then)
    await mailed(house, ADA, ago=since_then - 1)
    assert await house.db.read(shown) == 2
    await domain_counts.keep(house.db)
    assert await house.db.read(kept) == [2]
    assert await house.db.read(shown) == 2
    again = await house.db.read(recount, 0)
    assert again
    assert not again.missing
    await house.db.write(domain_counts.forget)
    assert await house.db.read(kept) == [2]
    clock.forward(DAY)
    await house.db.write(domain_counts.forget)
    assert await house.db.read(kept) == []


async def test_slice_by_slice_it_comes_to_the_last_minute(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain_counts, "SLICE", 2)
    for hours in range(7):
        await mailed(house, ADA, ago=hours * DAY + HOUR)
    await domain_counts.keep(house.db)
    found = await house.db.read(recount, 0)
    assert found
    assert found.reach.counted_to == clock() - MINUTE
    assert await house.db.read(kept) == [1] * 7


async def test_what_was_counted_in_many_rounds_is_a_row_for_each_day(house: House, clock: Clock) -> None:
    """On PostgreSQL they are folded."""
    for _ in range(3):
        await mailed(house, ADA)
        clock.forward(HOUR)
        await domain_counts.keep(house.db)
    assert await house.db.read(kept) == [3]
