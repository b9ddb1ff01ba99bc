"""The rows of passkeys, and of what their devices are asked to sign."""

import msgspec

from newsletter.ids import new_id
from newsletter.storage import Tx

_FOUND = """SELECT id, owner_id, credential, public_key, counter, name, created_at, used_at FROM passkeys"""


class Passkey(msgspec.Struct):
    """`credential` and `public_key` in base64url; times in epoch ms."""

    id: int
    owner_id: int
    credential: str
    public_key: str
    counter: int
    name: str
    created_at: int
    used_at: int | None


async def ask(tx: Tx, challenge: str, owner_id: int | None, expires_at: int) -> None:
    await tx.run("DELETE FROM passkey_challenges WHERE expires_at < :now", now=tx.now)
    await tx.run(
        """INSERT INTO passkey_challenges (challenge, owner_id, expires_at)
           VALUES (:challenge, :owner, :expires)""",
        challenge=challenge,
        owner=owner_id,
        expires=expires_at,
    )


async def take(tx: Tx, challenge: str, owner_id: int | None) -> bool:
    return (
        await tx.run(
            """DELETE FROM passkey_challenges
               WHERE challenge = :challenge AND expires_at > :now AND COALESCE(owner_id, 0) = :owner""",
            challenge=challenge,
            owner=owner_id or 0,
            now=tx.now,
        )
        == 1
    )


async def add(tx: Tx, owner_id: int, name: str, credential: str, public_key: str, counter: int) -> bool:
    return (
        await tx.run(
            """INSERT INTO passkeys (id, owner_id, credential, public_key, counter, name, created_at)
               VALUES (:id, :owner, :credential, :key, :counter, :name, :now)
               ON CONFLICT (credential) DO NOTHING""",
            id=new_id(),
            owner=owner_id,
            credential=credential,
            key=public_key,
            counter=counter,
            name=name,
            now=tx.now,
        )
        == 1
    )


async def everyones(tx: Tx, owner_id: int) -> list[Passkey]:
    return await tx.all(Passkey, f"{_FOUND} WHERE owner_id = :owner ORDER BY id DESC", owner=owner_id)


async def find(tx: Tx, credential: str) -> Passkey | None:
    return await tx.one(Passkey, f"{_FOUND} WHERE credential = :credential", credential=credential)


async def used(tx: Tx, passkey: Passkey, counter: int) -> bool:
    return (
        await tx.run(
            """UPDATE passkeys SET counter = :counter, used_at = :now
               WHERE id = :id AND (counter < :counter OR (counter = 0 AND :counter = 0))""",
            id=passkey.id,
            counter=counter,
            now=tx.now,
        )
        == 1
    )


async def remove(tx: Tx, owner_id: int, id: int) -> bool:
    return (
        await tx.run("DELETE FROM passkeys WHERE id = :id AND owner_id = :owner", id=id, owner=owner_id) == 1
    )
