"""What happened, read from the rows that say so: the request that made it happen does nothing for it.

Each `at` is the time of the transaction that wrote the row. What an import brought in is not news. Of soft bounces the
last counts, with which its subscriber was given up.
"""

import msgspec

from newsletter.storage import Tx
from newsletter.webhooks.model import Event
from newsletter.webhooks.store.deliveries import Fact

BATCH = 500

_NEW = """NOT EXISTS (SELECT 1 FROM webhook_deliveries w WHERE w.webhook_id = :webhook AND w.event = :event
              AND w.subject_id = {subject})
          ORDER BY {at} LIMIT :limit"""
_CONSENT = "SELECT c.id AS subject_id, c.subscriber_id, c.at FROM consent_records c WHERE c.at >= :since AND c.kind = "
_BOUNCE = """SELECT b.outbox_id AS subject_id, b.subscriber_id, b.at FROM bounces b
             JOIN subscribers s ON s.id = b.subscriber_id WHERE b.at >= :since AND """
_COMMENT = """SELECT m.id AS subject_id, NULL AS subscriber_id, coalesce(m.decided_at, m.created_at) AS at
              FROM comments m
              WHERE m.status = 'approved' AND coalesce(m.decided_at, m.created_at) >= :since AND m.source IS NULL"""
_BROADCAST = """SELECT b.id AS subject_id, NULL AS subscriber_id, b.finished_at AS at FROM broadcasts b
                WHERE b.state = 'sent' AND b.finished_at >= :since"""
_SQL: dict[Event, str] = {
    "subscriber.confirmed": f"{_CONSENT}'confirmed' AND {_NEW.format(subject='c.id', at='c.at')}",
    "subscriber.unsubscribed": f"{_CONSENT}'unsubscribed' AND {_NEW.format(subject='c.id', at='c.at')}",
    "subscriber.bounced": f"""{_BOUNCE} b.kind IN ('hard', 'soft') AND s.status = 'bounced'
                              AND b.at = (SELECT max(l.at) FROM bounces l WHERE l.subscriber_id = b.subscriber_id)
                              AND {_NEW.format(subject="b.outbox_id", at="b.at")}""",
    "subscriber.complained": f"""{_BOUNCE} b.kind = 'complaint' AND s.status = 'complained'
                                 AND {_NEW.format(subject="b.outbox_id", at="b.at")}""",
    "comment.published": f"{_COMMENT} AND {_NEW.format(subject='m.id', at='coalesce(m.decided_at, m.created_at)')}",
    "broadcast.finished": f"{_BROADCAST} AND {_NEW.format(subject='b.id', at='b.finished_at')}",
}


async def news(tx: Tx, webhook_id: int, event: str, since: int) -> list[Fact]:
    """What happened since then (ms) and has no delivery to this webhook yet, the oldest first."""
    sql = _SQL.get(event)  # type: ignore[call-overload]  # an erasure leaves no row: it is noted as it happens
    if sql is None:
        return []
    return await tx.all(Fact, sql, webhook=webhook_id, event=event, since=since, limit=BATCH)


class Comment(msgspec.Struct):
    id: int
    url: str
    title: str
    name: str
    website: str
    raw: str
    html: str
    by_owner: bool
    created_at: int


async def comment(tx: Tx, id: int) -> Comment | None:
    """As the public reads it; None for one that it can't."""
    return await tx.one(
        Comment,
        """SELECT m.id, t.url, t.title, m.name, m.website, m.raw, m.html, m.by_owner, m.created_at
           FROM comments m JOIN threads t ON t.id = m.thread_id WHERE m.id = :id AND m.status = 'approved'""",
        id=id,
    )


class Broadcast(msgspec.Struct):
    id: int
    slug: str
    subject: str
    archive: bool
    sent_at: int | None
    finished_at: int | None


async def broadcast(tx: Tx, id: int) -> Broadcast | None:
    return await tx.one(
        Broadcast,
        "SELECT id, slug, subject, archive, sent_at, finished_at FROM broadcasts WHERE id = :id",
        id=id,
    )
