"""What of the broadcasts' table the archive shows, and what its owner changes of that."""

from newsletter.broadcasts.model import Broadcast
from newsletter.broadcasts.store import SELECT
from newsletter.storage import Tx


async def sent_off(tx: Tx, limit: int, before: int) -> list[Broadcast]:
    """What may be shown, public or not: the newest, before that one unless it is 0."""
    return await tx.all(
        Broadcast,
        f"""{SELECT} WHERE state IN ('sending', 'paused', 'sent') AND id < :before
            ORDER BY id DESC LIMIT :limit""",
        limit=limit,
        before=before or 2**63 - 1,
    )


async def one(tx: Tx, id: int) -> Broadcast | None:
    """One that may be shown."""
    sql = f"{SELECT} WHERE id = :id AND state IN ('sending', 'paused', 'sent')"
    return await tx.one(Broadcast, sql, id=id)


async def hold(tx: Tx, id: int) -> None:
    """Nobody else changes it until the transaction ends."""
    await tx.run("UPDATE broadcasts SET slug = slug WHERE id = :id", id=id)


async def show(tx: Tx, id: int, *, public: bool) -> bool:
    """Whether it was sent off, and so may be shown."""
    done = await tx.run(
        """UPDATE broadcasts SET archive = :archive, version = version + 1, updated_at = :now
           WHERE id = :id AND state IN ('sending', 'paused', 'sent')""",
        id=id,
        archive=int(public),
        now=tx.now,
    )
    return bool(done)
