"""An import from its file to its end: what is read is sorted by address first, then taken in, slice by slice.

Sorted, a million addresses fill their index from one end to the other, and the same address twice stands together.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from itertools import islice

import msgspec

from newsletter.clock import monotonic
from newsletter.storage import Database, Scratch, Tx
from newsletter.subscribers.imports.actions import Import, Importing
from newsletter.subscribers.imports.mapping import Mapping
from newsletter.subscribers.imports.model import STRICTEST, Person, Refused, Tally
from newsletter.subscribers.imports.people import Persons
from newsletter.subscribers.imports.table import Table

FIRST, FEWEST, MOST = 100, 50, 5_000  # people in a slice
LONGEST = 0.02  # seconds that a slice should hold the database; sign-ups wait as long
MOST_REFUSALS = 100_000
"""Rows whose reason is kept; more than that is no list but some other file."""


class Staged:
    """What could be read of a file, in the order of the addresses. To be closed."""

    def __init__(self, table: Table, mapping: Mapping, tags: Sequence[str], now: int) -> None:
        self.table = table
        self.mapping = mapping
        self.tags = list(tags)
        self.people = 0
        self.unreadable = 0
        self.refused: list[Refused] = []
        self._now = now
        self._scratch = Scratch()

    def fill(self) -> Iterator[int]:
        """Reads the file; comes back with the line that it has reached. Raises BadInput."""
        persons = Persons(self.table, self.mapping, self.tags, self._now)
        encode = msgspec.json.Encoder().encode
        rows = self.table.rows()
        line = 0
        while some := list(islice(rows, 1_000)):
            batch = []
            for row in some:
                line = row.line
                found = row if isinstance(row, Refused) else persons.read(row)
                if isinstance(found, Person):
                    batch.append((found.key, STRICTEST.index(found.status), found.line, encode(found)))
                else:
                    self.unreadable += 1
                    if len(self.refused) < MOST_REFUSALS:
                        self.refused.append(found)
            self._scratch.add(batch)
            self.people += len(batch)
            yield line

    def items(self) -> Iterator[Person | Refused]:
        """Each address once; its other rows are refused."""
        decode = msgspec.json.Decoder(Person).decode
        before, first = None, 0
        for key, row in self._scratch.sorted():
            person = decode(row)
            if key == before:
                yield Refused(person.line, f"The same address stands in line {first}.")
            else:
                before, first = key, person.line
                yield person

    def plan(self) -> str:
        """What makes two imports of one file the same."""
        return msgspec.json.encode({"targets": self.mapping.targets, "tags": self.tags}).decode()

    def close(self) -> None:
        self._scratch.close()


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
        for start in range(0, len(staged.refused), 500):
            await db.write(importing.refuse, one.id, staged.refused[start : start + 500])
    unreadable = Tally(refused=staged.unreadable)
    items = islice(staged.items(), one.position, None)
    size = FIRST
    yield _with(one, unreadable)
    while some := list(islice(items, size)):
        one = await _slice(db, importing, one, some, dry=dry)
        if one.seconds > LONGEST:
            size = max(FEWEST, size // 2)
        elif one.seconds < LONGEST / 2 and len(some) == size:
            size = min(MOST, size + size // 2)
        yield _with(one, unreadable)
    if not dry:
        await db.write(importing.finish, one.id)


def _with(one: Import, unreadable: Tally) -> Import:
    return msgspec.structs.replace(one, tally=one.tally.plus(unreadable))


async def _slice(
    db: Database, importing: Importing, one: Import, some: Sequence[Person | Refused], *, dry: bool
) -> Import:
    async def action(tx: Tx) -> Import:
        began = monotonic()
        came = await importing.keep(tx, one, some)
        came = msgspec.structs.replace(came, seconds=monotonic() - began)
        if dry:
            raise _Undone(came)
        return came

    try:
        return await db.write(action)
    except _Undone as undone:
        return undone.came
