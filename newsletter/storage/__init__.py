"""Where everything is kept: plain SQL through one small port, on SQLite or PostgreSQL."""

from collections.abc import Callable
from typing import cast

from newsletter import clock as clocks
from newsletter.storage.copies import delete_old as delete_old_copies
from newsletter.storage.db import (
    Action,
    ConstraintError,
    Database,
    Engine,
    Param,
    Tx,
    engine_of,
    no_database,
    own_checkpoints,
    sqlite_path,
)
from newsletter.storage.files import CHUNK, StoredFile
from newsletter.storage.late import load_postgres
from newsletter.storage.migrate import behind, migrate, pending
from newsletter.storage.scratch import Scratch
from newsletter.storage.sqlite import SqliteDatabase
from newsletter.storage.steps import named

__all__ = [
    "CHUNK",
    "Action",
    "ConstraintError",
    "Database",
    "Engine",
    "Param",
    "Scratch",
    "StoredFile",
    "Tx",
    "behind",
    "delete_old_copies",
    "engine_of",
    "migrate",
    "named",
    "no_database",
    "open_database",
    "own_checkpoints",
    "pending",
    "sqlite_path",
]

PATIENCE = 5.0


async def open_database(
    url: str, *, clock: Callable[[], int] = clocks.now, patience: float = PATIENCE
) -> Database:
    """The database at `sqlite:///file`, `sqlite:////absolute/file` or `postgresql://…`, ready for actions.

    `patience`: seconds to wait for another program's lock, or a free connection, before Unavailable.
    Raises SettingsError for a URL that can't be used, Unavailable when nobody answers there. It does not
    look at the schema: `migrate` or `pending` come first.
    """
    if engine_of(url) == "sqlite":
        sqlite = SqliteDatabase(sqlite_path(url), clock, patience)
        await sqlite.open()
        return sqlite
    server = load_postgres().PostgresDatabase(url, clock, patience)
    await server.open()
    return cast("Database", server)
