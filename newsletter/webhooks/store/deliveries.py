"""The rows of deliveries: what waits, what was sent, what was given up."""

from collections.abc import Sequence

import msgspec

from newsletter.ids import new_id
from newsletter.storage import Tx
from newsletter.webhooks.model import Answer, Delivery, State

_FOUND = """SELECT id, webhook_id, event, subject_id, subscriber_id, at, state, attempts, not_before, tried_at, status,
                   took, answer FROM webhook_deliveries"""
_ADD = """INSERT INTO webhook_deliveries (id, webhook_id, event, subject_id, subscriber_id, at, state, not_before)
          VALUES (:id, :webhook, :event, :subject, :person, :at, 'queued', :now)
          ON CONFLICT (webhook_id, event, subject_id) DO NOTHING"""


class Fact(msgspec.Struct, frozen=True):
    """Something that happened."""

    subject_id: int
    subscriber_id: int | None
    at: int


async def add(tx: Tx, webhook_id: int, event: str, facts: Sequence[Fact]) -> None:
    """Those that have their delivery already keep that one."""
    rows = [
        {
            "id": new_id(),
            "webhook": webhook_id,
            "event": event,
            "subject": fact.subject_id,
            "person": fact.subscriber_id,
            "at": fact.at,
            "now": tx.now,
        }
        for fact in facts
    ]
    await tx.many(_ADD, rows)


async def find(tx: Tx, webhook_id: int, id: int) -> Delivery | None:
    return await tx.one(
        Delivery, f"{_FOUND} WHERE id = :id AND webhook_id = :webhook", id=id, webhook=webhook_id
    )


async def newest(tx: Tx, webhook_id: int, limit: int, before: int) -> list[Delivery]:
    """The newest first, those before the id `before` where it isn't 0."""
    return await tx.all(
        Delivery,
        f"""{_FOUND} WHERE webhook_id = :webhook AND (CAST(:before AS BIGINT) = 0 OR id < :before)
            ORDER BY id DESC LIMIT :limit""",
        webhook=webhook_id,
        before=before,
        limit=limit,
    )


async def due(tx: Tx, webhook_id: int) -> Delivery | None:
    """The one that has waited longest of those whose time has come."""
    return await tx.one(
        Delivery,
        f"""{_FOUND} WHERE webhook_id = :webhook AND state = 'queued' AND not_before <= :now
            ORDER BY not_before, id LIMIT 1""",
        webhook=webhook_id,
        now=tx.now,
    )


async def settle(
    tx: Tx, id: int, state: State, not_before: int, answer: Answer, began: int, attempts: int
) -> None:
    """What came of the try that began with so many `attempts` behind it."""
    await tx.run(
        """UPDATE webhook_deliveries SET state = :state, attempts = :attempts + 1, not_before = :not_before,
               tried_at = :began, status = :status, took = :took, answer = :answer
           WHERE id = :id AND attempts = :attempts""",
        id=id,
        state=state,
        not_before=not_before,
        began=began,
        status=answer.status,
        took=answer.took,
        answer=answer.words,
        attempts=attempts,
    )


async def again(tx: Tx, id: int) -> None:
    await tx.run(
        "UPDATE webhook_deliveries SET state = 'queued', attempts = 0, not_before = :now WHERE id = :id",
        id=id,
        now=tx.now,
    )


async def drop(tx: Tx, id: int) -> None:
    """What it tells of is no more."""
    await tx.run("DELETE FROM webhook_deliveries WHERE id = :id", id=id)


async def forget(tx: Tx, before: int) -> None:
    """Those that are over, of what happened before then (ms)."""
    await tx.run("DELETE FROM webhook_deliveries WHERE at < :before AND state <> 'queued'", before=before)


async def counts(tx: Tx) -> dict[int, dict[str, int]]:
    """By webhook and state."""
    found: dict[int, dict[str, int]] = {}
    sql = "SELECT webhook_id, state, count(*) AS count FROM webhook_deliveries GROUP BY webhook_id, state"
    for row in await tx.all(_Count, sql):
        found.setdefault(row.webhook_id, {})[row.state] = row.count
    return found


class _Count(msgspec.Struct):
    webhook_id: int
    state: str
    count: int
