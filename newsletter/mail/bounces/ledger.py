"""The rows of what came back. Each `async` function is a part of one transaction."""

import msgspec

from newsletter.clock import DAY
from newsletter.mail.bounces.model import Report
from newsletter.storage import Tx

LATEST = 5 * DAY
"""So long servers go on trying: a mail that hasn't come back by then has arrived."""

WAVERING_SINCE = 90 * DAY
WAVERING_TIMES = 2

EVENTS_KEPT = 30 * DAY
"""So long it is known which events of a provider were heard: none of them tries for longer to tell of one."""

_LOOKED_BACK = 3 * DAY


class Sent(msgspec.Struct, frozen=True):
    """A row of the outbox that something has come back of."""

    id: int
    subscriber_id: int | None
    mailing_id: int | None
    recipient: str
    state: str
    sent_at: int
    reply: str


class Softness(msgspec.Struct, frozen=True):
    """Soft bounces since a mail last arrived, and when (ms) the first and the last of those messages left."""

    times: int
    first: int
    last: int


class Bounce(msgspec.Struct, frozen=True):
    """For the person's own eyes, and the owner's."""

    kind: str
    status: str
    words: str
    sent_at: int
    at: int


async def sent(tx: Tx, row_id: int) -> Sent | None:
    """None for a row that is gone, or that was never meant to leave."""
    return await tx.one(Sent, f"{_SENT} WHERE id = :id AND recipient <> ''", id=row_id)


async def last(tx: Tx, subscriber_id: int, message_id: str) -> Sent | None:
    """The row of that message to a person; else the newest that has left within a month."""
    return await tx.one(Sent, _LAST, person=subscriber_id, message_id=message_id, since=tx.now - EVENTS_KEPT)


async def first(tx: Tx, key: str) -> bool:
    """Whether this event was never heard of; `key` is a keyed hash."""
    sql = "INSERT INTO bounce_events (key, at) VALUES (:key, :now) ON CONFLICT DO NOTHING"
    return bool(await tx.run(sql, key=key, now=tx.now))


async def forget_events(tx: Tx) -> None:
    await tx.run("DELETE FROM bounce_events WHERE at < :before", before=tx.now - EVENTS_KEPT)


async def note(tx: Tx, row: Sent, report: Report) -> bool:
    """Whether it was news."""
    made = await tx.run(
        """
        INSERT INTO bounces (outbox_id, kind, subscriber_id, mailing_id, status, words, sent_at, at)
        VALUES (:id, :kind, :person, :mailing, :status, :words, :sent_at, :now) ON CONFLICT DO NOTHING
        """,
        id=row.id,
        kind=report.kind,
        person=row.subscriber_id,
        mailing=row.mailing_id,
        status=report.status,
        words=report.words,
        sent_at=row.sent_at,
        now=tx.now,
    )
    return bool(made)


async def refused(tx: Tx, most: int) -> list[Sent]:
    """What servers have refused for good while we spoke to them, and nobody has counted yet; by person."""
    return await tx.all(Sent, _REFUSED, since=tx.now - _LOOKED_BACK, most=most)


async def softness(tx: Tx, subscriber_id: int) -> Softness:
    arrived = await tx.value(_ARRIVED, id=subscriber_id, before=tx.now - LATEST)
    found = await tx.one(Softness, _SOFT, id=subscriber_id, since=arrived or 0)
    assert found is not None
    return found


class Wavering(msgspec.Struct, frozen=True):
    """A reader whose mailbox has taken nothing since `first` (ms), of so many messages."""

    id: int
    email: str
    times: int
    first: int


async def wavering(tx: Tx, most: int) -> list[Wavering]:
    """Active readers of whom every message has come back softly for a while, two or more; by id."""
    moments = {"since": tx.now - WAVERING_SINCE, "before": tx.now - LATEST}
    return await tx.all(Wavering, _WAVERING, least=WAVERING_TIMES, most=most, **moments)


async def bounces(tx: Tx, subscriber_id: int) -> list[Bounce]:
    """What came back of what they were sent, the oldest first."""
    return await tx.all(
        Bounce,
        "SELECT kind, status, words, sent_at, at FROM bounces WHERE subscriber_id = :id ORDER BY at, kind",
        id=subscriber_id,
    )


_SENT = """
    SELECT id, subscriber_id, mailing_id, recipient, state, coalesce(settled_at, created_at) AS sent_at, reply
    FROM outbox
    """
_LAST = f"""{_SENT}
    WHERE subscriber_id = :person AND recipient <> '' AND state IN ('sent', 'sending', 'in_doubt', 'failed')
      AND coalesce(settled_at, created_at) > :since
    ORDER BY CASE WHEN message_id = :message_id THEN 0 ELSE 1 END, coalesce(settled_at, created_at) DESC, id DESC
    LIMIT 1
    """
# What we say ourselves of a message that can't be sent begins with no reply's code.
_REFUSED = f"""{_SENT}
    WHERE state = 'failed' AND settled_at > :since AND recipient <> ''
      AND (reply LIKE '4__ %' OR reply LIKE '4__-%' OR reply LIKE '5__ %' OR reply LIKE '5__-%')
      AND NOT EXISTS (SELECT 1 FROM bounces b WHERE b.outbox_id = outbox.id)
      AND (subscriber_id IS NULL OR EXISTS (SELECT 1 FROM subscribers s WHERE s.id = outbox.subscriber_id))
    ORDER BY subscriber_id, id LIMIT :most
    """  # noqa: S608  our own
_ARRIVED = """
    SELECT max(o.settled_at) FROM outbox o
    WHERE o.subscriber_id = :id AND o.state = 'sent' AND o.settled_at <= :before
      AND NOT EXISTS (SELECT 1 FROM bounces b WHERE b.outbox_id = o.id)
    """
_SOFT = """
    SELECT count(*) AS times, coalesce(min(sent_at), 0) AS first, coalesce(max(sent_at), 0) AS last FROM bounces
    WHERE subscriber_id = :id AND kind = 'soft' AND sent_at > :since
    """
_WAVERING = """
    WITH soft AS (
      SELECT subscriber_id AS id, count(*) AS times, min(sent_at) AS first FROM bounces
      WHERE kind = 'soft' AND subscriber_id IS NOT NULL AND at > :since GROUP BY subscriber_id
    )
    SELECT f.id, p.email, f.times, f.first FROM soft f JOIN subscribers p ON p.id = f.id AND p.status = 'active'
    WHERE f.times >= :least AND NOT EXISTS (
      SELECT 1 FROM outbox o
      WHERE o.subscriber_id = f.id AND o.state = 'sent' AND o.settled_at > f.first AND o.settled_at <= :before
        AND NOT EXISTS (SELECT 1 FROM bounces b WHERE b.outbox_id = o.id))
    ORDER BY f.id LIMIT :most
    """
