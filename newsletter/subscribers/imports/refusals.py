"""The rows that were refused, as they stood in the file, with their line and why: to be mended and taken in again."""

import csv
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from typing import TextIO

from newsletter.storage import Database
from newsletter.subscribers.export import guard
from newsletter.subscribers.imports.model import Refused
from newsletter.subscribers.imports.store import taking as store
from newsletter.subscribers.imports.table import Table


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
