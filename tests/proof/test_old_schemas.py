"""A database of every schema that was released comes to this one with all its rows, and what they said.

`tests/fixtures/schemas/` holds one for each migration, as it left SQLite: made once, and never again.
"""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from newsletter import paths
from newsletter.storage import migrate, pending
from tests.figures import Figure
from tests.fixtures.make import SCHEMAS, columns, numbers, steps, tables

OLD = sorted(SCHEMAS.glob("*.sql"))
ON_POSTGRES = OLD[::5]  # each of them is a database to be made
Rows = dict[str, dict[str, list[Any]]]  # table → column → its values, sorted


def photograph(raw: sqlite3.Connection) -> Rows:
    found: Rows = {}
    for table in tables(raw):
        found[table] = {
            one.name: sorted((row[0] for row in raw.execute(f"SELECT {one.name} FROM {table}")), key=repr)
            for one in columns(raw, table)
        }
    return found


def differences(before: Rows, after: Rows) -> list[str]:
    """Tables that lost or gained rows, and columns whose values are others."""
    wrong = []
    for table, was in before.items():
        now = after.get(table)
        if now is None:
            wrong.append(f"{table} is gone")
            continue
        for column, values in was.items():
            if column in now and now[column] != values:
                wrong.append(f"{table}.{column}: {values} became {now[column]}")
    return wrong


def test_there_is_one_for_each_migration_up_to_the_last_release() -> None:
    kept = [int(path.stem) for path in OLD]
    assert kept == numbers()[: len(kept)]
    assert len(kept) >= 26


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
async def test_each_comes_to_this_version_with_its_rows(old: Path, tmp_path: Path, figure: Figure) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.executescript(old.read_text("utf-8"))
        before = photograph(raw)
    await migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as raw:
        wrong = differences(before, photograph(raw))
        wrong += [f"{row} points nowhere" for row in raw.execute("PRAGMA foreign_key_check")]
    figure(f"old_schema_{old.stem}_sqlite_wrong", len(wrong), "0", not wrong)
    assert sum(len(next(iter(table.values()))) for table in before.values()) > 10
    assert await pending(f"sqlite:///{path}") == []
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("old", ON_POSTGRES, ids=lambda path: path.stem)
async def test_so_it_does_on_postgresql(
    empty_postgres_url: str, old: Path, tmp_path: Path, figure: Figure
) -> None:
    (tmp_path / "steps").mkdir()
    await migrate(empty_postgres_url, folder=steps(int(old.stem), tmp_path / "steps"))
    inserts = re.findall(r"(?m)^INSERT INTO (?!migrations\b).+;$", old.read_text("utf-8"))
    connection = await asyncpg.connect(empty_postgres_url)
    try:
        names = {re.split(r"[ (]", line)[2] for line in inserts}
        async with connection.transaction():
            await connection.execute(
                "SET LOCAL session_replication_role = replica"
            )  # the order of tables is none
            for name in names:
                await connection.execute(f"DELETE FROM {name}")
            for line in inserts:
                await connection.execute(re.sub(r"X'([0-9A-F]*)'", r"'\\x\1'", line))
        before = await counted(connection, names)
    finally:
        await connection.close()
    await migrate(empty_postgres_url, folder=paths.MIGRATIONS)
    connection = await asyncpg.connect(empty_postgres_url)
    try:
        after = await counted(connection, names)
    finally:
        await connection.close()
    wrong = [name for name in names if after[name] != before[name]]
    figure(f"old_schema_{old.stem}_postgres_wrong", len(wrong), "0", not wrong)
    assert not wrong, wrong


async def counted(connection: Any, names: set[str]) -> dict[str, int]:
    return {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in names}
