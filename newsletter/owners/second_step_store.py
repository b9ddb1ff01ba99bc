"""The rows of the second step. A code is taken by one statement, so that of two who try it one gets in."""

from collections.abc import Sequence

import msgspec

from newsletter.storage import Tx


class Authenticator(msgspec.Struct):
    owner_id: int
    salt: str
    confirmed_at: int | None


async def find(tx: Tx, owner_id: int) -> Authenticator | None:
    sql = "SELECT owner_id, salt, confirmed_at FROM authenticators WHERE owner_id = :owner"
    return await tx.one(Authenticator, sql, owner=owner_id)


async def is_on(tx: Tx, owner_id: int) -> bool:
    sql = "SELECT 1 FROM authenticators WHERE owner_id = :owner AND confirmed_at IS NOT NULL"
    return await tx.value(sql, owner=owner_id) is not None


async def begin(tx: Tx, owner_id: int, salt: str) -> bool:
    """False where it is on."""
    return (
        await tx.run(
            """INSERT INTO authenticators (owner_id, salt) VALUES (:owner, :salt)
               ON CONFLICT (owner_id) DO UPDATE SET salt = excluded.salt
                   WHERE authenticators.confirmed_at IS NULL""",
            owner=owner_id,
            salt=salt,
        )
        == 1
    )


async def confirm(tx: Tx, owner_id: int, step: int) -> None:
    await tx.run(
        "UPDATE authenticators SET confirmed_at = :now, last_step = :step WHERE owner_id = :owner",
        owner=owner_id,
        step=step,
        now=tx.now,
    )


async def remove(tx: Tx, owner_id: int) -> bool:
    await tx.run("DELETE FROM recovery_codes WHERE owner_id = :owner", owner=owner_id)
    return await tx.run("DELETE FROM authenticators WHERE owner_id = :owner", owner=owner_id) == 1


async def charge(tx: Tx, owner_id: int, most: int, since: int) -> Authenticator | None:
    """Counts one try; None where there were too many, or nothing is asked. Those since a time to come are of a clock
    that was wrong, and don't count."""
    return await tx.one(
        Authenticator,
        """UPDATE authenticators SET
             tries = CASE WHEN tries_since < :since OR tries_since > :now THEN 1 ELSE tries + 1 END,
             tries_since = CASE WHEN tries_since < :since OR tries_since > :now THEN :now ELSE tries_since END
           WHERE owner_id = :owner AND confirmed_at IS NOT NULL
             AND (tries < :most OR tries_since < :since OR tries_since > :now)
           RETURNING owner_id, salt, confirmed_at""",
        owner=owner_id,
        most=most,
        since=since,
        now=tx.now,
    )


async def clear(tx: Tx, owner_id: int) -> None:
    await tx.run("UPDATE authenticators SET tries = 0 WHERE owner_id = :owner", owner=owner_id)


async def take_step(tx: Tx, owner_id: int, step: int) -> bool:
    """False where a code of this period, or of a later one, was taken before."""
    sql = "UPDATE authenticators SET last_step = :step WHERE owner_id = :owner AND last_step < :step"
    return await tx.run(sql, owner=owner_id, step=step) == 1


async def put_codes(tx: Tx, owner_id: int, hashes: Sequence[str]) -> None:
    await tx.run("DELETE FROM recovery_codes WHERE owner_id = :owner", owner=owner_id)
    sql = "INSERT INTO recovery_codes (owner_id, hash) VALUES (:owner, :hash)"
    await tx.many(sql, [{"owner": owner_id, "hash": one} for one in hashes])


async def take_code(tx: Tx, owner_id: int, hash: str) -> bool:
    sql = "DELETE FROM recovery_codes WHERE owner_id = :owner AND hash = :hash"
    return await tx.run(sql, owner=owner_id, hash=hash) == 1


async def count_codes(tx: Tx, owner_id: int) -> int:
    return int(await tx.value("SELECT count(*) FROM recovery_codes WHERE owner_id = :owner", owner=owner_id))
