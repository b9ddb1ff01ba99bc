"""What the ledger says to those above: what waits, when somebody was last reached, who is at work."""

import msgspec

from newsletter.mail.ledger import SILENCE
from newsletter.storage import Tx


class _Count(msgspec.Struct):
    state: str
    count: int


async def waiting(tx: Tx) -> dict[str, int]:
    """How many messages are not done, by state."""
    rows = await tx.all(
        _Count,
        """SELECT state, count(*) AS count FROM outbox
           WHERE state IN ('queued', 'sending', 'deferred', 'in_doubt', 'failed') GROUP BY state""",
    )
    counts = {row.state: row.count for row in rows}
    return {state: counts.get(state, 0) for state in ("queued", "sending", "deferred", "in_doubt", "failed")}


async def last_sent(tx: Tx, subscriber_id: int) -> int:
    """When a server last accepted a mail for this person: epoch ms, 0 for never."""
    at = await tx.value(
        "SELECT max(settled_at) FROM outbox WHERE subscriber_id = :id AND state = 'sent'", id=subscriber_id
    )
    return int(at or 0)


async def workers(tx: Tx) -> int:
    """How many workers are alive."""
    return int(await tx.value("SELECT count(*) FROM workers WHERE seen_at >= :since", since=tx.now - SILENCE))
