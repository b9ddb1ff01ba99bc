"""The SQLite file itself: how it is made, why it can't be opened, and that nothing erased stays in it."""

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from newsletter.errors import NewsletterError, SettingsError, Unavailable

_BLOCK = 1 << 20
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)


def make_file(path: Path) -> None:
    """An empty file that only its owner can read, unless there is one. SQLite gives -wal and -shm its mode.

    Raises SettingsError.
    """
    if not path.parent.is_dir():
        raise SettingsError(
            f"NEWSLETTER_DATABASE_URL names the folder {path.parent}, which does not exist. "
            "Please make it, or name another."
        )
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise SettingsError(f"The database {path} can't be made: {error.strerror}.") from None


def cannot_open(path: Path, error: sqlite3.Error) -> NewsletterError:
    if primary_code(error) in _BUSY:
        return Unavailable(f"The database {path} is locked by another program. Please try again when it has ended.")
    return SettingsError(f"The database {path} can't be opened: {error}. See NEWSLETTER_DATABASE_URL.")


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without its extension; 0 where the driver itself complains."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def truncate_log(raw: sqlite3.Connection) -> bool:
    """Moves the write-ahead log into the database and empties it; False when somebody still reads from it."""
    (patience,) = raw.execute("PRAGMA busy_timeout").fetchone()
    raw.execute("PRAGMA busy_timeout = 100")  # our own writers wait meanwhile: rather come back
    try:
        busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        raw.execute(f"PRAGMA busy_timeout = {patience}")
    return not busy


def vacuum(raw: sqlite3.Connection) -> None:
    """Writes the whole file anew. Its copy lies in a temporary file: in memory it would take as much of that."""
    raw.execute("PRAGMA temp_store = FILE")
    try:
        raw.execute("VACUUM")
    finally:
        raw.execute("PRAGMA temp_store = MEMORY")


def holds(file: int, traces: Iterable[str]) -> bool:
    """Whether the file, read through a descriptor, has any of the texts in it."""
    wanted = [trace.encode() for trace in traces if trace]
    overlap = max((len(trace) for trace in wanted), default=1) - 1
    at = 0
    while block := os.pread(file, _BLOCK + overlap, at):
        if any(trace in block for trace in wanted):
            return True
        at += _BLOCK
    return False
