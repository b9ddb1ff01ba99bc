"""The rows of those who come to the desk. One text for both engines, but for the lock that only one of them has."""

import msgspec

from newsletter.addresses import Address
from newsletter.ids import new_id
from newsletter.owners.model import Person
from newsletter.storage import Tx


class _Id(msgspec.Struct):
    id: int


_PERSON = """SELECT o.id, o.email, o.email_key, o.role, o.created_at, o.joined_at,
      (SELECT max(s.seen_at) FROM sessions s WHERE s.owner_id = o.id AND s.waits = 0) AS seen_at,
      (SELECT count(*) FROM authenticators a WHERE a.owner_id = o.id AND a.confirmed_at IS NOT NULL) AS second_step
    FROM owners o"""


async def everyone(tx: Tx) -> list[Person]:
    return await tx.all(Person, _PERSON)


async def find(tx: Tx, id: int) -> Person | None:
    return await tx.one(Person, f"{_PERSON} WHERE o.id = :id", id=id)


async def add(tx: Tx, address: Address, role: str) -> Person:
    """The one of this address; `role` is theirs unless they have come in already."""
    await tx.run(
        """INSERT INTO owners (id, email, email_key, role, created_at) VALUES (:id, :email, :key, :role, :now)
           ON CONFLICT (email_key) DO UPDATE SET role = excluded.role WHERE owners.joined_at IS NULL""",
        id=new_id(),
        email=address.email,
        key=address.key,
        role=role,
        now=tx.now,
    )
    found = await tx.one(Person, f"{_PERSON} WHERE o.email_key = :key", key=address.key)
    assert found is not None
    return found


async def end_links(tx: Tx, owner_id: int) -> None:
    await tx.run("DELETE FROM sign_in_links WHERE owner_id = :owner", owner=owner_id)


async def set_role(tx: Tx, id: int, role: str) -> None:
    await tx.run("UPDATE owners SET role = :role WHERE id = :id", id=id, role=role)


async def remove(tx: Tx, id: int) -> None:
    await tx.run("DELETE FROM owners WHERE id = :id", id=id)


async def hold_owners(tx: Tx) -> list[int]:
    """The owners who have come in, held until the transaction ends."""
    lock = "FOR UPDATE" if tx.engine == "postgres" else ""
    sql = f"SELECT id FROM owners WHERE role = 'owner' AND joined_at IS NOT NULL ORDER BY id {lock}"  # noqa: S608  our own
    return [one.id for one in await tx.all(_Id, sql)]
