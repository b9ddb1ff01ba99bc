"""What became of the mail to each domain, by day: kept, so that nobody need go through all mail of a month.

Nothing is written for it where mail is sent. What was settled, and what came back, is counted later, a slice at a time
in the order of time; how far that has come is a row, so that a restart forgets nothing and counts nothing twice. What
it hasn't come to is counted by whoever looks. Who is erased is taken off by the database's own triggers (migration
0038).
"""

import logging
from collections import Counter
from collections.abc import Iterable

import msgspec

from newsletter.clock import DAY, MINUTE
from newsletter.storage import Database, Tx

DAYS = 30
RECOUNT_EVERY = DAY
SLICE = 2_000
"""Rows of the outbox that are counted in one transaction: ten milliseconds or so, and no sign-up waits for longer."""

_LATE = MINUTE
"""What is settled now may be committed after what is settled later. Nobody takes as long as that."""

_log = logging.getLogger(__name__)

Key = tuple[int, str, str]  # a day (its first ms, UTC), a domain, and what


class Came(msgspec.Struct):
    """So many mails: `accepted`, or a bounce's kind."""

    day: int
    domain: str
    what: str
    mails: int


class Reach(msgspec.Struct, frozen=True):
    """What was settled or came back up to `counted_to` is counted; it was all counted anew at `recounted_at` (ms)."""

    counted_to: int
    recounted_at: int


class Recount(msgspec.Struct, frozen=True):
    """`missing`: what is to be added to the counts, as of one moment, so that they are right up to `to` (ms)."""

    reach: Reach
    to: int
    missing: dict[Key, int]


def first_day(now: int) -> int:
    """Of those that are shown (ms)."""
    return (now - DAYS * DAY) // DAY * DAY


async def lately(tx: Tx) -> list[Came]:
    """All since the first day; the same domain may come twice, and the days are not told apart (0)."""
    since = first_day(tx.now)
    kept = await tx.all(Came, _KEPT, since=since)
    reach = await _reach(tx)
    return [*kept, *await _count(tx, max(reach.counted_to, since - 1), tx.now)]


async def keep(db: Database) -> None:
    """The chore: what was settled since is counted, and once a day all of it once more, in case that a clock was set
    back, or a row was deleted just when it was counted."""
    while await db.write(go_on):
        pass
    await db.write(forget)
    found = await db.read(recount)
    if found is None:
        return
    mended = await db.write(mend, found)
    if mended and found.missing and found.reach.recounted_at:
        _log.warning("%d counts of mail to domains were wrong, and are right now.", len(found.missing))


async def go_on(tx: Tx) -> bool:
    """Counts the next slice. Whether there may be more."""
    reach = await _reach(tx)
    after, until = max(reach.counted_to, first_day(tx.now) - 1), tx.now - _LATE
    if after >= until:
        return False
    end = await tx.value(_END_OF_SLICE, after=after, until=until, slice=SLICE)
    to = until if end is None else int(end)
    first = await tx.run(_REACHED, to=to, **{"from": reach.counted_to})
    if first:  # else another process has counted it
        await _add(tx, await _count(tx, after, to))
    return end is not None


async def forget(tx: Tx) -> None:
    """Days that are not shown any more, and domains of which nothing is left. On PostgreSQL, where each change of a
    count is a row of its own, it makes one of them."""
    since = first_day(tx.now)
    await tx.run(
        "UPDATE domain_counts_reach SET counted_from = :since WHERE counted_from < :since", since=since
    )
    await tx.run("DELETE FROM domain_counts WHERE day < :since", since=since)
    await tx.run(_FOLD if tx.engine == "postgres" else "DELETE FROM domain_counts WHERE mails = 0")


async def recount(tx: Tx, every: int = RECOUNT_EVERY) -> Recount | None:
    """Counts all mail that is shown, in one snapshot with what was kept; None where that is not due. It takes some
    seconds for a million, and nobody waits for it."""
    reach = await _reach(tx)
    set_back = reach.counted_to > tx.now  # what is settled now would be taken for counted
    if reach.recounted_at > tx.now - every and not set_back:
        return None
    to = tx.now - _LATE if set_back else reach.counted_to
    since = first_day(tx.now)
    missing = _sum(await _count(tx, since - 1, to))
    missing.subtract(_sum(await tx.all(Came, _EACH, since=since)))
    return Recount(reach, to, {key: mails for key, mails in missing.items() if mails})


async def mend(tx: Tx, found: Recount) -> bool:
    """Adds what was missing. False where another process has counted on since: it is found again at the next round."""
    before = {"before": found.reach.recounted_at, "from": found.reach.counted_to}
    first = await tx.run(_RECOUNTED, now=tx.now, to=found.to, **before)
    if first:
        await _add(tx, [Came(*key, mails) for key, mails in found.missing.items()])
    return bool(first)


async def _reach(tx: Tx) -> Reach:
    found = await tx.one(Reach, "SELECT counted_to, recounted_at FROM domain_counts_reach")
    assert found is not None
    return found


async def _count(tx: Tx, after: int, to: int) -> list[Came]:
    """What the rows themselves say."""
    return await tx.all(Came, _ROWS[tx.engine], after=after, to=to)


async def _add(tx: Tx, came: Iterable[Came]) -> None:
    await tx.many(_ADD[tx.engine], [msgspec.structs.asdict(one) for one in came])


def _sum(came: Iterable[Came]) -> Counter[Key]:
    total: Counter[Key] = Counter()
    for one in came:
        total[one.day, one.domain, one.what] += one.mails
    return total


_DOMAIN = {
    "sqlite": "lower(substr(o.recipient, instr(o.recipient, '@') + 1))",
    "postgres": "lower(substr(o.recipient, strpos(o.recipient, '@') + 1))",
}
_ROWS = {
    engine: f"""
    SELECT o.settled_at / {DAY} * {DAY} AS day, {domain} AS domain, 'accepted' AS what, count(*) AS mails FROM outbox o
    WHERE o.settled_at > :after AND o.settled_at <= :to AND o.state = 'sent' AND o.recipient <> '' GROUP BY 1, 2
    UNION ALL
    SELECT b.at / {DAY} * {DAY}, {domain}, b.kind, count(*) FROM bounces b JOIN outbox o ON o.id = b.outbox_id
    WHERE b.at > :after AND b.at <= :to AND o.recipient <> '' GROUP BY 1, 2, 3
    """  # noqa: S608  our own
    for engine, domain in _DOMAIN.items()
}
_KEPT = """SELECT CAST(0 AS BIGINT) AS day, domain, what, CAST(sum(mails) AS BIGINT) AS mails FROM domain_counts
    WHERE day >= :since GROUP BY domain, what"""
_EACH = "SELECT day, domain, what, mails FROM domain_counts WHERE day >= :since"
_END_OF_SLICE = """SELECT settled_at FROM outbox WHERE settled_at > :after AND settled_at <= :until
    ORDER BY settled_at LIMIT 1 OFFSET :slice"""
_REACHED = "UPDATE domain_counts_reach SET counted_to = CAST(:to AS BIGINT) WHERE counted_to = :from"
_RECOUNTED = """UPDATE domain_counts_reach SET recounted_at = CAST(:now AS BIGINT), counted_to = CAST(:to AS BIGINT)
    WHERE recounted_at = :before AND counted_to = :from"""
_INSERT = "INSERT INTO domain_counts (day, domain, what, mails) VALUES (:day, :domain, :what, :mails)"
_ADD = {
    "sqlite": f"{_INSERT} ON CONFLICT (day, domain, what) DO UPDATE SET mails = mails + excluded.mails",
    "postgres": _INSERT,
}
# Two at once do no harm: what one has taken away, the other doesn't find.
_FOLD = """
    WITH folded AS (
        DELETE FROM domain_counts WHERE mails = 0 OR (day, domain, what) IN (
            SELECT day, domain, what FROM domain_counts GROUP BY day, domain, what HAVING count(*) > 1)
        RETURNING day, domain, what, mails)
    INSERT INTO domain_counts (day, domain, what, mails)
    SELECT day, domain, what, CAST(sum(mails) AS BIGINT) FROM folded GROUP BY day, domain, what HAVING sum(mails) <> 0
    """
