"""Workers live, die, and are buried. Each `async` one is one transaction.

A row that is `sending` belongs to one worker. A worker that is not seen for 30 s is dead, and whether the messages
arrived that may have left is in doubt: each is sent once more, with the same bytes, unless it was written to many and
the owner wants to be asked; then it stays `in_doubt` and is listed. What it had only reserved others may have.
"""

from collections.abc import Sequence

import msgspec

from newsletter import ids
from newsletter.clock import SECOND
from newsletter.mail import bulk_turns, journal
from newsletter.mail.breaker import Verdict
from newsletter.mail.ledger import LONGEST_PAUSE
from newsletter.mail.limits import UNLIMITED
from newsletter.mail.outbox import TOPIC
from newsletter.storage import Param, Tx
from newsletter.storage.lists import IDS, as_list

SILENCE = 30 * SECOND
_APART = 5 * SECOND  # the clocks of several machines


class _Id(msgspec.Struct):
    id: int


async def beat(tx: Tx, worker: int, silence: int = SILENCE, *, ask: bool = False) -> int:
    """`worker` is alive; what may have left of dead workers is in doubt. Returns how many messages that were."""
    await tx.run(
        """
        INSERT INTO workers (id, seen_at) VALUES (:id, :now)
        ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at
        """,
        id=worker,
        now=tx.now,
    )
    await tx.run(_SEEN_TO_COME, now=tx.now, ahead=tx.now + _APART)
    await tx.run("DELETE FROM workers WHERE seen_at < :dead", dead=tx.now - silence)
    doubts = 0
    dead = await tx.all(_Id, THE_DEAD)
    for one in dead:
        doubts += await _bury(tx, one.id, ask)
    if dead:
        tx.wake(TOPIC)
    return doubts


async def _bury(tx: Tx, worker: int, ask: bool) -> int:
    """Its journal says which of its rows are done, may have left, or were never begun."""
    if (
        tx.engine == "postgres"
    ):  # it may live after all, and be about to begin some: then its journal has them
        await tx.all(
            _Id, "SELECT id FROM outbox WHERE worker = :worker ORDER BY id FOR UPDATE", worker=worker
        )
    kept = await journal.read(tx, worker)
    if kept:
        done = [Verdict(id, "sent", words) for id, words in kept.accepted.items()]
        if done:
            await bulk_turns.settle(tx, worker, done, UNLIMITED)
        await tx.run(FREE[tx.engine], worker=worker, begun=as_list(kept.begun))
    await tx.run(FREE_RESERVED, worker=worker)
    doubts = await tx.run(DOUBT, ask=int(ask), now=tx.now, worker=worker)
    await journal.burn(tx, worker)
    return doubts


async def was_ahead(tx: Tx) -> bool:
    """Whether the youngest row is younger than now: a clock was ahead, and what it wrote may wait for it."""
    youngest = await tx.value("SELECT max(id) FROM outbox")
    return youngest is not None and int(youngest) >= ids.first_id(tx.now + _APART)


async def set_right(tx: Tx, most: int = 1_000) -> bool:
    """What a clock that was ahead has put off till later need not wait for that. Whether there may be more of it."""
    params: dict[str, Param] = {"now": tx.now, "late": tx.now + 2 * LONGEST_PAUSE, "limit": most}
    found = await tx.all(_Id, _SINGLE_AHEAD, **params)
    for mailing in await tx.all(_Id, "SELECT id FROM mailings WHERE state = 'open'"):
        found += await tx.all(_Id, _OF_MANY_AHEAD, mailing=mailing.id, **params)
    now: dict[str, Param] = {"now": tx.now, "longest": LONGEST_PAUSE, "ids": as_list(row.id for row in found)}
    if found:
        await tx.run(_SET_RIGHT[tx.engine], **now)
        tx.wake(TOPIC)
    return bool(found)


async def held(tx: Tx, worker: int) -> list[int]:
    """What the ledger says that `worker` has in its hands, whether it was begun or is only reserved."""
    rows = await tx.all(_Id, "SELECT id FROM outbox WHERE worker = :worker", worker=worker)
    return [row.id for row in rows]


async def doubt(tx: Tx, worker: int, ids: Sequence[int], *, ask: bool = False) -> None:
    """A living worker has lost these: it was given them, or told what became of them, on a connection that broke."""
    kept = await journal.read(tx, worker)
    for id in ids:
        if kept and id in kept.accepted:  # its row will say so
            continue
        if kept and id not in kept.begun:
            await tx.run(_FREE_ONE, id=id, worker=worker)
        await tx.run(DOUBT_ONE, ask=int(ask), now=tx.now, id=id, worker=worker)
    tx.wake(TOPIC)


async def leave(tx: Tx, worker: int) -> None:
    """A clean stop."""
    await tx.run("DELETE FROM workers WHERE id = :id", id=worker)
    await tx.run(
        """DELETE FROM send_journal
           WHERE worker = :id AND NOT EXISTS (SELECT 1 FROM outbox WHERE worker = :id)""",
        id=worker,
    )


# By a clock that was set back since: its worker may be dead, and is missed from now on.
_SEEN_TO_COME = "UPDATE workers SET seen_at = :now WHERE seen_at > :ahead"
THE_DEAD = """
    SELECT worker AS id FROM outbox WHERE worker IS NOT NULL AND worker NOT IN (SELECT id FROM workers)
    UNION SELECT worker FROM send_journal WHERE worker NOT IN (SELECT id FROM workers)
    """
_ONCE_MORE = "resends = 0 AND (mailing_id IS NULL OR CAST(:ask AS INTEGER) = 0)"
DOUBT = f"""
    UPDATE outbox SET
      state = CASE WHEN {_ONCE_MORE} THEN 'queued' ELSE 'in_doubt' END,
      settled_at = CASE WHEN {_ONCE_MORE} THEN NULL ELSE CAST(:now AS BIGINT) END,
      resends = CASE WHEN {_ONCE_MORE} THEN 1 ELSE resends END,
      attempts = attempts + 1, worker = NULL, provider = NULL,
      reply = 'The worker stopped before the server had answered.'
    WHERE state = 'sending' AND worker = :worker
    """  # noqa: S608  our own
DOUBT_ONE = f"{DOUBT} AND id = :id"
_FREE_ONE = """
    UPDATE outbox SET state = 'queued', worker = NULL
    WHERE id = :id AND worker = :worker AND state = 'sending' AND mailing_id IS NOT NULL
    """
FREE = {
    engine: f"""
    UPDATE outbox SET state = 'queued', worker = NULL
    WHERE worker = :worker AND state = 'sending' AND mailing_id IS NOT NULL
      AND id NOT IN ({ids.replace(":ids", ":begun")})
    """  # noqa: S608  our own
    for engine, ids in IDS.items()
}
# Of a time when what was reserved was not `sending` yet.
FREE_RESERVED = "UPDATE outbox SET worker = NULL WHERE worker = :worker AND state IN ('queued', 'deferred')"
# What was never tried stands as if it were written now; what was keeps its bytes, and has at most one pause before it.
_FRESH = "attempts = 0 AND resends = 0 AND created_at > CAST(:now AS BIGINT)"
_AHEAD = f"""worker IS NULL AND ({_FRESH} OR attempts + resends > 0 AND not_before > CAST(:late AS BIGINT))
    LIMIT :limit"""
_SINGLE_AHEAD = f"""
    SELECT id FROM outbox
    WHERE mailing_id IS NULL AND state IN ('queued', 'deferred') AND not_before > CAST(:now AS BIGINT) AND {_AHEAD}
    """  # noqa: S608  our own
_OF_MANY_AHEAD = f"""
    SELECT id FROM outbox
    WHERE mailing_id = :mailing AND state IN ('queued', 'deferred') AND not_before > CAST(:now AS BIGINT) AND {_AHEAD}
    """  # noqa: S608  our own
_SET_RIGHT = {
    engine: f"""
    UPDATE outbox SET
      not_before = CAST(:now AS BIGINT)
        + CASE WHEN {_FRESH} THEN not_before - created_at ELSE CAST(:longest AS BIGINT) END,
      created_at = CASE WHEN {_FRESH} THEN CAST(:now AS BIGINT) ELSE created_at END
    WHERE worker IS NULL AND state IN ('queued', 'deferred') AND id IN ({ids_})
    """  # noqa: S608  our own
    for engine, ids_ in IDS.items()
}
