"""An import from its file to its end: what is read is sorted by address first, then taken in, slice by slice.

Sorted, a million addresses fill their index from one end to the other, and the same address twice stands together.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from itertools import islice

import msgspec

from newsletter.clock import monotonic
from newsletter.storage import Database, Scratch, Tx, own_checkpoints
from newsletter.subscribers.imports.actions import Import, Importing
from newsletter.subscribers.imports.coming import Coming, Readying
from newsletter.subscribers.imports.mapping import Mapping
from newsletter.subscribers.imports.model import STRICTEST, Person, Refused, Tally
from newsletter.subscribers.imports.people import Persons
from newsletter.subscribers.imports.refusals import Refusals
from newsletter.subscribers.imports.table import Table
from newsletter.words import gettext as _

FEWEST, MOST = 400, 5_000
"""People in a slice. Each COMMIT costs 2 ms of the processor: with slices of 200 that was a fifth of an import's time,
and it is what a machine came to that is busy otherwise. 400 take 10 ms on an idle one."""

LONGEST = 0.022
"""Seconds that a slice should hold the database, its COMMIT among them; sign-ups wait as long. What SQLite has in its
log goes into the database between two slices, so that no COMMIT has to do that too."""

LOGGED = 1_000
"""People after whom it does: each fills a page of the log, in a new database, to one and a half, among a million. After
each slice of 400 it cost 7 µs a person more. A COMMIT after 2,000 pages took 18 ms of the processor, and 5 without."""

AHEAD = 1_000
"""People that are read at once."""
MOST_UNREADABLE = 100_000
"""Unreadable rows whose reason is kept for good; more than that is no list but some other file."""


class Staged:
    """What could be read of a file, in the order of the addresses. To be closed."""

    def __init__(self, table: Table, mapping: Mapping, tags: Sequence[str], now: int) -> None:
        self.table = table
        self.mapping = mapping
        self.tags = list(tags)
        self.people = 0
        self.unreadable = 0
        self.refused = Refusals()
        self._now = now
        self._scratch = Scratch()

    def fill(self) -> Iterator[int]:
        """Reads the file; comes back with the line that it has reached. Raises BadInput."""
        persons = Persons(self.table, self.mapping, self.tags, self._now)
        encode = msgspec.json.Encoder().encode
        ranks = {status: rank for rank, status in enumerate(STRICTEST)}
        rows = self.table.rows()
        line = 0
        while some := list(islice(rows, 1_000)):
            batch, beside = [], list[Refused]()
            for row in some:
                line = row.line
                found = row if isinstance(row, Refused) else persons.read(row)
                if isinstance(found, Person):
                    batch.append((found.key, ranks[found.status], found.line, encode(found)))
                else:
                    beside.append(found)
            self._scratch.add(batch)
            self.refused.add(beside)
            self.unreadable += len(beside)
            self.people += len(batch)
            yield line

    def items(self) -> Iterator[Person | Refused]:
        """Each address once; its other rows are refused."""
        decode = msgspec.json.Decoder(Person).decode
        before, first = None, 0
        for key, row in self._scratch.sorted():
            person = decode(row)
            if key == before:
                yield Refused(person.line, _("The same address stands in line %(line)d.") % {"line": first})
            else:
                before, first = key, person.line
                yield person

    def plan(self) -> str:
        """What makes two imports of one file the same."""
        plan: dict[str, object] = {"targets": self.mapping.targets, "tags": self.tags}
        if self.table.asked:
            plan["encoding"] = self.table.asked
        return msgspec.json.encode(plan).decode()

    def close(self) -> None:
        self._scratch.close()
        self.refused.close()


class _Undone(Exception):
    """Ends a dry run's transaction with what came of it."""

    def __init__(self, came: Import) -> None:
        super().__init__()
        self.came = came


async def take_in(
    db: Database, importing: Importing, staged: Staged, origin: str, *, dry: bool
) -> AsyncGenerator[Import, None]:
    """Comes back after each slice with how far it has come: `tally` counts what was refused before, too.

    With `dry` each slice is undone. Broken off and begun again, it goes on where it was. Raises Conflict, Unavailable.
    """
    one = Import(0, origin)
    if not dry:
        one = await db.write(
            importing.begin, staged.table.sha256, origin, staged.plan(), staged.people, staged.unreadable
        )
        refused = islice(staged.refused.by_line(), MOST_UNREADABLE)
        while few := list(islice(refused, 500)):
            await db.write(importing.refuse, one.id, few)
    unreadable = Tally(refused=staged.unreadable)
    yield _with(one, unreadable)
    size, moved = FEWEST, one.position
    reader = _Reader(db, islice(staged.items(), one.position, None), importing.readying(origin))
    async with own_checkpoints(db):
        some: list[Coming | Refused] = []
        while not reader.ended:
            logged = one.position - moved >= LOGGED
            some += await reader.read(checkpoint=logged)
            moved = one.position if logged else moved
            while len(some) >= size or (some and reader.ended):
                one = await _slice(db, importing, one, some[:size], dry=dry)
                del some[:size]
                size = _paced(size, one.seconds)
                yield _with(one, unreadable)
    if not dry:
        await db.write(importing.finish, one.id)


class _Reader:
    """What comes next of `items`, read in a thread, and never while a slice is taken in.

    Then each statement of that would have to ask for the interpreter, and whoever signs up would wait for it.
    """

    def __init__(self, db: Database, items: Iterator[Person | Refused], readying: Readying) -> None:
        self.ended = False
        self._db = db
        self._items = items
        self._readying = readying

    async def read(self, *, checkpoint: bool) -> list[Coming | Refused]:
        """AHEAD more; the last are fewer, or none. What SQLite has in its log goes into the database meanwhile: that
        needs no interpreter."""
        now = await self._db.read(_now)
        reading = asyncio.create_task(asyncio.to_thread(self._next, now))
        try:
            if checkpoint:
                await self._db.checkpoint(again=True)
            some = await asyncio.shield(reading)
        finally:
            await asyncio.wait([reading])  # nobody closes what is still being read
        self.ended = len(some) < AHEAD
        return some

    def _next(self, now: int) -> list[Coming | Refused]:
        return self._readying.ready(list(islice(self._items, AHEAD)), now)


async def _now(tx: Tx) -> int:
    return tx.now


def _paced(size: int, seconds: float) -> int:
    """How many the next slice has, after one of that size took so long."""
    if seconds > LONGEST:
        return max(FEWEST, int(size * max(0.5, LONGEST / seconds)))
    if seconds < LONGEST * 0.7:
        return min(MOST, int(size * min(1.5, 0.85 * LONGEST / max(seconds, 0.001))))
    return size


def _with(one: Import, unreadable: Tally) -> Import:
    return msgspec.structs.replace(one, tally=one.tally.plus(unreadable))


async def _slice(
    db: Database, importing: Importing, one: Import, some: Sequence[Coming | Refused], *, dry: bool
) -> Import:
    began = 0.0

    async def action(tx: Tx) -> Import:
        nonlocal began
        began = monotonic()  # not before: what others write first isn't ours
        came = await importing.keep(tx, one, some)
        if dry:
            raise _Undone(came)
        return came

    try:
        came = await db.write(action)
    except _Undone as undone:
        came = undone.came
    return msgspec.structs.replace(came, seconds=monotonic() - began)
