"""What other slices' tables hold about one person: joined for their own eyes (GDPR Art. 15), changed by nobody here."""

from typing import Any

import msgspec

from newsletter.clock import iso, iso_or_none
from newsletter.mail.bounces.ledger import bounces
from newsletter.storage import Tx


class _Signup(msgspec.Struct):
    at: int
    form: str
    page: str
    name: str
    fields: str
    ip: str
    confirmed_at: int | None


class _Download(msgspec.Struct):
    title: str
    version: int
    at: int


class _Message(msgspec.Struct):
    message: str
    message_id: str
    state: str
    created_at: int
    settled_at: int | None
    reply: str
    subject: str  # of a broadcast, or of a sequence's step


class _Entry(msgspec.Struct):
    sequence: str
    state: str
    step: str  # the last that they got
    started_at: int


class _Response(msgspec.Struct):
    kind: str
    at: int
    message_id: str


async def signups(tx: Tx, subscriber_id: int) -> list[dict[str, Any]]:
    rows = await tx.all(
        _Signup,
        """SELECT s.at, f.slug AS form, s.page, s.name, s.fields, s.ip, s.confirmed_at
           FROM signups s JOIN forms f ON f.id = s.form_id WHERE s.subscriber_id = :id ORDER BY s.id""",
        id=subscriber_id,
    )
    return [
        {**msgspec.structs.asdict(row), "at": iso(row.at), "fields": msgspec.json.decode(row.fields),
         "confirmed_at": iso_or_none(row.confirmed_at)}
        for row in rows
    ]  # fmt: skip


async def downloads(tx: Tx, subscriber_id: int) -> list[dict[str, Any]]:
    rows = await tx.all(
        _Download,
        """SELECT m.title, v.number AS version, d.at FROM downloads d
           JOIN magnet_versions v ON v.id = d.version_id JOIN magnets m ON m.id = v.magnet_id
           WHERE d.subscriber_id = :id ORDER BY d.at""",
        id=subscriber_id,
    )
    return [{**msgspec.structs.asdict(row), "at": iso(row.at)} for row in rows]


async def messages(tx: Tx, subscriber_id: int) -> list[dict[str, Any]]:
    rows = await tx.all(
        _Message,
        """SELECT o.message, o.message_id, o.state, o.created_at, o.settled_at, o.reply,
               coalesce(b.subject, t.subject, '') AS subject
           FROM outbox o LEFT JOIN broadcasts b ON b.mailing_id = o.mailing_id
           LEFT JOIN sequence_mailings m ON m.mailing_id = o.mailing_id LEFT JOIN sequence_steps t ON t.id = m.step_id
           WHERE o.subscriber_id = :id ORDER BY o.id""",
        id=subscriber_id,
    )
    return [
        {
            **msgspec.structs.asdict(row),
            "created_at": iso(row.created_at),
            "settled_at": iso_or_none(row.settled_at),
        }
        for row in rows
    ]


async def sequences(tx: Tx, subscriber_id: int) -> list[dict[str, Any]]:
    """What follows by itself, and how far they have come."""
    rows = await tx.all(
        _Entry,
        """SELECT q.slug AS sequence, e.state, coalesce(t.slug, '') AS step, e.started_at FROM sequence_entries e
           JOIN sequences q ON q.id = e.sequence_id LEFT JOIN sequence_steps t ON t.id = e.step_id
           WHERE e.subscriber_id = :id ORDER BY e.started_at, q.slug""",
        id=subscriber_id,
    )
    return [{**msgspec.structs.asdict(row), "started_at": iso(row.started_at)} for row in rows]


async def returned(tx: Tx, subscriber_id: int) -> list[dict[str, Any]]:
    """What came back, and what servers said then."""
    rows = await bounces(tx, subscriber_id)
    return [{**msgspec.structs.asdict(row), "sent_at": iso(row.sent_at), "at": iso(row.at)} for row in rows]


async def responses(tx: Tx, subscriber_id: int) -> list[dict[str, Any]]:
    """What is known to have come back of a message that went to many."""
    rows = await tx.all(
        _Response,
        """SELECT r.kind, r.at, coalesce(o.message_id, '') AS message_id FROM mailing_responses r
           LEFT JOIN outbox o ON o.mailing_id = r.mailing_id AND o.subscriber_id = r.subscriber_id
           WHERE r.subscriber_id = :id ORDER BY r.at, r.kind""",
        id=subscriber_id,
    )
    return [{**msgspec.structs.asdict(row), "at": iso(row.at)} for row in rows]
