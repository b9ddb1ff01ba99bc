"""The suppression list, a page at a time, on both engines."""

from newsletter.addresses import parse
from newsletter.clock import DAY
from tests.cast import House
from tests.conftest import Clock

ADA = "ada@example.org"


async def test_the_newest_first_and_who_it_is_where_that_is_known(house: House, clock: Clock) -> None:
    db, suppressions = house.db, house.site.suppressions
    await house.joins(ADA)
    await db.write(suppressions.add, parse(ADA), "bounced", clock.now() + DAY)
    for n in range(3):
        clock.forward(1)
        await db.write(suppressions.add, parse(f"reader{n}@example.net"))
    assert await db.read(suppressions.counts) == {"bounced": 1, "owner": 3}
    first = await db.read(suppressions.newest, (0, ""), 2)
    last = first[-1][0]
    rest = await db.read(suppressions.newest, (last.created_at, last.key), 9)
    assert [row.created_at for row, _ in first + rest] == [clock.now() - n for n in range(4)]
    assert [email for _, email in first + rest] == ["", "", "", ADA]
    clock.forward(DAY)
    assert await db.read(suppressions.counts) == {"owner": 3}
    assert len(await db.read(suppressions.newest, (0, ""), 9)) == 3
