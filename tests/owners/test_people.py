"""People of the desk: there is always an owner, also when two of them act in the same moment."""

import asyncio

import pytest

from newsletter.addresses import parse
from newsletter.errors import Conflict
from newsletter.owners import people
from tests.cast import House

OLGA, EMMA = parse("olga@example.org"), parse("emma@example.org")


async def test_two_owners_who_remove_each_other_leave_one(house: House) -> None:
    db, owners = house.db, house.site.owners
    both = [await db.write(owners.ensure, one) for one in (OLGA, EMMA)]
    done = await asyncio.gather(*(db.write(people.remove, one.id) for one in both), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "Person"]
    (left,) = await db.read(people.everyone)
    with pytest.raises(Conflict):
        await db.write(people.remove, left.id)
    with pytest.raises(Conflict):
        await db.write(people.change_role, left.id, "editor")


async def test_who_was_only_invited_is_no_owner_yet(house: House) -> None:
    db, site = house.db, house.site
    olga = await db.write(site.owners.ensure, OLGA)
    emma = await db.write(people.invite, site.post, EMMA, "owner")
    with pytest.raises(Conflict):
        await db.write(people.remove, olga.id)
    await db.write(people.remove, emma.id)
    await db.write(people.invite, site.post, EMMA, "moderator")
    assert (await db.write(site.owners.ensure, EMMA)).email == EMMA.email  # the terminal makes owners
    assert {one.role for one in await db.read(people.everyone)} == {"owner"}
