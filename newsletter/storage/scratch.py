"""Rows put aside for as long as somebody works on them: sorted on the disk, in constant memory, in nobody's database.

The file behind it has no name from the start, so whatever ends the process also deletes it.
"""

import sqlite3
from collections.abc import Iterable, Iterator

CACHE = 16_000  # KiB; what is more goes to the file


class Scratch:
    """Rows of bytes under a key, a rank and a number, given back in that order. For one thread at a time."""

    def __init__(self) -> None:
        self._raw = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._raw.executescript(
            f"""PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{CACHE};
                PRAGMA temp_store = FILE;
                CREATE TABLE rows (key TEXT, rank INTEGER, number INTEGER, row BLOB)"""
        ).close()
        self._raw.execute("BEGIN")

    def add(self, rows: Iterable[tuple[str, int, int, bytes]]) -> None:
        self._raw.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", rows).close()

    def sorted(self) -> Iterator[tuple[str, bytes]]:
        """Key and row."""
        cursor = self._raw.execute("SELECT key, row FROM rows ORDER BY key, rank, number")
        while rows := cursor.fetchmany(500):
            yield from rows

    def close(self) -> None:
        self._raw.close()
