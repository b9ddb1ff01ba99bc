"""A whole SQLite database into an empty PostgreSQL: in one transaction there, compared row by row before it ends.

Nobody may use either meanwhile. Ids are the application's own, so there is no sequence to be set.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from newsletter import clock
from newsletter.errors import BadInput, MigrationError, Unavailable
from newsletter.storage import backup, dumps
from newsletter.storage.db import Action, sqlite_path
from newsletter.storage.late import load_postgres
from newsletter.storage.migrate import migrate, pending
from newsletter.storage.sqlite_file import cannot_open
from newsletter.storage.steps import named

_LEDGER = "migrations"
_OURS = "SELECT to_regclass('migrations') IS NOT NULL"
_COLUMNS = """SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"""
_REFERENCES = """SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2"""
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
_NOT_EMPTY = "The PostgreSQL is not empty: {} is in it. Please make an empty one (createdb), and name that."

Columns = dict[str, list[str]]
Report = Callable[[int], None]


class Moved(msgspec.Struct, frozen=True):
    """What a table holds: `digest` is the same for the same rows in any order."""

    table: str
    rows: int
    digest: str


class _Tally:
    def __init__(self) -> None:
        self.rows = self.sum = 0

    def add(self, row: Sequence[Any]) -> None:
        self.rows += 1
        one = hashlib.sha256(repr(tuple(row)).encode("utf-8", "surrogatepass")).digest()
        self.sum = (self.sum + int.from_bytes(one)) % (1 << 256)

    def of(self, table: str) -> Moved:
        return Moved(table, self.rows, f"{self.sum:064x}")


async def move(origin: str, url: str, finish: Action[[], None], report: Report) -> list[Moved]:
    """Every row of the SQLite `origin` at `url`, then `finish` in the same transaction; what each table holds now.

    `report` is told of each thousand rows. Raises NewsletterError; then nothing was changed, but for the schema there.
    """
    source = sqlite_path(origin)
    if waiting := await pending(origin):
        raise MigrationError(f"The database waits for {named(waiting)}. Run: newsletter migrate")
    backup.at_rest(source)
    with closing(sqlite3.connect(source, timeout=1, isolation_level=None)) as raw:
        try:
            raw.execute("BEGIN EXCLUSIVE")  # nobody starts the service on it meanwhile
            return await _move(raw, url, finish, report)
        except sqlite3.Error as error:
            raise cannot_open(source, error) from None


async def _move(raw: sqlite3.Connection, url: str, finish: Action[[], None], report: Report) -> list[Moved]:
    postgres = load_postgres()
    connection = await postgres.connect(url)
    try:
        await _check_ours(connection)
        await migrate(url)
        async with connection.transaction():
            columns = await _columns(connection, raw)
            await _check_fresh(connection, columns)
            references = await connection.fetch(_REFERENCES)
            for table, name, _ in references:  # else the order of tables would matter, and that of answers
                await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            moved = [await _table(connection, raw, table, columns[table], report) for table in columns]
            for table, name, definition in references:  # which looks at every row
                await connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
            await finish(postgres.PostgresTx(connection, clock.now()))
        await connection.execute("ANALYZE")
        return moved
    except postgres.ANY as error:
        raise Unavailable(
            f"PostgreSQL stopped the move ({type(error).__name__}), and nothing was changed."
        ) from None
    finally:
        await connection.close()


async def _check_ours(connection: Any) -> None:
    """Before we make our tables there. Raises NewsletterError."""
    await dumps.check_alone(connection)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    if tables and not await connection.fetchval(_OURS):
        raise BadInput(_NOT_EMPTY.format(f"a table {tables[0][0]}"))


async def _columns(connection: Any, raw: sqlite3.Connection) -> Columns:
    """Of each table that is moved. Raises MigrationError where the two differ."""
    there: Columns = {}
    for table, column in await connection.fetch(_COLUMNS):
        there.setdefault(table, []).append(column)
    here = {
        table: {row[1] for row in raw.execute(f'PRAGMA table_info("{table}")')}
        for (table,) in raw.execute(_TABLES).fetchall()
    }
    if here != {table: set(columns) for table, columns in there.items()}:
        odd = sorted(
            table for table in here.keys() | there.keys() if here.get(table) != set(there.get(table, ()))
        )
        raise MigrationError(
            f"The two databases have different columns in {', '.join(odd)}. Nothing was changed."
        )
    del there[_LEDGER]
    return there


async def _check_fresh(connection: Any, columns: Columns) -> None:
    """That no row is there but those that the migrations make. Raises BadInput."""
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "fresh.db"
        await migrate(f"sqlite:///{path}")
        with closing(sqlite3.connect(path)) as raw:
            for table in columns:
                count = f'SELECT count(*) FROM "{table}"'  # noqa: S608  names of our schema
                if await connection.fetchval(count) != raw.execute(count).fetchone()[0]:
                    raise BadInput(_NOT_EMPTY.format(f"what the table {table} holds"))


async def _table(
    connection: Any, raw: sqlite3.Connection, table: str, columns: list[str], report: Report
) -> Moved:
    names = ", ".join(f'"{name}"' for name in columns)
    look = f'SELECT {names} FROM "{table}"'  # noqa: S608  names of our schema
    sent, arrived = _Tally(), _Tally()
    await connection.execute(f'DELETE FROM "{table}"')  # noqa: S608  the same
    try:
        with closing(raw.execute(look)) as found:
            rows = _counted(found, sent, report)
            await connection.copy_records_to_table(table, records=rows, columns=columns)
    except (ValueError, TypeError, OverflowError) as error:  # its words would tell the value
        raise BadInput(
            f"Row {sent.rows:,} of the table {table} has a value that PostgreSQL doesn't take "
            f"({type(error).__name__}). Nothing was changed."
        ) from None
    async for row in connection.cursor(look, prefetch=2_000):
        arrived.add(row)
    if arrived.of(table) != sent.of(table):
        raise Unavailable(f"The table {table} did not arrive as it was. Nothing was changed.")
    return arrived.of(table)


def _counted(rows: Iterator[Any], tally: _Tally, report: Report) -> Iterator[Any]:
    for row in rows:
        tally.add(row)
        if tally.rows % 1_000 == 0:
            report(1_000)
        yield row


def count(source: Path) -> int:
    """About how many rows there are. Raises NewsletterError."""
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as raw:
            tables = [name for (name,) in raw.execute(_TABLES)]
            return sum(raw.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables)  # noqa: S608  names of our schema
    except sqlite3.Error as error:
        raise cannot_open(source, error) from None
