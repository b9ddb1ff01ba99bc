"""The worker's side of the outbox: settle and claim the next, live, recover. Each `async` one is one transaction.

A row that is `sending` belongs to one worker. A worker that is not seen for 30 s is dead, and whether its
messages arrived is in doubt: each is sent once more, with the same bytes, unless it was written to many and the
owner wants to be asked; then it stays `in_doubt` and is listed.
"""

from random import SystemRandom
from typing import Literal, Protocol

import msgspec

from newsletter.clock import HOUR, MINUTE, SECOND
from newsletter.mail.claims import Delivery, claim
from newsletter.mail.limits import UNLIMITED, Limits, give_back
from newsletter.mail.outbox import TOPIC
from newsletter.storage import Tx
from newsletter.tokens import Tokens

SILENCE = 30 * SECOND
TRIES = 26  # after 1, 2, 4 … 128 minutes and then every 4 hours: about 72 hours
LONGEST_PAUSE = 4 * HOUR

Result = Literal["sent", "deferred", "failed", "in_doubt"]

_jitter = SystemRandom()


class Settlement(msgspec.Struct, frozen=True):
    """What becomes of a delivery."""

    id: int
    state: str
    words: str
    delay: int = 0  # ms until it may be tried again, if it waits
    tried: int = 1  # 0: the server never came to judge it
    resent: int = 0
    claimed_at: int = 0  # ms, of one that was not tried


class Tried(Protocol):
    """What a verdict needs to know of a delivery."""

    @property
    def id(self) -> int: ...
    @property
    def attempts(self) -> int: ...
    @property
    def resends(self) -> int: ...
    @property
    def claimed_at(self) -> int: ...


def settlement(delivery: Tried, result: Result, words: str, *, ask: bool = False) -> Settlement:
    """The server's verdict as the row's next state; with `ask` a doubt is the owner's to resolve."""
    if result == "deferred":
        if delivery.attempts + 1 >= TRIES:
            return Settlement(delivery.id, "failed", words)
        pause = min(MINUTE << delivery.attempts, LONGEST_PAUSE)
        return Settlement(delivery.id, "deferred", words, delay=int(pause * _jitter.uniform(0.8, 1.2)))
    if result == "in_doubt" and not ask and not delivery.resends:
        return Settlement(delivery.id, "queued", words, delay=MINUTE, resent=1)
    return Settlement(delivery.id, result, words)


def release(delivery: Tried, words: str, delay: int) -> Settlement:
    """Back into the queue, untried: the relay had trouble of its own."""
    return Settlement(delivery.id, "queued", words, delay=delay, tried=0, claimed_at=delivery.claimed_at)


async def turn(
    tx: Tx, tokens: Tokens, worker: int, done: Settlement | None, limit: int, limits: Limits = UNLIMITED
) -> list[Delivery]:
    """Settle what `worker` has finished and claim up to `limit` more, in one write."""
    if done and await _settle(tx, worker, done) and limits and not done.tried:
        await give_back(tx, done.claimed_at)
    return await claim(tx, tokens, limits, worker, limit) if limit else []


async def _settle(tx: Tx, worker: int, done: Settlement) -> int:
    """Fenced: a row that was taken away from `worker` in the meantime stays as it is."""
    waits = done.state in ("queued", "deferred")
    return await tx.run(
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


async def beat(tx: Tx, worker: int, silence: int = SILENCE, *, ask: bool = False) -> int:
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
    doubts = await tx.run(_DOUBT_THE_DEADS, ask=int(ask), now=tx.now)
    freed = await tx.run(_FREE_THE_DEADS)
    if doubts or freed:
        tx.wake(TOPIC)
    return doubts


class _Held(msgspec.Struct):
    id: int


async def held(tx: Tx, worker: int) -> list[int]:
    """What the ledger says that `worker` has in its hands, whether it was begun or is only reserved."""
    rows = await tx.all(_Held, "SELECT id FROM outbox WHERE worker = :worker", worker=worker)
    return [row.id for row in rows]


async def doubt(tx: Tx, worker: int, ids: list[int], *, ask: bool = False) -> None:
    """A living worker has lost these: it was given them, or told what became of them, on a connection that broke."""
    for id in ids:
        await tx.run(_DOUBT_ONE, ask=int(ask), now=tx.now, id=id, worker=worker)
        await tx.run(_FREE_ONE, id=id, worker=worker)
    tx.wake(TOPIC)


async def leave(tx: Tx, worker: int) -> None:
    """A clean stop."""
    await tx.run("DELETE FROM workers WHERE id = :id", id=worker)


_ONCE_MORE = "resends = 0 AND (mailing_id IS NULL OR CAST(:ask AS INTEGER) = 0)"
_DOUBT = f"""
    UPDATE outbox SET
      state = CASE WHEN {_ONCE_MORE} THEN 'queued' ELSE 'in_doubt' END,
      settled_at = CASE WHEN {_ONCE_MORE} THEN NULL ELSE CAST(:now AS BIGINT) END,
      resends = CASE WHEN {_ONCE_MORE} THEN 1 ELSE resends END,
      attempts = attempts + 1, worker = NULL, provider = NULL,
      reply = 'The worker stopped before the server had answered.'
    WHERE state = 'sending'
    """  # noqa: S608  our own
_FREE = "UPDATE outbox SET worker = NULL WHERE worker IS NOT NULL AND state IN ('queued', 'deferred')"
_DOUBT_THE_DEADS = f"{_DOUBT} AND worker IS NOT NULL AND worker NOT IN (SELECT id FROM workers)"  # noqa: S608  our own
_FREE_THE_DEADS = f"{_FREE} AND worker NOT IN (SELECT id FROM workers)"  # noqa: S608  our own
_DOUBT_ONE = f"{_DOUBT} AND id = :id AND worker = :worker"
_FREE_ONE = f"{_FREE} AND id = :id AND worker = :worker"
