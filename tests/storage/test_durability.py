"""What was answered survives the death of the process."""

import asyncio
import shutil
import sqlite3
from contextlib import aclosing, closing
from pathlib import Path

from newsletter.storage import Database, Tx, open_database
from newsletter.storage.sqlite_file import LOG_PAGES
from tests.storage.conftest import add, addresses, make_table, start


async def test_kill_9_loses_nothing_that_was_answered(database_url: str) -> None:
    db = await open_database(database_url)
    await db.write(make_table)
    acked: set[str] = set()
    for round_number in range(4):
        with start("acked_writes", database_url, str(round_number * 1_000_000)) as program:
            assert program.stdout is not None
            for _ in range(200 + 90 * round_number):
                acked.add(program.stdout.readline())
            program.kill()
            acked.update(line for line in program.stdout if line.endswith("\n"))
    stored = {f"{address.partition('@')[0]}\n" for address in await db.read(addresses)}
    await db.close()
    assert len(acked) > 1_000
    assert acked <= stored


async def test_every_commit_is_synced(sqlite_url: str) -> None:
    """FULL is what a power cut needs; a connection could lose it without any test of ours noticing."""
    db = await open_database(sqlite_url)
    settings = await db.write(pragmas)
    await db.close()
    assert settings == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "secure_delete": 1}


async def test_a_checkpoint_brings_what_was_committed_into_the_file_itself(
    sqlite_url: str, tmp_path: Path
) -> None:
    db = await open_database(sqlite_url)
    await db.write(make_table)
    await db.write(add, 1, "ada@example.org")
    await db.checkpoint(again=False)
    alone = tmp_path / "alone.db"  # the log stays behind
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), alone)
    await db.write(add, 2, "ben@example.org")
    await db.close()
    with closing(sqlite3.connect(alone)) as raw:
        assert raw.execute("SELECT address FROM notes").fetchall() == [("ada@example.org",)]


async def test_a_checkpoint_waits_for_nobody_who_reads(notes: Database) -> None:
    await notes.write(add, 1, "ada@example.org")
    async with aclosing(notes.stream("SELECT id FROM notes")) as rows:
        assert await anext(rows)
        await asyncio.wait_for(notes.checkpoint(again=False), 10)


async def test_who_comes_again_keeps_checkpoints_out_of_every_commit(sqlite_url: str, tmp_path: Path) -> None:
    db = await open_database(sqlite_url)
    await db.write(make_table)
    await db.checkpoint(again=True)
    await db.write(fill, 1)
    assert in_the_file_itself(sqlite_url, tmp_path) == 0
    await db.checkpoint(again=False)
    assert in_the_file_itself(sqlite_url, tmp_path) == LOG_PAGES
    await db.write(fill, LOG_PAGES + 1)
    assert in_the_file_itself(sqlite_url, tmp_path) == 2 * LOG_PAGES
    await db.close()


async def test_after_the_end_a_checkpoint_is_nothing(sqlite_url: str) -> None:
    """Who is broken off by the end of all may come to it last."""
    db = await open_database(sqlite_url)
    await db.close()
    await db.checkpoint(again=False)


async def fill(tx: Tx, first: int) -> None:
    """A page of its own for each of so many that a COMMIT would move them."""
    for id in range(first, first + LOG_PAGES):
        await add(tx, id, f"p{id}@example.org", "x" * 4_000)


def in_the_file_itself(url: str, folder: Path) -> int:
    alone = folder / "alone.db"  # the log stays behind
    shutil.copy(url.removeprefix("sqlite:///"), alone)
    with closing(sqlite3.connect(alone)) as raw:
        return int(raw.execute("SELECT count(*) FROM notes").fetchone()[0])


async def pragmas(tx: Tx) -> dict[str, object]:
    names = ("synchronous", "journal_mode", "foreign_keys", "secure_delete")
    return {name: await tx.value(f"PRAGMA {name}") for name in names}
