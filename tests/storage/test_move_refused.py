"""From SQLite to PostgreSQL: what can't be moved whole is not moved at all, and the reason is told."""

import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from newsletter import paths
from newsletter.errors import MigrationError, SettingsError, Unavailable
from newsletter.storage import Tx, migrate, move

pytestmark = pytest.mark.postgres

CHANGED_ON_ITS_WAY = """
    CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN NEW.title := upper(NEW.title); RETURN NEW; END $$;
    CREATE TRIGGER shout BEFORE INSERT ON tags FOR EACH ROW EXECUTE FUNCTION shout();
"""


async def nothing(_: Tx) -> None:
    """Comes up as it is."""


def tagged(url: str, how_many: int) -> Path:
    path = Path(url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as raw, raw:
        rows = ((n, f"t{n}", f"Title {n}") for n in range(1, how_many + 1))
        raw.executemany("INSERT INTO tags (id, name, title) VALUES (?, ?, ?)", rows)
    return path


async def tags(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM tags"))
    finally:
        await connection.close()


async def test_each_thousand_rows_is_told_of(sqlite_url: str, empty_postgres_url: str) -> None:
    tagged(sqlite_url, 2_001)
    told: list[int] = []
    await move.move(sqlite_url, empty_postgres_url, nothing, told.append)
    assert told == [1_000, 1_000]
    assert await tags(empty_postgres_url) == 2_001


async def test_an_old_schema_is_migrated_first(tmp_path: Path, empty_postgres_url: str) -> None:
    some = tmp_path / "migrations"
    some.mkdir()
    for file in sorted(paths.MIGRATIONS.glob("00*.sql"))[:5]:
        (some / file.name).write_bytes(file.read_bytes())
    url = f"sqlite:///{tmp_path}/old.db"
    await migrate(url, folder=some)
    with pytest.raises(MigrationError, match=r"waits for 0006_.*Run: newsletter migrate"):
        await move.move(url, empty_postgres_url, nothing, lambda _: None)


async def test_tables_that_differ_are_not_guessed_at(sqlite_url: str, empty_postgres_url: str) -> None:
    with closing(sqlite3.connect(tagged(sqlite_url, 1))) as raw, raw:
        raw.execute("ALTER TABLE tags ADD COLUMN theirs TEXT")
    with pytest.raises(MigrationError, match="different columns in tags"):
        await move.move(sqlite_url, empty_postgres_url, nothing, lambda _: None)
    assert await tags(empty_postgres_url) == 0


async def test_a_text_that_is_none_stops_it(sqlite_url: str, empty_postgres_url: str) -> None:
    """SQLite keeps any bytes as text, and only who reads them finds out."""
    with closing(sqlite3.connect(tagged(sqlite_url, 3))) as raw, raw:
        raw.execute("UPDATE tags SET title = CAST(x'ff41' AS TEXT) WHERE id = 2")
    with pytest.raises(SettingsError, match="Could not decode to UTF-8"):
        await move.move(sqlite_url, empty_postgres_url, nothing, lambda _: None)
    assert await tags(empty_postgres_url) == 0


async def test_what_does_not_arrive_as_it_was_is_undone(sqlite_url: str, postgres_url: str) -> None:
    tagged(sqlite_url, 3)
    server = await asyncpg.connect(postgres_url)
    await server.execute(CHANGED_ON_ITS_WAY)
    await server.close()
    with pytest.raises(Unavailable, match="The table tags did not arrive as it was"):
        await move.move(sqlite_url, postgres_url, nothing, lambda _: None)
    assert await tags(postgres_url) == 0
    server = await asyncpg.connect(postgres_url)
    await server.execute("DROP FUNCTION shout CASCADE")
    await server.close()


def test_what_can_not_be_counted(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    path.write_bytes(b"a letter to ada\n" * 200)
    with pytest.raises(SettingsError, match="can't be used: file is not a database"):
        move.count(path)
