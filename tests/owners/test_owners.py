"""Coming in by a link that works once, staying in by a secret that is nowhere written down."""

import asyncio

import pytest

from newsletter.addresses import parse
from newsletter.clock import DAY, MINUTE
from newsletter.errors import NotFound
from tests.cast import House
from tests.conftest import Clock

OLGA = parse("olga@example.org")


async def link(house: House) -> int:
    owner = await house.db.write(house.site.owners.ensure, OLGA)
    return await house.db.write(house.site.owners.new_link, owner)


async def test_it_works(house: House) -> None:
    secret = await house.db.write(house.site.owners.enter, await link(house), "Firefox")
    session = await house.db.read(house.site.owners.session, secret)
    assert session is not None
    assert session.email == OLGA.email
    assert await house.count("SELECT count(*) FROM owners") == 1


async def test_a_link_works_once_even_when_pressed_at_the_same_time(house: House) -> None:
    link_id = await link(house)
    tries = await asyncio.gather(
        *(house.db.write(house.site.owners.enter, link_id, "x") for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(one, str) for one in tries) == 1
    assert {type(one) for one in tries if not isinstance(one, str)} == {NotFound}


async def test_a_link_dies_of_age_and_so_does_a_session(house: House, clock: Clock) -> None:
    old = await link(house)
    clock.forward(16 * MINUTE)
    with pytest.raises(NotFound):
        await house.db.write(house.site.owners.enter, old, "x")
    secret = await house.db.write(house.site.owners.enter, await link(house), "x")
    clock.forward(15 * DAY)
    assert await house.db.read(house.site.owners.session, secret) is None


async def test_rotating_kills_the_old_secret_and_leaving_kills_all(house: House, clock: Clock) -> None:
    secret = await house.db.write(house.site.owners.enter, await link(house), "x")
    session = await house.db.read(house.site.owners.session, secret)
    assert session
    clock.forward(DAY)
    fresh = await house.db.write(house.site.owners.rotate, session)
    assert fresh
    assert await house.db.read(house.site.owners.session, secret) is None
    await house.db.write(house.site.owners.leave, session.id, session.owner_id)
    assert await house.db.read(house.site.owners.session, fresh) is None


async def test_of_two_tabs_that_rotate_the_quicker_one_counts(house: House, clock: Clock) -> None:
    secret = await house.db.write(house.site.owners.enter, await link(house), "x")
    clock.forward(DAY + MINUTE)
    session = await house.db.read(house.site.owners.session, secret)
    assert session
    tabs = await asyncio.gather(*(house.db.write(house.site.owners.rotate, session) for _ in range(2)))
    (fresh,) = [one for one in tabs if one]
    assert await house.db.read(house.site.owners.session, fresh) is not None


async def test_only_an_owner_is_mailed_a_link_and_not_without_end(house: House, clock: Clock) -> None:
    await house.db.write(house.site.owners.mail_link, parse("mallory@example.org"))
    assert [(mail.recipient, mail.state) for mail in await house.mails()] == [("", "skipped")]
    await link(house)
    for _ in range(10):
        await house.db.write(house.site.owners.mail_link, OLGA)
    assert len(await house.mails(OLGA.email)) == 1, (
        "one that works is enough; a printed one is another way in"
    )
    clock.forward(16 * MINUTE)
    await house.db.write(house.site.owners.mail_link, OLGA)
    assert len(await house.mails(OLGA.email)) == 2


async def test_a_clock_that_was_ahead_locks_no_owner_out(house: House, clock: Clock) -> None:
    await link(house)
    clock.forward(DAY)
    await house.db.write(house.site.owners.mail_link, OLGA)
    clock.forward(-DAY)
    for _ in range(10):
        await house.db.write(house.site.owners.mail_link, OLGA)
    assert len(await house.mails(OLGA.email)) == 2
