"""Reserving rows of mailings within the limits of their providers, in place of what newsletter/mail/bulk_ledger.py
does where there are none."""

import msgspec

from newsletter.mail import bulk_ledger, domains
from newsletter.mail import limits as held
from newsletter.mail.bulk_ledger import JOBS, Job
from newsletter.mail.domains import READY, Gate
from newsletter.mail.hold import NOT_HELD
from newsletter.mail.limits import Limits
from newsletter.storage import Tx

MORE = "put aside"
"""Woken where all that was looked at had to wait, and others may stand behind it."""

_LOOKS = 5  # at so many handfuls of rows in one turn, where whole handfuls must wait
_HANDFUL = 100


class _Id(msgspec.Struct):
    id: int


async def is_due(tx: Tx) -> bool:
    """Whether there is anything to reserve, or what was put aside may have room."""
    return await bulk_ledger.is_due(tx) or bool(await tx.all(_Id, _ANY_READY, **domains.moments(tx.now)))


async def reserve(tx: Tx, worker: int, most: int, limits: Limits, after: int = 0) -> list[Job]:
    """As `bulk_ledger.reserve`. Who was put aside goes first; who has to wait now is put aside."""
    await held.meter(tx)  # workers take turns: what they count they count together
    meter, most = await held.left_for_many(tx, limits, most)
    if most <= 0:
        return []
    gate = Gate(limits.domains, tx.now)
    jobs = await _put_aside(tx, gate, worker, most, after)
    for _ in range(_LOOKS):
        if len(jobs) >= most:
            break
        found = await bulk_ledger.due(tx, max(most - len(jobs), _HANDFUL), after)
        going, aside = await gate.sift(tx, found, most - len(jobs))
        await bulk_ledger.take(tx, worker, going)
        jobs += going
        if not aside:
            break
    else:
        tx.wake(MORE)
    await gate.keep(tx)
    await held.spend_on_many(tx, meter, limits, len(jobs))
    return jobs


async def _put_aside(tx: Tx, gate: Gate, worker: int, most: int, after: int) -> list[Job]:
    """What waited for its provider and may go; of many mailings those have their turn that come `after` the last."""
    jobs: list[Job] = []
    for name in await gate.waiting(tx):
        room = gate.room(name, most - len(jobs))
        if not room:
            continue
        found: list[Job] = []
        mailings = await tx.all(_Id, _MAILINGS, name=name, after=after)
        each = -(-room // len(mailings)) if mailings else 0
        for mailing in mailings:
            limit = min(each, room - len(found))
            found += await tx.all(
                Job, _ROWS[tx.engine], name=name, mailing=mailing.id, now=tx.now, limit=limit
            )
        if found:
            await gate.recall(tx, name, found)
            await bulk_ledger.take(tx, worker, found)
        else:
            await gate.forget(tx, name)
        jobs += found
    return jobs


_WAITS = """o.worker IS NULL AND o.state IN ('queued', 'deferred')"""
_MAILINGS = f"""
    SELECT m.id FROM mailings m
    WHERE m.state = 'open' AND {NOT_HELD} AND EXISTS (
      SELECT 1 FROM outbox o WHERE o.provider = :name AND o.mailing_id = m.id AND {_WAITS})
    ORDER BY CASE WHEN m.id > CAST(:after AS BIGINT) THEN 0 ELSE 1 END, m.id LIMIT 8
    """  # noqa: S608  our own
_ROW = f"{JOBS} WHERE o.provider = :name AND o.mailing_id = :mailing AND {_WAITS} LIMIT :limit"
_ROWS = {"sqlite": _ROW, "postgres": f"{_ROW} FOR UPDATE OF o SKIP LOCKED"}
# By the least of them, and no EXISTS: as for _OPEN in newsletter/mail/bulk_ledger.py.
_ANY_READY = f"""
    SELECT m.id FROM mailings m
    WHERE m.state = 'open' AND {NOT_HELD} AND EXISTS (
      SELECT 1 FROM send_domains d
      WHERE d.waits = 1 AND {READY} AND m.id = (
        SELECT min(o.mailing_id) FROM outbox o WHERE o.provider = d.name AND o.mailing_id >= m.id AND {_WAITS}))
    LIMIT 1
    """  # noqa: S608  our own
