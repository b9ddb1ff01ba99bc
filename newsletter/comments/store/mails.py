"""Which mails hold words of which comment."""

import msgspec

from newsletter.storage import Tx


async def add(tx: Tx, comment_id: int, outbox_id: int) -> None:
    await tx.run(
        "INSERT INTO comment_mails (comment_id, outbox_id) VALUES (:comment, :outbox)",
        comment=comment_id,
        outbox=outbox_id,
    )


class _Mail(msgspec.Struct):
    outbox_id: int


async def of_comment(tx: Tx, comment_id: int) -> list[int]:
    rows = await tx.all(
        _Mail, "SELECT outbox_id FROM comment_mails WHERE comment_id = :id ORDER BY outbox_id", id=comment_id
    )
    return [row.outbox_id for row in rows]


async def untold(tx: Tx, outbox_id: int) -> None:
    """The owner is to be told anew of what else stood in a mail that was withdrawn."""
    await tx.run(
        """UPDATE comments SET told = 0 WHERE status = 'pending'
             AND id IN (SELECT comment_id FROM comment_mails WHERE outbox_id = :id)""",
        id=outbox_id,
    )
    await tx.run("UPDATE comment_options SET told_at = 0 WHERE id = 1")
