"""The worker's side of the outbox: claim, settle, recover. Each function here is one transaction.

A row that is `sending` belongs to one worker. A worker that is not seen for 30 s is dead, and whether its
messages arrived is in doubt: a transactional one is sent once more, with the same bytes; then it stays
`in_doubt` and is listed.
"""

from random import SystemRandom
from typing import Literal

import msgspec

from newsletter.clock import HOUR, MINUTE, SECOND
from newsletter.mail.outbox import TOPIC, TRANSACTIONAL, suppression_key
from newsletter.storage import Tx
from newsletter.tokens import Tokens

SILENCE = 30 * SECOND
TRIES = 25  # at 1, 2, 4 … 128 minutes and then every 4 hours: about 72 hours
LONGEST_PAUSE = 4 * HOUR
BATCH = 16  # as many keys as _SUPPRESSED asks for
ALWAYS = frozenset({"sign_in"})  # to the owner, who must not be able to lock themselves out

Result = Literal["sent", "deferred", "failed", "in_doubt"]

_jitter = SystemRandom()


class Delivery(msgspec.Struct, frozen=True):
    """One message to one person, held by one worker."""

    id: int
    message: str
    priority: int
    recipient: str
    context: str  # JSON
    message_id: str
    created_at: int
    attempts: int
    resends: int


class Settlement(msgspec.Struct, frozen=True):
    """What becomes of a delivery."""

    id: int
    state: str
    words: str
    delay: int = 0  # ms until it may be tried again, if it waits
    tried: int = 1  # 0: the server never came to judge it
    resent: int = 0


class _Candidate(Delivery, frozen=True):
    gone: bool


def settlement(delivery: Delivery, result: Result, words: str) -> Settlement:
    """The server's verdict as the row's next state."""
    if result == "deferred":
        if delivery.attempts + 1 >= TRIES:
            return Settlement(delivery.id, "failed", words)
        pause = min(MINUTE << delivery.attempts, LONGEST_PAUSE)
        return Settlement(delivery.id, "deferred", words, delay=int(pause * _jitter.uniform(0.8, 1.2)))
    if result == "in_doubt" and delivery.priority == TRANSACTIONAL and not delivery.resends:
        return Settlement(delivery.id, "queued", words, delay=MINUTE, resent=1)
    return Settlement(delivery.id, result, words)


def release(delivery: Delivery, words: str, delay: int) -> Settlement:
    """Back into the queue, untried: the relay had trouble of its own."""
    return Settlement(delivery.id, "queued", words, delay=delay, tried=0)


async def due(tx: Tx, limit: int) -> int:
    """How many messages could go now; counts to `limit`.

    Naming the priorities makes it a seek: what waits for later is not walked through.
    """
    found: int = await tx.value(
        """
        SELECT count(*) FROM (SELECT 1 FROM outbox WHERE priority IN (0, 10) AND state IN ('queued', 'deferred')
                                AND not_before <= :now LIMIT :limit) AS waiting
        """,
        now=tx.now,
        limit=limit,
    )
    return found


async def turn(tx: Tx, tokens: Tokens, worker: int, done: Settlement | None, limit: int) -> list[Delivery]:
    """Settle what `worker` has finished and claim up to `limit` more, in one write."""
    if done:
        await _settle(tx, worker, done)
    return await _claim(tx, tokens, worker, limit) if limit else []


async def _settle(tx: Tx, worker: int, done: Settlement) -> None:
    """Fenced: a row that was taken away from `worker` in the meantime stays as it is."""
    waits = done.state in ("queued", "deferred")
    await tx.run(
        """
        UPDATE outbox SET state = :state, attempts = attempts + :tried, resends = resends + :resent,
                          not_before = :not_before, settled_at = :settled_at, reply = :reply, worker = NULL
        WHERE id = :id AND worker = :worker AND state = 'sending'
        """,
        id=done.id,
        worker=worker,
        state=done.state,
        tried=done.tried,
        resent=done.resent,
        not_before=tx.now + done.delay,
        settled_at=None if waits else tx.now,
        reply=done.words,
    )


async def _claim(tx: Tx, tokens: Tokens, worker: int, limit: int) -> list[Delivery]:
    """Rows that are due, made `sending`; who left or must not be mailed is skipped on the way."""
    candidates = await tx.all(_Candidate, _CANDIDATES[tx.engine], now=tx.now, limit=min(limit, BATCH))
    suppressed = await _suppressed(tx, tokens, candidates)
    claimed: list[Delivery] = []
    for row in candidates:
        why = _why_not(row, suppressed)
        if why:
            await tx.run(_SKIP, id=row.id, why=why, now=tx.now)
        else:
            await tx.run(_TAKE, id=row.id, worker=worker)
            claimed.append(row)
    if candidates and not claimed:
        tx.wake(TOPIC)  # there may be more behind those
    return claimed


def _why_not(row: _Candidate, suppressed: set[int]) -> str:
    if row.gone:
        return "They left after this was promised."
    return "The address is on the suppression list." if row.id in suppressed else ""


async def _suppressed(tx: Tx, tokens: Tokens, rows: list[_Candidate]) -> set[int]:
    asked = {
        row.id: suppression_key(tokens, row.recipient.lower()) for row in rows if row.message not in ALWAYS
    }
    if not asked:
        return set()
    keys = [*asked.values()] + [""] * (BATCH - len(asked))
    named = {f"key{n}": key for n, key in enumerate(keys)}
    found = {row.key for row in await tx.all(_Suppression, _SUPPRESSED, now=tx.now, **named)}
    return {row_id for row_id, key in asked.items() if key in found}


class _Suppression(msgspec.Struct):
    key: str


_DUE = """
    SELECT o.id, o.message, o.priority, o.recipient, o.context, o.message_id, o.created_at, o.attempts, o.resends,
           CASE WHEN o.subscriber_id IS NOT NULL AND (s.id IS NULL OR s.unsubscribed_at > o.created_at)
                THEN 1 ELSE 0 END AS gone
    FROM outbox o LEFT JOIN subscribers s ON s.id = o.subscriber_id
    WHERE o.priority IN (0, 10) AND o.state IN ('queued', 'deferred') AND o.not_before <= :now
    ORDER BY o.priority, o.not_before, o.id LIMIT :limit
    """
_CANDIDATES = {"sqlite": _DUE, "postgres": _DUE + "FOR UPDATE OF o SKIP LOCKED"}
_TAKE = "UPDATE outbox SET state = 'sending', worker = :worker WHERE id = :id"
_SKIP = "UPDATE outbox SET state = 'skipped', reply = :why, recipient = '', settled_at = :now WHERE id = :id"
_SUPPRESSED = """
    SELECT key FROM suppressions
    WHERE (expires_at IS NULL OR expires_at > :now)
      AND key IN (:key0, :key1, :key2, :key3, :key4, :key5, :key6, :key7,
                  :key8, :key9, :key10, :key11, :key12, :key13, :key14, :key15)
    """


async def beat(tx: Tx, worker: int, silence: int = SILENCE) -> int:
    """`worker` is alive; what dead workers held is in doubt. Returns how many messages that were."""
    await tx.run(
        """
        INSERT INTO workers (id, seen_at) VALUES (:id, :now)
        ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at
        """,
        id=worker,
        now=tx.now,
    )
    await tx.run("DELETE FROM workers WHERE seen_at < :dead", dead=tx.now - silence)
    doubts = await tx.run(
        """
        UPDATE outbox SET
          state = CASE WHEN priority = :again AND resends = 0 THEN 'queued' ELSE 'in_doubt' END,
          settled_at = CASE WHEN priority = :again AND resends = 0 THEN NULL ELSE CAST(:now AS BIGINT) END,
          resends = CASE WHEN priority = :again AND resends = 0 THEN 1 ELSE resends END,
          attempts = attempts + 1, worker = NULL, reply = 'The worker stopped before the server had answered.'
        WHERE state = 'sending' AND (worker IS NULL OR worker NOT IN (SELECT id FROM workers))
        """,
        again=TRANSACTIONAL,
        now=tx.now,
    )
    if doubts:
        tx.wake(TOPIC)
    return doubts


async def leave(tx: Tx, worker: int) -> None:
    """A clean stop."""
    await tx.run("DELETE FROM workers WHERE id = :id", id=worker)
