"""How many people have which status, and how many came, confirmed and left on which day: kept, so that nobody need
count everybody.

Who is added is counted here, by what adds them; what changes of them, and who goes, by the database's own triggers
(migration 0037). All of it is in the transaction that it is about.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from newsletter.clock import DAY
from newsletter.storage import Database, Engine, Tx
from newsletter.subscribers.model import STATUSES, Status

_log = logging.getLogger(__name__)

Event = Literal["joined", "confirmed", "left"]
Changes = Mapping[tuple[str, int], int]
"""So many more, or fewer, of a kind on a day (its first ms, UTC; 0 of a status)."""

RECOUNT_EVERY = DAY


class _Count(msgspec.Struct):
    kind: str
    day: int
    people: int


async def admitted(tx: Tx, count: int) -> None:
    """One pending person more, or, with 0, none: the same is done for an address that is known.

    Once for all who sign up in one transaction: on PostgreSQL a statement for each took 47 of the 475 µs that the
    processors spent on a sign-up, and this takes 8 (medians of twelve turns, on a busy machine).
    """
    await tx.tally(
        f"""INSERT INTO subscriber_counts (kind, day, people)
            VALUES ('pending', 0, CAST(:count AS BIGINT)), ('joined', CAST(:day AS BIGINT), :count)
            {_ADDED[tx.engine]}""",
        count,
        day=tx.now - tx.now % DAY,
    )


def of_new(people: Sequence[tuple[Status, int, int | None, int | None]]) -> Changes:
    """People by their status, and when they joined, confirmed and left (ms)."""
    statuses, *times = zip(*people, strict=True) if people else ((), (), (), ())
    changes: dict[tuple[str, int], int] = {(status, 0): count for status, count in Counter(statuses).items()}
    for kind, times_of_it in zip(("joined", "confirmed", "left"), times, strict=True):
        days = Counter([at // DAY for at in times_of_it if at is not None])
        changes.update({(kind, day * DAY): count for day, count in days.items()})
    return changes


async def add(tx: Tx, changes: Changes) -> None:
    await tx.many(
        f"""INSERT INTO subscriber_counts (kind, day, people)
            VALUES (:kind, :day, :people) {_ADDED[tx.engine]}""",
        [{"kind": kind, "day": day, "people": people} for (kind, day), people in changes.items() if people],
    )


async def by_status(tx: Tx) -> dict[Status, int]:
    counts = {row.kind: row.people for row in await tx.all(_Count, _BY_STATUS)}
    return {status: counts.get(status, 0) for status in STATUSES}


async def by_day(tx: Tx, kind: Event, since: int) -> dict[int, int]:
    rows = await tx.all(_Count, _BY_DAY, kind=kind, since=since - since % DAY)
    return {row.day: row.people for row in rows}


async def keep(db: Database) -> None:
    """The chore: counts of many rows become one, and once a day everybody is counted, in case that a program of
    another version, or somebody's own hand, has added people without counting them."""
    if db.engine == "postgres":
        await db.write(fold)
    found = await db.read(recount)
    if found is None:
        return
    mended = await db.write(mend, found)
    if mended and found.changes and found.before:
        _log.warning("%d counts of subscribers were wrong, and are right now.", len(found.changes))


async def fold(tx: Tx) -> None:
    """Makes one row of each count on PostgreSQL, where each change of one is a row of its own. Two at once do no
    harm: what one has taken away, the other doesn't find."""
    await tx.run(
        """WITH folded AS (
               DELETE FROM subscriber_counts WHERE (kind, day) IN (
                   SELECT kind, day FROM subscriber_counts GROUP BY kind, day HAVING count(*) > 1)
               RETURNING kind, day, people)
           INSERT INTO subscriber_counts (kind, day, people)
           SELECT kind, day, sum(people) FROM folded GROUP BY kind, day"""
    )


class Recount(msgspec.Struct, frozen=True):
    """What everybody was counted for: `changes` is what is missing in the counts, as of one moment."""

    before: int  # when that was done last (ms)
    changes: Changes


async def recount(tx: Tx, every: int = RECOUNT_EVERY) -> Recount | None:
    """Counts everybody, in one snapshot with what was kept; None where that is not due. It takes a second for each
    million, and nobody waits for it."""
    before = int(await tx.value("SELECT day FROM subscriber_counts WHERE kind = 'recounted'"))
    if before > tx.now - every:
        return None
    found: Counter[tuple[str, int]] = Counter()
    for sql in _EVERYBODY:
        found.update({(row.kind, row.day): row.people for row in await tx.all(_Count, sql)})
    found.subtract({(row.kind, row.day): row.people for row in await tx.all(_Count, _KEPT)})
    return Recount(before, {key: people for key, people in found.items() if people})


async def mend(tx: Tx, found: Recount) -> bool:
    """Adds what was missing: right whatever has been counted since. False where another process has done so."""
    first = await tx.run(
        "UPDATE subscriber_counts SET day = :now WHERE kind = 'recounted' AND day = :before",
        now=tx.now,
        before=found.before,
    )
    if first:
        await add(tx, found.changes)
    return bool(first)


_ADDED: dict[Engine, str] = {
    "sqlite": "ON CONFLICT (kind, day) DO UPDATE SET people = people + excluded.people",
    "postgres": "",
}
_BY_STATUS = "SELECT kind, day, sum(people) AS people FROM subscriber_counts WHERE day = 0 GROUP BY kind, day"
_BY_DAY = """SELECT kind, day, sum(people) AS people FROM subscriber_counts
    WHERE kind = :kind AND day >= :since GROUP BY kind, day"""
_KEPT = """SELECT kind, day, sum(people) AS people FROM subscriber_counts
    WHERE kind <> 'recounted' GROUP BY kind, day"""
_OF_DAY = f"""SELECT '{{kind}}' AS kind, {{at}} / {DAY} * {DAY} AS day, count(*) AS people FROM subscribers
    WHERE {{at}} IS NOT NULL GROUP BY 2"""
_EVERYBODY = (
    "SELECT status AS kind, CAST(0 AS BIGINT) AS day, count(*) AS people FROM subscribers GROUP BY status",
    _OF_DAY.format(kind="joined", at="created_at"),
    _OF_DAY.format(kind="confirmed", at="confirmed_at"),
    _OF_DAY.format(kind="left", at="unsubscribed_at"),
)
