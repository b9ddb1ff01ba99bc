"""How long a session and a link live, to the millisecond; what is set at the desk, and what is not."""

from newsletter.addresses import parse
from newsletter.clock import DAY, MINUTE
from newsletter.errors import NotFound
from newsletter.owners import settings_store
from tests.cast import House
from tests.conftest import Clock

OLGA = parse("olga@example.org")


async def link(house: House) -> int:
    owners = house.site.owners
    return await house.db.write(owners.new_link, await house.db.write(owners.ensure, OLGA))


async def opens(house: House, link_id: int) -> bool:
    try:
        await house.db.write(house.site.owners.enter, link_id, "Firefox")
    except NotFound:
        return False
    return True


async def test_a_link_opens_for_less_than_fifteen_minutes(house: House, clock: Clock) -> None:
    in_time, late = await link(house), await link(house)
    clock.forward(15 * MINUTE - 1)
    assert await opens(house, in_time)
    clock.forward(1)
    assert not await opens(house, late)


async def test_a_session_that_is_not_used_ends_after_fourteen_days(house: House, clock: Clock) -> None:
    owners, db = house.site.owners, house.db
    secret = await db.write(owners.enter, await link(house), "Firefox")
    clock.forward(14 * DAY - 1)
    session = await db.read(owners.session, secret)
    assert session is not None
    assert [one.id for one in await db.read(owners.sessions, session.owner_id)] == [session.id]
    clock.forward(1)
    assert await db.read(owners.session, secret) is None
    assert await db.read(owners.sessions, session.owner_id) == []


async def test_a_session_that_is_used_ends_after_ninety_days(house: House, clock: Clock) -> None:
    owners, db = house.site.owners, house.db
    secret = await db.write(owners.enter, await link(house), "Firefox")
    for _ in range(8):
        clock.forward(11 * DAY)
        session = await db.read(owners.session, secret)
        assert session is not None
        fresh = await db.write(owners.rotate, session)
        assert fresh is not None
        secret = fresh
    clock.forward(2 * DAY - 1)
    assert await db.read(owners.session, secret) is not None
    clock.forward(1)
    assert await db.read(owners.session, secret) is None


async def test_what_is_set_is_found_until_it_is_dropped(house: House) -> None:
    db = house.db
    assert await db.read(settings_store.one, "archive_about") == ""
    await db.write(settings_store.put, "archive_about", "Letters from the quay")
    await db.write(settings_store.put, "held", "")
    before = await db.read(settings_store.state)
    assert await db.read(settings_store.one, "archive_about") == "Letters from the quay"
    await db.write(settings_store.drop, ["archive_about"])
    assert await db.read(settings_store.one, "archive_about") == ""
    assert await db.read(settings_store.everything) == {"held": ""}
    assert await db.read(settings_store.state) != before
