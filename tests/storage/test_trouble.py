"""A full disk, a lock, a failing disk, a server gone: nothing changes, and it recovers by itself."""

import asyncio
import logging
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from newsletter.errors import Unavailable
from newsletter.storage import Database, Tx, open_database, postgres
from tests.storage.conftest import add, addresses, make_table, start

ADA = "ada@example.org"
BIG = "x" * 20_000


@pytest.fixture
async def impatient(sqlite_url: str) -> AsyncIterator[Database]:
    db = await open_database(sqlite_url, patience=0.1)
    await db.write(make_table)
    yield db
    await db.close()


async def pages(tx: Tx, most: int) -> None:
    """Allows the file so many pages beyond those it has: SQLite then says the disk is full."""
    await tx.value(f"PRAGMA max_page_count = {await tx.value('PRAGMA page_count') + most}")


async def fill(tx: Tx, n: int) -> int:
    await add(tx, n, f"{n}@example.org", BIG)
    return n


async def test_a_full_disk(impatient: Database, caplog: pytest.LogCaptureFixture) -> None:
    db = impatient
    await db.write(pages, 60)
    stored: list[int] = []
    for n in range(50):
        outcome = await asyncio.gather(
            db.write(fill, 2 * n), db.write(fill, 2 * n + 1), return_exceptions=True
        )
        assert {type(kind) for kind in outcome} in ({int}, {Unavailable})
        stored += [kind for kind in outcome if isinstance(kind, int)]
    assert 0 < len(stored) < 30
    expected = [f"{n}@example.org" for n in sorted(stored)]
    assert await db.read(addresses) == expected  # reading goes on
    assert "full" in caplog.text
    assert "example.org" not in caplog.text
    await db.write(pages, 10_000)
    assert await asyncio.gather(*(db.write(fill, n) for n in range(100, 120))) == list(range(100, 120))
    assert len(await db.read(addresses)) == len(stored) + 20


async def test_an_action_can_not_go_on_after_trouble(impatient: Database) -> None:
    """SQLite may roll back by itself; a statement that followed would be committed on its own."""

    async def stubborn(tx: Tx) -> str:
        try:
            for n in range(100):
                await fill(tx, n)
        except Exception:
            for attempt in (add(tx, 1_000, "stubborn@example.org"), tx.many("DELETE FROM notes", [{}])):
                with pytest.raises(Unavailable):
                    await attempt
        return "fine"

    await impatient.write(pages, 30)
    outcomes = await asyncio.gather(
        impatient.write(add, 1_001, "with@example.org"), impatient.write(stubborn), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]
    assert await impatient.read(addresses) == []


async def test_another_program_holds_the_lock(impatient: Database, sqlite_url: str) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unavailable):
            await impatient.write(fill, 1)
        assert await impatient.trouble() == "another program holds the database"
        assert await impatient.read(addresses) == []
        waiting = [asyncio.create_task(impatient.write(fill, n)) for n in (2, 3)]
        await asyncio.sleep(0)
        other.execute("ROLLBACK")
    assert await asyncio.gather(*waiting) == [2, 3]
    assert await impatient.trouble() == ""


async def test_what_holds_up_is_found_where_nobody_has_written(impatient: Database, sqlite_url: str) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert await impatient.trouble() == ""
        assert await impatient.trouble(ask=True) == "another program holds the database"
    assert await impatient.trouble() == ""  # it has looked again


async def test_trouble_is_told_once_and_its_end_too(
    impatient: Database, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for n in range(3):
            with pytest.raises(Unavailable):
                await impatient.write(fill, n)
    await impatient.write(fill, 3)
    await impatient.write(fill, 4)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["SQLite could not commit 1 actions: database is locked", "SQLite stores again."]


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_a_failing_disk(sqlite_url: str) -> None:
    """Writes fail with an I/O error (a file size limit); the writer is given up and opened anew."""
    with start("file_limit", sqlite_url) as program:
        output, errors = program.communicate(timeout=60)
    assert program.returncode == 0, errors
    stored, refused, after, kept = output.split()
    assert int(stored) > 0
    assert int(refused) > 0
    assert int(after) == 10
    assert int(kept) == int(stored) + 10
    assert "disk I/O error" in errors
    assert "is given up" in errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux")
async def test_a_database_that_vanishes_is_not_made_anew(impatient: Database, sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    gone = path.with_name("moved.db")
    path.rename(gone)
    with pytest.raises(Unavailable):
        await anext(impatient.stream("SELECT 1"))
    assert not path.exists()
    gone.rename(path)
    assert await anext(impatient.stream("SELECT 1 + 1")) == [(2,)]


@pytest.mark.postgres
async def test_the_server_drops_every_connection(postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async def cut_off(tx: Tx) -> None:
        await tx.value("SELECT pg_terminate_backend(pg_backend_pid())")

    db = await open_database(postgres_url)
    await db.write(make_table)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await db.write(cut_off)
        assert await db.read(addresses) == []
    assert await db.write(fill, 1) == 1
    await db.close()


@pytest.mark.postgres
async def test_a_database_that_takes_no_connections(postgres_server: str, postgres_url: str) -> None:
    db = await open_database(postgres_url)
    other = await asyncpg.connect(postgres_server)
    name = await db.read(lambda tx: tx.value("SELECT current_database()"))
    assert await db.trouble(ask=True) == ""
    await other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    try:
        await other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        assert await db.trouble(ask=True) == "PostgreSQL does not take it"
        assert await db.trouble() == "PostgreSQL does not take it"
    finally:
        await other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await other.close()
    assert await db.trouble() == ""
    await db.close()


@pytest.mark.postgres
async def test_a_lock_is_not_waited_for_forever(postgres_url: str) -> None:
    db = await open_database(postgres_url, patience=0.2)
    await db.write(make_table)
    other = await asyncpg.connect(postgres_url)
    async with other.transaction():
        await other.execute("LOCK TABLE notes")
        with pytest.raises(Unavailable):
            await db.write(fill, 1)
    await other.close()
    assert await db.write(fill, 1) == 1
    await db.close()


@pytest.mark.postgres
async def test_more_writers_than_connections(postgres_url: str) -> None:
    db = await open_database(postgres_url, patience=30)
    await db.write(make_table)
    assert await asyncio.gather(*(db.write(fill, n) for n in range(60))) == list(range(60))
    await db.close()


@pytest.mark.postgres
async def test_deadlocks_are_tried_again(postgres_url: str) -> None:
    async def swap(tx: Tx, first: int, second: int) -> int:
        tries.append(first)
        for id in (first, second):
            await tx.run("UPDATE notes SET text = text || 'x' WHERE id = :id", id=id)
            await tx.value("SELECT pg_sleep(0.05)")
        return first

    async def texts(tx: Tx) -> Any:
        return await tx.value("SELECT string_agg(text, ' ') FROM notes")

    tries: list[int] = []
    db = await open_database(postgres_url, patience=30)
    await db.write(make_table)
    for n in (1, 2):
        await db.write(add, n, f"{n}@example.org")
    assert [*await asyncio.gather(db.write(swap, 1, 2), db.write(swap, 2, 1))] == [1, 2]
    assert await db.read(texts) == "xx xx"
    assert len(tries) == 3
    await db.close()


@pytest.mark.postgres
async def test_no_value_gets_into_an_error(postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async def wrong_type(tx: Tx) -> None:
        await tx.run("UPDATE notes SET id = :id", id=ADA)

    async def wrong_text(tx: Tx) -> None:
        await tx.value("SELECT CAST(CAST(:x AS TEXT) AS BIGINT)", x=ADA)

    db = await open_database(postgres_url)
    await db.write(make_table)
    for action in (wrong_type, wrong_text):
        with pytest.raises(ValueError, match="takes no such value here") as caught:
            await db.write(action)
        logging.getLogger().error("", exc_info=caught.value)
    assert ADA not in caplog.text
    await db.close()


@pytest.mark.postgres
async def test_a_machine_that_is_frozen_in_a_transaction_does_not_hold_up_the_others(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "FROZEN", 0.3)
    frozen = await open_database(postgres_url)
    other = await open_database(postgres_url, patience=60)
    await other.write(make_table)
    await other.write(add, 1, ADA)
    begun, thawed = asyncio.Event(), asyncio.Event()

    async def stand_still(tx: Tx) -> None:
        await tx.run("UPDATE notes SET text = 'frozen' WHERE id = 1")
        begun.set()
        await thawed.wait()
        await tx.run("UPDATE notes SET text = 'thawed' WHERE id = 1")

    standing = asyncio.create_task(frozen.write(stand_still))
    await begun.wait()
    await other.write(lambda tx: tx.run("UPDATE notes SET text = 'other' WHERE id = 1"))
    thawed.set()
    with pytest.raises(Unavailable):
        await standing
    assert await frozen.read(addresses) == [ADA]
    await frozen.close()
    await other.close()


@pytest.mark.postgres
async def test_who_reads_may_stand_still(postgres_url: str) -> None:
    db = await open_database(postgres_url)
    asked = "SELECT current_setting('idle_in_transaction_session_timeout')"
    assert await db.read(lambda tx: tx.value(asked)) == "0"
    assert await db.write(lambda tx: tx.value(asked)) == "10s"
    await db.close()
