"""The worker's side of the outbox: settle, and claim the next, in one transaction."""

from random import SystemRandom
from typing import Literal, Protocol

import msgspec

from newsletter.clock import HOUR, MINUTE
from newsletter.mail.claims import Delivery, claim
from newsletter.mail.limits import UNLIMITED, Limits, give_back
from newsletter.storage import Tx
from newsletter.tokens import Tokens

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
