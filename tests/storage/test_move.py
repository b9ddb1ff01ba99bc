"""From SQLite to PostgreSQL: one of everything arrives as it was, or nothing does."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.errors import BadInput, NewsletterError, Unavailable
from newsletter.storage import ConstraintError, Tx, migrate, move, open_database
from tests.cast import build
from tests.cli.machine import ADA, BEN, Machine

pytestmark = pytest.mark.postgres

ODD = 'Zoë\'s "😀"\\ \t\r\n{}'
_ONE_OF = re.compile(r"\((\w+) IN \(([^)]*)\)\)")
_VALUES = {"BIGINT": 1, "INTEGER": 1, "DOUBLE PRECISION": 0.1, "TEXT": ODD, "BYTEA": bytes(range(256))}


def one_of_everything(path: Path) -> None:
    """A row in each table, numbered 1, so that each points to one that is there."""
    with closing(sqlite3.connect(path)) as raw, raw:
        tables = raw.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall()
        for table, sql in tables:
            if table == "migrations":
                continue
            allowed = {
                name: values.split(",")[-1].strip().strip("'") for name, values in _ONE_OF.findall(sql)
            }
            columns = raw.execute(f'PRAGMA table_info("{table}")').fetchall()
            row = [allowed.get(name, _VALUES[kind]) for _, name, kind, *_ in columns]
            marks = ", ".join("?" * len(row))
            raw.execute(f'INSERT OR IGNORE INTO "{table}" VALUES ({marks})', row)
            assert raw.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0], table
        assert not raw.execute("PRAGMA foreign_key_check").fetchall()


@pytest.fixture
async def machine(tmp_path: Path, sqlite_url: str) -> Machine:
    machine = Machine(tmp_path, sqlite_url, tmp_path)
    db = await open_database(sqlite_url)
    house = await build(db)
    await house.joins(ADA, "Ada")
    await house.signs_up(BEN, "Ben")
    await db.close()
    return machine


async def nothing(_: Tx) -> None:
    """Comes up as it is."""


async def count(url: str) -> int:
    async def look(tx: Tx) -> int:
        return int(await tx.value("SELECT count(*) FROM subscribers"))

    db = await open_database(url)
    try:
        return await db.read(look)
    finally:
        await db.close()


async def test_one_of_everything_arrives(
    machine: Machine, sqlite_url: str, empty_postgres_url: str, tmp_path: Path
) -> None:
    one_of_everything(tmp_path / "newsletter.db")
    told: list[int] = []
    moved = await move.move(sqlite_url, empty_postgres_url, nothing, told.append)
    with closing(sqlite3.connect(tmp_path / "newsletter.db")) as raw:
        held = {one.table: raw.execute(f'SELECT count(*) FROM "{one.table}"').fetchone()[0] for one in moved}
    assert {one.table: one.rows for one in moved} == held
    assert min(held.values()) >= 1
    assert len(held) > 40
    assert await migrate(empty_postgres_url) == []
    db = await open_database(empty_postgres_url)  # with all that refers to something, as before
    with pytest.raises(ConstraintError, match="signups_subscriber_id_fkey"):
        await db.write(orphan)
    await db.close()


async def orphan(tx: Tx) -> None:
    await tx.run(
        "INSERT INTO signups (id, subscriber_id, form_id, wording_id, at) SELECT 9, 9, id, 1, 1 FROM forms LIMIT 1"
    )


@pytest.mark.parametrize("spoil", ["value", "reference"])
async def test_what_can_t_be_moved_changes_nothing(
    machine: Machine, sqlite_url: str, empty_postgres_url: str, tmp_path: Path, spoil: str
) -> None:
    with closing(sqlite3.connect(tmp_path / "newsletter.db")) as raw, raw:
        if spoil == "value":
            raw.execute("UPDATE subscribers SET confirmed_at = 'yesterday'")
        else:
            raw.execute("UPDATE signups SET form_id = 99")
    with pytest.raises((BadInput, Unavailable)) as caught:
        await move.move(sqlite_url, empty_postgres_url, nothing, lambda _: None)
    assert "yesterday" not in caught.value.sentence
    assert await count(empty_postgres_url) == 0
    assert await count(sqlite_url) == 2


async def test_it_moves_into_an_empty_one_only(
    machine: Machine, sqlite_url: str, empty_postgres_url: str, postgres_url: str
) -> None:
    db = await open_database(empty_postgres_url)
    with pytest.raises(Unavailable, match="stop the service first"):
        await move.move(sqlite_url, empty_postgres_url, nothing, lambda _: None)
    await db.write(foreign)
    await db.close()
    with pytest.raises(BadInput, match="a table theirs is in it"):
        await move.move(sqlite_url, empty_postgres_url, nothing, lambda _: None)

    db = await open_database(postgres_url)
    await build(db)
    await db.close()
    with pytest.raises(BadInput, match="is not empty"):
        await move.move(sqlite_url, postgres_url, nothing, lambda _: None)
    assert await count(postgres_url) == 0


async def foreign(tx: Tx) -> None:
    await tx.run("CREATE TABLE theirs (id BIGINT)")


async def test_not_while_the_service_runs(machine: Machine, sqlite_url: str, empty_postgres_url: str) -> None:
    db = await open_database(sqlite_url)
    with pytest.raises(NewsletterError, match="in use"):
        await move.move(sqlite_url, empty_postgres_url, nothing, lambda _: None)
    await db.close()


async def test_nobody_writes_to_it_meanwhile_and_what_arrived_can_be_planned_for(
    machine: Machine, sqlite_url: str, empty_postgres_url: str, tmp_path: Path
) -> None:
    async def looks(_: Tx) -> None:
        busy = pytest.raises(sqlite3.OperationalError, match="locked")
        with closing(sqlite3.connect(tmp_path / "newsletter.db", timeout=0)) as raw, busy:
            raw.execute("SELECT 1 FROM subscribers")

    async def known(tx: Tx) -> int:
        return int(await tx.value("SELECT count(*) FROM pg_stats WHERE tablename = 'subscribers'"))

    await move.move(sqlite_url, empty_postgres_url, looks, lambda _: None)
    db = await open_database(empty_postgres_url)
    try:
        assert await db.read(known)
    finally:
        await db.close()


def test_moved_it_sends_nothing_here_or_there(
    machine: Machine, empty_postgres_url: str, tmp_path: Path
) -> None:
    (tmp_path / "newsletter.db.key").write_text("a-key\n")
    assert "Aborted" in machine.says("move-to", empty_postgres_url, answer="n\n", code=1).err
    said = machine.says("move-to", empty_postgres_url, "--yes").text
    assert re.search(r"^ +2  subscribers +[0-9a-f]{16}$", said, re.MULTILINE)
    assert "NEWSLETTER_SECRET_KEY to what stands in" in said
    assert machine.says("sending", "status").text.startswith("Sending is held since")
    machine.environment["NEWSLETTER_DATABASE_URL"] = empty_postgres_url
    assert machine.says("sending", "status").text.startswith("Sending is held since")
    assert ADA in machine.says("show", ADA).text
    assert "name a file" in machine.says("move-to", empty_postgres_url, "--yes", code=1).err
