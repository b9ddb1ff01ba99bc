"""A row that the database refuses, and a statement that it does not understand: each way of asking says so."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from newsletter.errors import SettingsError
from newsletter.storage import ConstraintError, Database, Tx, backup, migrate, open_database, pending
from tests.storage.conftest import Note, add, addresses

ADA = "ada@example.org"
WAYS = ("one", "all", "value", "run", "put", "many")


async def ask(tx: Tx, /, way: str, sql: str, **params: Any) -> None:
    """Writes something by itself, and then in this way."""
    await add(tx, 1, ADA)
    match way:
        case "one" | "all":
            await getattr(tx, way)(Note, f"{sql} RETURNING id, address, text, pinned", **params)
        case "value":
            await tx.value(f"{sql} RETURNING id", **params)
        case "many":
            rows: Sequence[dict[str, Any]] = [params]
            await tx.many(sql, rows)
        case _:
            await getattr(tx, way)(sql, **params)


@pytest.mark.parametrize("way", WAYS)
async def test_a_row_that_is_refused_undoes_the_whole_action(notes: Database, way: str) -> None:
    same = "INSERT INTO notes (id, address) VALUES (:id, :address)"
    with pytest.raises(ConstraintError) as caught:
        await notes.write(ask, way, same, id=2, address=ADA)
    assert ADA not in str(caught.value)
    assert await notes.read(addresses) == []
    await notes.write(ask, way, same, id=2, address="ben@example.com")
    assert await notes.read(addresses) == [ADA, "ben@example.com"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_statement_that_makes_no_sense_is_our_fault_and_names_what_it_is(
    notes: Database, way: str
) -> None:
    with pytest.raises(Exception, match="nowhere") as caught:
        await notes.write(ask, way, "INSERT INTO nowhere (id) VALUES (:id)", id=2)
    assert not isinstance(caught.value, ConstraintError)
    assert await notes.read(addresses) == []


async def test_what_is_no_database_is_called_so_whoever_looks(tmp_path: Path) -> None:
    text, folder = tmp_path / "text.db", tmp_path / "folder.db"
    text.write_text("These are not the letters that you are looking for." * 100)
    folder.mkdir()
    for path in (text, folder):
        for look in (open_database, migrate, pending):
            with pytest.raises(SettingsError, match=rf"{path.name} can't be used"):
                await look(f"sqlite:///{path}")
    with pytest.raises(SettingsError, match=r"text\.db can't be used"):
        backup.at_rest(text)


async def test_whoever_has_looked_at_a_file_lets_go_of_it(tmp_path: Path) -> None:
    """The last to close it moves its log into it."""
    url = f"sqlite:///{tmp_path}/letters.db"
    await migrate(url)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.db"]
    await pending(url)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.db"]


@pytest.mark.postgres
async def test_whoever_has_looked_at_a_server_leaves_it(empty_postgres_url: str) -> None:
    mine = await asyncpg.connect(empty_postgres_url)
    others = """SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""
    for look in (migrate, pending):
        await look(empty_postgres_url)
        async with asyncio.timeout(20):
            while await mine.fetchval(others):
                await asyncio.sleep(0.02)
    await mine.close()
