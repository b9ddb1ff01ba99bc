"""What the ledger says to those above: what waits, what is in doubt, when somebody was last reached."""

import msgspec

from newsletter.mail.ledger import SILENCE
from newsletter.storage import Tx


class Doubt(msgspec.Struct, frozen=True):
    """A message of which nobody knows whether it arrived."""

    id: int
    message: str
    message_id: str
    subscriber_id: int | None
    settled_at: int
    reply: str


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


async def doubts(tx: Tx, most: int = 100) -> list[Doubt]:
    """The newest messages that stayed in doubt."""
    return await tx.all(
        Doubt,
        """SELECT id, message, message_id, subscriber_id, settled_at, reply FROM outbox
           WHERE settled_at IS NOT NULL AND state = 'in_doubt' ORDER BY settled_at DESC, id DESC LIMIT :most""",
        most=most,
    )


async def workers(tx: Tx) -> int:
    """How many workers are alive."""
    return int(await tx.value("SELECT count(*) FROM workers WHERE seen_at >= :since", since=tx.now - SILENCE))
