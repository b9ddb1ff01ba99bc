"""What of the ledger a worker reserves to send it to many. Each function is one transaction, or a part of one.

A reserved row is `sending` and its worker's own. That its message may leave is committed to the worker's journal before
the message's first byte (newsletter/mail/bulk_turns.py); a row that is reserved and not in the journal was not begun.
"""

from collections.abc import Sequence

import msgspec

from newsletter.mail import journal
from newsletter.mail import limits as held
from newsletter.mail.hold import NOT_HELD
from newsletter.mail.limits import Limits
from newsletter.mail.outbox import TOPIC, suppression_keys
from newsletter.storage import Tx
from newsletter.storage.lists import IDS, as_list
from newsletter.tokens import Tokens

_MAILINGS = 8  # served side by side: a sequence need not wait until a broadcast is through


class Job(msgspec.Struct, frozen=True, array_like=True):
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
    claimed_at: int


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
        jobs += await _next(tx, mailing.id, limit)
    return jobs


async def _next(tx: Tx, mailing_id: int, limit: int) -> list[Job]:
    """As one value on SQLite: row by row its thread would have to take the interpreter from the loop for each."""
    asked = {"mailing": mailing_id, "now": tx.now, "limit": limit}
    if tx.engine == "postgres":
        return await tx.all(Job, f"{_NEXT} FOR UPDATE OF o SKIP LOCKED", **asked)
    return _ROWS.decode(await tx.value(_ALL_NEXT, **asked))


async def take(tx: Tx, worker: int, jobs: Sequence[Job]) -> None:
    if jobs:
        await journal.open_(tx, worker)
        await tx.run(_RESERVE[tx.engine], ids=as_list(job.id for job in jobs), worker=worker)


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
    await tx.run(_FREE[tx.engine], ids=as_list(job.id for job in jobs), worker=worker)
    if limits:
        for job in jobs:
            await held.give_back(tx, job.claimed_at)
    tx.wake(TOPIC)


# The first of each state, in the order of their index, and no EXISTS: beside millions of rows that wait in another
# mailing PostgreSQL takes it that some of this one are everywhere, and reads all of the others to find the first.
_FIRST = """(
      SELECT o.id FROM outbox o
      WHERE o.mailing_id = m.id AND o.state = '{0}' AND o.not_before <= :now AND o.worker IS NULL
      ORDER BY o.not_before LIMIT 1)"""
_WAITS = f"COALESCE({_FIRST.format('queued')}, {_FIRST.format('deferred')}) IS NOT NULL"
_OPEN = f"""
    SELECT m.id FROM mailings m WHERE m.state = 'open' AND {NOT_HELD} AND {_WAITS}
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
_ALL_NEXT = f"SELECT json_group_array(json_array({', '.join(Job.__struct_fields__)})) FROM ({_NEXT})"  # noqa: S608  our own
_ROWS = msgspec.json.Decoder(list[Job])

_RESERVE = {
    engine: f"""UPDATE outbox SET worker = :worker, state = 'sending'
                WHERE id IN ({ids}) AND worker IS NULL AND state IN ('queued', 'deferred')"""  # noqa: S608  our own
    for engine, ids in IDS.items()
}
_FREE = {
    engine: f"""UPDATE outbox SET worker = NULL, state = 'queued'
                WHERE id IN ({ids}) AND worker = :worker AND state = 'sending'"""  # noqa: S608  our own
    for engine, ids in IDS.items()
}
