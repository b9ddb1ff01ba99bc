"""Frozen messages that nobody needs any more. Who got them stays on record."""

from newsletter.storage import Tx


async def drop_content(tx: Tx, mailing_id: int) -> bool:
    """Forgets what a mailing said, where nothing of it is left to send. Whether it did; it can't be retried then."""
    done = await tx.run(
        """DELETE FROM mailings WHERE id = :id AND NOT EXISTS (
             SELECT 1 FROM outbox o WHERE o.mailing_id = :id AND o.state IN ('queued', 'sending', 'deferred'))""",
        id=mailing_id,
    )
    return bool(done)
