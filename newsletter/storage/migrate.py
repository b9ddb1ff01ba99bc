"""Brings a database to the schema of this code: numbered SQL files, forward only, one transaction each.

Any number of processes may do so at once: each step is taken under the database's own lock, after a
look at the ledger (table `migrations`), so one applies it and the others find it applied.
"""

import logging
import sqlite3
from functools import cache, partial
from pathlib import Path
from typing import Any

from newsletter import clock, paths
from newsletter.errors import MigrationError
from newsletter.storage import copies
from newsletter.storage.db import Engine, Tx, engine_of, sqlite_path
from newsletter.storage.late import load_postgres
from newsletter.storage.sqlite_file import WRITER_PRAGMAS, cannot_open, connect, make_file, require_log
from newsletter.storage.steps import LEDGER, Applied, Step, load, outstanding

_log = logging.getLogger(__name__)
_PATIENCE = 60.0  # seconds that one process waits for another's step
_LOCK = 7_018_452_307  # any number, the same in every process
_READ_LEDGER = "SELECT number, name, sha256 FROM migrations ORDER BY number"
_NOTE = "INSERT INTO migrations (number, name, sha256, applied_at) VALUES (?, ?, ?, ?)"
_NOTE_THERE = "INSERT INTO migrations (number, name, sha256, applied_at) VALUES ($1, $2, $3, $4)"


async def migrate(url: str, *, folder: Path = paths.MIGRATIONS) -> list[str]:
    """Applies what is outstanding and names it. Raises MigrationError, SettingsError, Unavailable.

    A SQLite database that holds rows is copied first, to `<name>-before-<number>.db` beside it (storage/copies.py).
    """
    if engine_of(url) == "sqlite":
        return await _migrate_sqlite(sqlite_path(url), folder)
    return await _migrate_postgres(url, folder)


async def pending(url: str, *, folder: Path = paths.MIGRATIONS) -> list[str]:
    """What `migrate` would apply; it changes nothing. Raises as `migrate` does."""
    if engine_of(url) == "sqlite":
        applied = await _sqlite_ledger(sqlite_path(url))
    else:
        applied = await _postgres_ledger(url)
    return [step.name for step in outstanding(load(folder, engine_of(url)), applied)]


async def behind(tx: Tx) -> list[str]:
    """As `pending`, for a database that is open already: cheap enough to be asked all day. Raises MigrationError."""
    applied = await tx.all(Applied, _READ_LEDGER)
    return [step.name for step in outstanding(_ours(tx.engine), applied)]


@cache
def _ours(engine: Engine) -> list[Step]:
    return load(paths.MIGRATIONS, engine)


async def _migrate_sqlite(path: Path, folder: Path) -> list[str]:
    steps = load(folder, "sqlite")
    make_file(path)
    try:
        connection = await connect(path, WRITER_PRAGMAS, _PATIENCE)
    except sqlite3.Error as error:
        raise cannot_open(path, error) from None
    try:
        await connection.run(require_log)
        return await connection.run(partial(_apply_all, path=path, steps=steps))
    except sqlite3.Error as error:
        raise cannot_open(path, error) from None
    finally:
        await connection.close()


def _apply_all(raw: sqlite3.Connection, path: Path, steps: list[Step]) -> list[str]:
    # A table is rebuilt by dropping it: that must not delete what points to it. Each step checks at its end.
    raw.execute("PRAGMA foreign_keys = OFF")
    done: list[str] = []
    while (step := _apply_next(raw, path, steps, copied=bool(done))) is not None:
        _log.info("applied migration %s", step.name)
        done.append(step.name)
    return done


def _apply_next(raw: sqlite3.Connection, path: Path, steps: list[Step], *, copied: bool) -> Step | None:
    raw.execute("BEGIN IMMEDIATE")
    try:
        raw.execute(LEDGER)
        todo = outstanding(steps, _ledger(raw))
        if not todo:
            return None
        if not copied and _holds_rows(raw):
            copies.make(path, todo[0].number)
        _apply(raw, todo[0])
        raw.execute("COMMIT")
        return todo[0]
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")


def _apply(raw: sqlite3.Connection, step: Step) -> None:
    try:
        for statement in step.statements:
            raw.execute(statement)
        orphans = raw.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.Error as error:
        raise _failed(step, error) from None
    if orphans:
        raise _failed(step, f"it leaves rows of {orphans[0][0]} that point to no row of {orphans[0][2]}")
    row = (step.number, step.name, step.sha256, clock.now())
    raw.execute(_NOTE, row)


def _holds_rows(raw: sqlite3.Connection) -> bool:
    tables = raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'migrations'")
    return any(raw.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() for (name,) in tables.fetchall())  # noqa: S608  names of our schema


async def _sqlite_ledger(path: Path) -> list[Applied]:
    if not path.exists():  # noqa: ASYNC240  one look before the service starts
        return []
    try:
        connection = await connect(path, "PRAGMA query_only = ON;", _PATIENCE)
        try:
            return await connection.run(_ledger)
        finally:
            await connection.close()
    except sqlite3.Error as error:
        raise cannot_open(path, error) from None


def _ledger(raw: sqlite3.Connection) -> list[Applied]:
    if not raw.execute("SELECT 1 FROM sqlite_schema WHERE name = 'migrations'").fetchone():
        return []
    return [Applied(*row) for row in raw.execute(_READ_LEDGER).fetchall()]


async def _migrate_postgres(url: str, folder: Path) -> list[str]:
    steps = load(folder, "postgres")
    connection = await load_postgres().connect(url)
    done: list[str] = []
    try:
        while (step := await _apply_next_there(connection, steps)) is not None:
            _log.info("applied migration %s", step.name)
            done.append(step.name)
        return done
    finally:
        await connection.close()


async def _apply_next_there(connection: Any, steps: list[Step]) -> Step | None:
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
        todo = outstanding(steps, await _ledger_there(connection))
        if not todo:
            return None
        step = todo[0]
        try:
            for statement in (LEDGER, *step.statements):
                await connection.execute(statement)
        except load_postgres().ANY as error:
            raise _failed(step, error.args[0]) from None
        row = (step.number, step.name, step.sha256, clock.now())
        await connection.execute(_NOTE_THERE, *row)
        return step


async def _postgres_ledger(url: str) -> list[Applied]:
    connection = await load_postgres().connect(url)
    try:
        return await _ledger_there(connection)
    finally:
        await connection.close()


async def _ledger_there(connection: Any) -> list[Applied]:
    if await connection.fetchval("SELECT to_regclass('migrations')") is None:
        return []
    return [Applied(*row) for row in await connection.fetch(_READ_LEDGER)]


def _failed(step: Step, reason: object) -> MigrationError:
    return MigrationError(f"Migration {step.name} failed and was undone: {reason}.")
