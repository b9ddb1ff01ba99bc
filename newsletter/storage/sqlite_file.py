"""The SQLite file itself: how it is made and opened, and that nothing erased stays in it."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

import aiosqlite

from newsletter.clock import monotonic
from newsletter.errors import NewsletterError, SettingsError, Unavailable
from newsletter.storage.db import T

# Temporary tables in memory: no address in a file that nobody scrubs. No mmap: a failing disk is then an
# error code and not a SIGBUS.
_EVERY = "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"

LOG_PAGES = 2_000
"""In the log, of 4 KiB each, after which a COMMIT moves them into the database."""

LOG_PAGES_BETWEEN = 8_000
"""The same while somebody does it between their transactions: should a reader keep the log, or rows be very long."""

# FULL: a commit that was answered survives a power cut; NORMAL lost 13,466 of 699,102 in 60 cuts.
# What a burst made longer is cut to 64 MiB.
WRITER_PRAGMAS = f"""
    {_EVERY}
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
    PRAGMA cache_size = -16000;
    PRAGMA wal_autocheckpoint = {LOG_PAGES};
    PRAGMA journal_size_limit = 67108864;
"""
# Only the writer checkpoints: in SQLite 3.7.0 to 3.51.2 two that do can race and damage the file.
READER_PRAGMAS = f"""
    {_EVERY}
    PRAGMA query_only = ON;
    PRAGMA cache_size = -8000;
    PRAGMA wal_autocheckpoint = 0;
"""
_HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)


class Connection(aiosqlite.Connection):
    """An aiosqlite connection whose thread also runs a whole function, as one hop."""

    _stopped: "asyncio.Future[None] | None" = None

    async def run(self, function: Callable[[sqlite3.Connection], T]) -> T:
        return cast("T", await self._execute(function, self._conn))  # type: ignore[no-untyped-call]  # aiosqlite leaves it untyped

    def stop(self) -> "asyncio.Future[None] | None":
        self._stopped = super().stop()
        return self._stopped

    async def opened(self) -> None:
        """Raises sqlite3.Error, once its thread is done: it speaks to the loop to the end, and that may close now."""
        try:
            await self
        except BaseException:
            if self._stopped:
                await asyncio.wait([self._stopped])
            raise


async def connect(path: Path, pragmas: str, patience: float) -> Connection:
    """A connection in autocommit mode to a file that exists. Raises sqlite3.Error.

    `patience`: seconds to wait for other programs' locks.
    """
    connection = Connection(partial(_open, path, patience), iter_chunk_size=64)
    await connection.opened()
    try:
        await _prepare(connection, pragmas, monotonic() + patience)
    except BaseException:
        await connection.close()
        raise
    return connection


async def _prepare(connection: Connection, pragmas: str, until: float) -> None:
    """Of several programs that switch a new file to a write-ahead log at once, SQLite lets one wait and
    refuses the others there and then (16 in 1,000 starts of four processes): they try again."""
    while True:
        try:
            return await connection.run(lambda raw: raw.executescript(pragmas).close())
        except sqlite3.OperationalError as error:
            if primary_code(error) not in _HELD or monotonic() > until:
                raise
        await asyncio.sleep(0.01)


def _open(path: Path, patience: float) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",  # never makes an empty database where one has vanished
        uri=True,
        timeout=patience,
        isolation_level=None,
        cached_statements=512,
    )


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


def require_log(raw: sqlite3.Connection) -> None:
    """Raises sqlite3.Error where the writer's pragmas could not switch to a write-ahead log."""
    if raw.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        raise sqlite3.OperationalError("its folder can't hold a write-ahead log; it must be on a local disk")


def cannot_open(path: Path, error: Exception) -> NewsletterError:
    if primary_code(error) in _HELD:
        return Unavailable(f"The database {path} is locked by another program. Please try again later.")
    return SettingsError(f"NEWSLETTER_DATABASE_URL: the database {path} can't be used: {error}.")


def primary_code(error: Exception) -> int:
    """SQLite's result code without its extension; 0 where the driver itself complains."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def truncate_log(raw: sqlite3.Connection) -> bool:
    """Moves the write-ahead log into the database and empties it; False while somebody still reads from it."""
    (patience,) = raw.execute("PRAGMA busy_timeout").fetchone()
    raw.execute("PRAGMA busy_timeout = 100")  # our own writers wait meanwhile: rather come back
    try:
        busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        raw.execute(f"PRAGMA busy_timeout = {patience}")
    return not busy


def checkpoint(raw: sqlite3.Connection, *, again: bool) -> None:
    """Moves what it can of the write-ahead log into the database, and waits for nobody who reads."""
    raw.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES_BETWEEN if again else LOG_PAGES}").fetchone()
    raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def vacuum(raw: sqlite3.Connection) -> None:
    """Writes the whole file anew, by way of a temporary file that has no name: memory may not hold it all."""
    raw.execute("PRAGMA temp_store = FILE")
    try:
        raw.execute("VACUUM")
    finally:
        raw.execute("PRAGMA temp_store = MEMORY")
