"""SQL of imports: the import itself, and a slice of its people at a time. One text for both engines."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from newsletter.ids import new_id
from newsletter.storage import Param, Tx
from newsletter.storage.rows import insert_rows
from newsletter.subscribers.model import Status
from newsletter.subscribers.store import counts

SUBSCRIBER = (
    "id",
    "email",
    "email_key",
    "status",
    "name",
    "fields",
    "created_at",
    "confirmed_at",
    "unsubscribed_at",
    "consent_head",
)
CONSENT = ("id", "subscriber_id", "number", "kind", "at", "requested_at", "detail", "hash")

# Their status, and when they joined, confirmed and left.
_WHEN: Callable[[Sequence[Param]], Any] = itemgetter(
    *map(SUBSCRIBER.index, ("status", "created_at", "confirmed_at", "unsubscribed_at"))
)

_TEXTS = {
    "sqlite": "SELECT value FROM json_each(:texts)",
    "postgres": "SELECT value FROM json_array_elements_text(CAST(:texts AS json))",
}
_NUMBERS = {
    "sqlite": "SELECT value FROM json_each(:numbers)",
    "postgres": "SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:numbers AS json))",
}


class Known(msgspec.Struct):
    """Who is here already."""

    id: int
    email_key: str
    status: Status
    consent_head: str


class Barred(msgspec.Struct):
    key: str
    reason: str


class Tag(msgspec.Struct):
    id: int
    name: str


class Standing(msgspec.Struct):
    """How far an import has come."""

    id: int
    position: int
    tally: str  # JSON


async def unfinished(tx: Tx, sha256: str, plan: str, people: int) -> Standing | None:
    """The newest import of the same file in the same way that came to no end."""
    return await tx.one(
        Standing,
        """SELECT id, position, tally FROM imports
           WHERE sha256 = :sha256 AND plan = :plan AND people = :people AND state = 'running'
           ORDER BY id DESC LIMIT 1""",
        sha256=sha256,
        plan=plan,
        people=people,
    )


async def begin(tx: Tx, id: int, sha256: str, plan: str, people: int, unreadable: int) -> None:
    await tx.run(
        """INSERT INTO imports (id, sha256, plan, people, unreadable, state, created_at, updated_at)
           VALUES (:id, :sha256, :plan, :people, :unreadable, 'running', :now, :now)""",
        id=id,
        sha256=sha256,
        plan=plan,
        people=people,
        unreadable=unreadable,
        now=tx.now,
    )


async def advance(tx: Tx, id: int, before: int, position: int) -> bool:
    """False where somebody else has gone on from there."""
    return bool(
        await tx.run(
            """UPDATE imports SET position = :position, updated_at = :now
               WHERE id = :id AND position = :before AND state = 'running'""",
            id=id,
            before=before,
            position=position,
            now=tx.now,
        )
    )


async def note(tx: Tx, id: int, tally: str) -> None:
    await tx.run("UPDATE imports SET tally = :tally WHERE id = :id", id=id, tally=tally)


async def finish(tx: Tx, id: int) -> None:
    await tx.run("UPDATE imports SET state = 'done', updated_at = :now WHERE id = :id", id=id, now=tx.now)


async def refuse(tx: Tx, id: int, refused: Sequence[tuple[int, str]]) -> None:
    await tx.many(
        """INSERT INTO import_refusals (import_id, line, reason) VALUES (:id, :line, :reason)
           ON CONFLICT DO NOTHING""",
        [{"id": id, "line": line, "reason": reason} for line, reason in refused],
    )


async def known(tx: Tx, keys: Sequence[str]) -> list[Known]:
    """On PostgreSQL nobody else changes them until this ends; always in one order, so that two never wait in a ring."""
    lock = "ORDER BY id FOR UPDATE" if tx.engine == "postgres" else ""
    return await tx.all(
        Known,
        f"""SELECT id, email_key, status, consent_head FROM subscribers
            WHERE email_key IN ({_TEXTS[tx.engine]}) {lock}""",
        texts=_json(keys),
    )


async def anybody_barred(tx: Tx) -> bool:
    return await tx.value("SELECT 1 FROM suppressions LIMIT 1") is not None


async def barred(tx: Tx, keys: Sequence[str]) -> list[Barred]:
    """Which of these stand on the suppression list."""
    return await tx.all(
        Barred,
        f"""SELECT key, reason FROM suppressions
            WHERE key IN ({_TEXTS[tx.engine]}) AND (expires_at IS NULL OR expires_at > :now)""",
        texts=_json(keys),
        now=tx.now,
    )


async def bar(tx: Tx, keys: Sequence[tuple[str, str]]) -> None:
    """Onto the suppression list for good, each key with its reason. What stands there for good stays as it is."""
    await insert_rows(
        tx,
        "suppressions",
        ("key", "reason", "created_at"),
        [(key, reason, tx.now) for key, reason in keys],
        """ON CONFLICT (key) DO UPDATE SET reason = excluded.reason, expires_at = NULL
           WHERE suppressions.expires_at IS NOT NULL""",
    )


async def add(tx: Tx, people: Sequence[Sequence[Param]]) -> frozenset[int] | None:
    """Rows of SUBSCRIBER. The ids of those who were added, where these aren't all (None): on PostgreSQL somebody may
    have signed up meanwhile."""
    await insert_rows(tx, "subscribers", SUBSCRIBER, people, "ON CONFLICT (email_key) DO NOTHING")
    if tx.engine == "sqlite" or not people:
        await _count(tx, people)
        return None
    ids = [int(str(one[0])) for one in people]
    found = await tx.all(
        Tag, f"SELECT id, '' AS name FROM subscribers WHERE id IN ({_NUMBERS[tx.engine]})", numbers=_json(ids)
    )
    added = frozenset(one.id for one in found)
    await _count(tx, [one for one in people if one[0] in added])
    return added


async def _count(tx: Tx, people: Sequence[Sequence[Param]]) -> None:
    await counts.add(tx, counts.of_new([*map(_WHEN, people)]))


async def raise_up(tx: Tx, people: Sequence[Sequence[Param]]) -> None:
    """Rows of SUBSCRIBER: those who wait here for a confirmation become what the file says of them."""
    rows = [dict(zip(SUBSCRIBER, one, strict=True)) for one in people]
    wanted = ("id", "status", "confirmed_at", "unsubscribed_at", "consent_head", "name")
    await tx.many(
        """UPDATE subscribers SET status = :status, confirmed_at = :confirmed_at,
               unsubscribed_at = :unsubscribed_at, consent_head = :consent_head,
               name = CASE WHEN name = '' THEN :name ELSE name END
           WHERE id = :id AND status = 'pending'""",
        [{name: row[name] for name in wanted} for row in rows],
    )


async def add_consents(tx: Tx, records: Sequence[Sequence[Param]]) -> None:
    """Rows of CONSENT."""
    await insert_rows(tx, "consent_records", CONSENT, records)


async def tags(tx: Tx, names: Sequence[str]) -> dict[str, int]:
    """Their ids; those that don't exist yet are made, private ones."""
    await tx.many(
        "INSERT INTO tags (id, name, title) VALUES (:id, :name, :name) ON CONFLICT (name) DO NOTHING",
        [{"id": new_id(), "name": name} for name in sorted(names)],
    )
    found = await tx.all(
        Tag, f"SELECT id, name FROM tags WHERE name IN ({_TEXTS[tx.engine]})", texts=_json(names)
    )
    return {one.name: one.id for one in found}


async def tag(tx: Tx, pairs: Sequence[tuple[int, int]]) -> None:
    """Each subscriber with each tag, as of long ago: what starts with a tag doesn't start by an import."""
    await insert_rows(
        tx,
        "subscriber_tags",
        ("subscriber_id", "tag_id", "tagged_at"),
        [(person, tag, 0) for person, tag in pairs],
        "ON CONFLICT DO NOTHING",
    )


async def is_there(tx: Tx, id: int) -> bool:
    """Whether the import is there, and so its refusals are."""
    return await tx.value("SELECT 1 FROM imports WHERE id = :id", id=id) is not None


def refusals() -> str:
    """The SELECT of an import's refusals, for `stream`."""
    return "SELECT line, reason FROM import_refusals WHERE import_id = :id ORDER BY line"


def _json(values: Sequence[str] | Sequence[int]) -> str:
    return msgspec.json.encode(values).decode()
