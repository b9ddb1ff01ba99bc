"""The ledger of what goes to many, a batch at a time. Each function is one transaction, or a part of one.

A worker reserves rows, which stay `queued` and are its own; writes down that it is about to send one (`sending`,
committed before the message's first byte); and settles it when the server has answered. A connection's lane writes
the end of two and the beginning of two more at once, so of each connection at most two are `sending`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from newsletter.mail import breaker, domains
from newsletter.mail import limits as held
from newsletter.mail.breaker import Verdict
from newsletter.mail.hold import NOT_HELD
from newsletter.mail.limits import Limits
from newsletter.mail.outbox import TOPIC, suppression_keys
from newsletter.storage import Tx
from newsletter.tokens import Tokens

_MAILINGS = 8  # served side by side: a sequence need not wait until a broadcast is through
LEFT = "They left after this was promised."
SUPPRESSED = "The address is on the suppression list."


class Job(msgspec.Struct, frozen=True):
    """One row of a mailing that this worker has reserved."""

    id: int
    mailing_id: int
    subscriber_id: int | None
    epoch: int
    recipient: str
    context: str  # JSON
    message_id: str
    created_at: int
    attempts: int
    resends: int
    claimed_at: int


class Want(msgspec.Struct, frozen=True):
    """A row that is about to be sent, and the keys under which its address would be suppressed."""

    row_id: int
    exact: str
    mailbox: str
    claimed_at: int = 0


class _Mailing(msgspec.Struct):
    id: int


class _Id(msgspec.Struct):
    id: int


class _Key(msgspec.Struct):
    key: str


def want(tokens: Tokens, job: Job) -> Want:
    return Want(job.id, *suppression_keys(tokens, job.recipient.lower()), claimed_at=job.claimed_at)


async def is_due(tx: Tx) -> bool:
    """Whether there is anything to reserve."""
    return bool(await tx.all(_Mailing, _OPEN, now=tx.now, limit=1))


async def reserve(tx: Tx, worker: int, most: int, limits: Limits, after: int = 0) -> list[Job]:
    """Up to `most` rows that are due, of open mailings alike, as far as the limits leave room.

    Where they leave little of it, what is transactional goes first. Of many mailings those have their turn that
    come `after` the last one which had it.
    """
    meter, most = await held.left_for_many(tx, limits, most)
    if most <= 0:
        return []
    jobs = await due(tx, most, after)
    await take(tx, worker, jobs)
    await held.spend_on_many(tx, meter, limits, len(jobs))
    return jobs


async def due(tx: Tx, most: int, after: int) -> list[Job]:
    """Up to `most` rows that are due, of open mailings alike."""
    open_ = await tx.all(_Mailing, _IN_TURN, now=tx.now, limit=_MAILINGS, after=after)
    each = -(-most // len(open_)) if open_ else 0
    jobs: list[Job] = []
    for mailing in open_:
        limit = min(each, most - len(jobs))
        jobs += await tx.all(Job, _DUE[tx.engine], mailing=mailing.id, now=tx.now, limit=limit)
    return jobs


async def take(tx: Tx, worker: int, jobs: Sequence[Job]) -> None:
    if jobs:
        await tx.run(_RESERVE[tx.engine], ids=_json([job.id for job in jobs]), worker=worker)


async def wait(tx: Tx, limits: Limits) -> int:
    """How long (ms) the rate holds back what is due; 0: something else does."""
    room = (await held.meter(tx)).room(limits, tx.now, 1)
    return 0 if room.full_until else room.wait


async def content(tx: Tx, mailing_id: int) -> bytes:
    """The frozen message."""
    return bytes(await tx.value("SELECT content FROM mailings WHERE id = :id", id=mailing_id))


async def set_aside(
    tx: Tx, worker: int, mailing_id: int, jobs: Sequence[Job], limits: Limits, why: str
) -> None:
    """A mailing that can't be sent is held; others go on."""
    await tx.run(
        "UPDATE mailings SET state = 'held', why = :why WHERE id = :id AND state = 'open'",
        id=mailing_id,
        why=why,
    )
    await give_up(tx, worker, jobs, limits)


async def give_up(tx: Tx, worker: int, jobs: Sequence[Job], limits: Limits) -> None:
    """Reserved, and not begun: others may have them."""
    await tx.run(_FREE[tx.engine], ids=_json([job.id for job in jobs]), worker=worker)
    if limits:
        for job in jobs:
            await held.give_back(tx, job.claimed_at)
    tx.wake(TOPIC)


async def turn(
    tx: Tx, worker: int, done: Sequence[Verdict], wants: Sequence[Want], limits: Limits
) -> set[int]:
    """Settles what has been answered, and begins those of `wants` that may still be sent: their ids."""
    if done:
        await _settle(tx, worker, done, limits)
    if not wants:
        return set()
    ids = _json([one.row_id for one in wants])
    rows = await tx.all(_Id, _BEGIN[tx.engine], ids=ids, worker=worker)
    begun = {row.id for row in rows} - await _suppressed(tx, wants)
    for refused in (one for one in wants if one.row_id not in begun):
        await _refuse(tx, worker, refused)
        if limits:
            await held.give_back(tx, refused.claimed_at)
    return begun


async def _suppressed(tx: Tx, wants: Sequence[Want]) -> set[int]:
    """Asked once they are begun: on PostgreSQL a later statement sees what was written before it."""
    keys = [key for one in wants for key in {one.exact, one.mailbox}]
    rows = await tx.all(_Key, _SUPPRESSED[tx.engine], keys=_json(keys), now=tx.now)
    found = {row.key for row in rows}
    return {one.row_id for one in wants if not found.isdisjoint((one.exact, one.mailbox))} if found else set()


async def _settle(tx: Tx, worker: int, done: Sequence[Verdict], limits: Limits) -> None:
    """Fenced: a row that was taken away from `worker` in the meantime stays as it is. Most of a batch are told the
    same, but for the server's words: one statement then, that reads nothing of each but those."""
    if limits.domains:
        await domains.heed(tx, done)
    for fate in {one.fate for one in done}:
        state, tried, resent, delay = fate
        await tx.run(
            _SETTLE[tx.engine],
            words=_json({str(one.id): one.words for one in done if one.fate == fate}),
            worker=worker,
            state=state,
            tried=tried,
            resent=resent,
            not_before=tx.now + delay,
            settled_at=None if state in ("queued", "deferred") else tx.now,
        )
    await breaker.heed(tx, done)
    if limits:
        for one in done:
            if not one.tried:
                await held.give_back(tx, one.claimed_at)


async def _refuse(tx: Tx, worker: int, refused: Want) -> None:
    """It may not begin, or not leave any more. Who left is skipped; what is held waits for anybody."""
    why = await tx.value(_WHY, id=refused.row_id, exact=refused.exact, mailbox=refused.mailbox, now=tx.now)
    if why:
        await tx.run(_SKIP, id=refused.row_id, worker=worker, why=why, now=tx.now)
    else:
        await tx.run(_GIVE_UP, id=refused.row_id, worker=worker)


def _json(value: Sequence[Any] | Mapping[str, Any]) -> str:
    return msgspec.json.encode(value).decode()


_OPEN = f"""
    SELECT m.id FROM mailings m
    WHERE m.state = 'open' AND {NOT_HELD} AND EXISTS (
      SELECT 1 FROM outbox o WHERE o.mailing_id = m.id AND o.state IN ('queued', 'deferred')
                               AND o.not_before <= :now AND o.worker IS NULL)
    ORDER BY m.id LIMIT :limit
    """  # noqa: S608  our own
_IN_TURN = _OPEN.replace(
    "m.id LIMIT", "CASE WHEN m.id > CAST(:after AS BIGINT) THEN 0 ELSE 1 END, m.id LIMIT"
)
JOBS = """
    SELECT o.id, o.mailing_id, o.subscriber_id, COALESCE(s.epoch, 0) AS epoch, o.recipient, o.context, o.message_id,
           o.created_at, o.attempts, o.resends, CAST(:now AS BIGINT) AS claimed_at
    FROM outbox o LEFT JOIN subscribers s ON s.id = o.subscriber_id
    """
_NEXT = f"""{JOBS}
    WHERE o.mailing_id = :mailing AND o.state IN ('queued', 'deferred') AND o.not_before <= :now AND o.worker IS NULL
    LIMIT :limit
    """
_DUE = {"sqlite": _NEXT, "postgres": f"{_NEXT} FOR UPDATE OF o SKIP LOCKED"}

_IDS = {
    "sqlite": "SELECT value FROM json_each(:ids)",
    "postgres": "SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json))",
}
_RESERVE = {
    engine: f"""UPDATE outbox SET worker = :worker
                WHERE id IN ({ids}) AND worker IS NULL AND state IN ('queued', 'deferred')"""  # noqa: S608  our own
    for engine, ids in _IDS.items()
}
_FREE = {
    engine: f"""UPDATE outbox SET worker = NULL
                WHERE id IN ({ids}) AND worker = :worker AND state IN ('queued', 'deferred')"""  # noqa: S608  our own
    for engine, ids in _IDS.items()
}

_STAYS = """(o.subscriber_id IS NULL OR EXISTS (
        SELECT 1 FROM subscribers s WHERE s.id = o.subscriber_id AND s.status = 'active'
                                      AND COALESCE(s.unsubscribed_at, 0) <= o.created_at))"""
_STANDS = "(p.expires_at IS NULL OR p.expires_at > :now)"
# `+o.worker`: found by its id, not among all that the worker has reserved (seven times the time, measured).
_BEGIN = {
    engine: f"""
    UPDATE outbox AS o SET state = 'sending'
    WHERE o.id IN ({ids}) AND +o.worker = :worker AND o.state IN ('queued', 'deferred', 'sending')
      AND EXISTS (SELECT 1 FROM mailings m WHERE m.id = o.mailing_id AND m.state = 'open')
      AND {_STAYS} AND {NOT_HELD}
    RETURNING id
    """  # noqa: S608  our own
    for engine, ids in _IDS.items()
}
_KEYS = {
    "sqlite": "SELECT value FROM json_each(:keys)",
    "postgres": "SELECT value FROM json_array_elements_text(CAST(:keys AS json))",
}
_SUPPRESSED = {
    engine: f"SELECT p.key FROM suppressions p WHERE p.key IN ({keys}) AND {_STANDS}"  # noqa: S608  our own
    for engine, keys in _KEYS.items()
}
_WHY = f"""
    SELECT CASE
      WHEN NOT {_STAYS} THEN '{LEFT}'
      WHEN EXISTS (SELECT 1 FROM suppressions p WHERE p.key IN (:exact, :mailbox) AND {_STANDS}) THEN '{SUPPRESSED}'
      ELSE '' END
    FROM outbox o WHERE o.id = :id
    """  # noqa: S608  our own
_SKIP = """
    UPDATE outbox SET state = 'skipped', reply = :why, recipient = '', context = '{}', settled_at = :now, worker = NULL,
                      provider = NULL
    WHERE id = :id AND worker = :worker AND state IN ('queued', 'deferred', 'sending')
    """
_GIVE_UP = """
    UPDATE outbox SET worker = NULL, state = CASE WHEN state = 'sending' THEN 'queued' ELSE state END
    WHERE id = :id AND worker = :worker AND state IN ('queued', 'deferred', 'sending')
    """

_WORDS = {"sqlite": "json_each(:words)", "postgres": "json_each_text(CAST(:words AS json))"}
_SETTLE = {
    engine: f"""
    UPDATE outbox AS o SET state = :state, attempts = o.attempts + CAST(:tried AS INTEGER),
                           resends = o.resends + CAST(:resent AS INTEGER), not_before = :not_before,
                           settled_at = :settled_at, reply = d.value, worker = NULL, provider = NULL
    FROM {words} AS d
    WHERE o.id = CAST(d.key AS BIGINT) AND +o.worker = :worker AND o.state IN ('sending', 'queued', 'deferred')
    """  # noqa: S608  our own
    for engine, words in _WORDS.items()
}
