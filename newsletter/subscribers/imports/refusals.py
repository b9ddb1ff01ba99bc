"""The rows that were refused, as they stood in the file, with their line and why: to be mended and taken in again."""

import csv
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from itertools import islice
from typing import TextIO

import msgspec

from newsletter.storage import Database, Scratch
from newsletter.subscribers.export import guard
from newsletter.subscribers.imports.model import Refused
from newsletter.subscribers.imports.store import taking as store
from newsletter.subscribers.imports.table import Table


class Refusals:
    """Rows that are refused, in whatever order they come: on the disk, however many. To be closed."""

    def __init__(self) -> None:
        """Raises Unavailable."""
        self._scratch = Scratch()

    def add(self, some: Iterable[Refused]) -> None:
        """Raises Unavailable."""
        rows = iter(some)
        while few := list(islice(rows, 1_000)):
            self._scratch.add(("", 0, one.line, msgspec.json.encode(one)) for one in few)

    def by_line(self) -> Iterator[Refused]:
        read = msgspec.json.Decoder(Refused).decode
        return (read(row) for _, row in self._scratch.sorted())

    def close(self) -> None:
        self._scratch.close()


async def refusals(db: Database, id: int) -> AsyncGenerator[Refused, None]:
    """Those of an import, by their line."""
    async with aclosing(db.stream(store.refusals(), id=id)) as chunks:
        async for rows in chunks:
            for line, reason in rows:
                yield Refused(line, reason)


async def write_refused(table: Table, refused: AsyncIterator[Refused], file: TextIO) -> None:
    """As CSV with a mark that Excel knows. `refused` comes by its line, as the table does."""
    file.write("\ufeff")
    out = csv.writer(file)
    out.writerow(["line", "reason", *map(guard, table.columns)])
    rows = iter(table.rows())
    async for one in refused:
        cells: Iterable[str] = ()
        for row in rows:
            if row.line == one.line:
                cells = () if isinstance(row, Refused) else row.cells
                break
        out.writerow([one.line, one.reason, *map(guard, cells)])
