"""What is counted along with what many do at once: one statement for all of them, and it counts who has done it."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from newsletter.errors import BadInput
from newsletter.ids import new_id
from newsletter.storage import ConstraintError, Database, Tx
from newsletter.storage.postgres_crowd import CrowdTx, Member, in_step
from newsletter.storage.sqlite_tx import Waiting, commit_together

COUNT = """INSERT INTO chores (name, at) VALUES (:name, CAST(:count AS BIGINT))
    ON CONFLICT (name) DO UPDATE SET at = chores.at + excluded.at"""
TAG = "INSERT INTO tags (id, name, title) VALUES (:id, :name, '')"


async def comes(tx: Tx, name: str, count: int = 1) -> None:
    await tx.tally(COUNT, count, name="came")
    await tx.put(TAG, id=new_id(), name=name)
    if name == "bad":
        raise BadInput("no")


async def early(tx: Tx, name: str) -> None:
    """Fails before it has written anything, so that nothing of its kind need be undone."""
    await tx.tally(COUNT, 1, name="came")
    raise BadInput(name)


async def counted(tx: Tx) -> tuple[int | None, int]:
    came: int | None = await tx.value("SELECT at FROM chores WHERE name = 'came'")
    return came, await tx.value("SELECT count(*) FROM tags")


@pytest.mark.parametrize("crowded", [True, False])
async def test_everybody_is_counted(db: Database, crowded: bool) -> None:
    names = [f"t{n:02}" for n in range(60)]
    if crowded:
        await asyncio.gather(*(db.write_in_crowd(name, comes, name) for name in names))
    else:
        await asyncio.gather(*(db.write(comes, name) for name in names))
    assert await db.read(counted) == (60, 60)


async def test_who_fails_is_not_counted(db: Database) -> None:
    await db.write(comes, "t05")
    asked = [*(f"t{n:02}" for n in range(20)), "bad"]
    results = await asyncio.gather(
        *(db.write_in_crowd(name, comes, name) for name in asked), return_exceptions=True
    )
    assert [type(each) for each in results if each] == [ConstraintError, BadInput]
    assert await db.read(counted) == (20, 20)
    results = await asyncio.gather(
        *(db.write_in_crowd(f"e{n}", early, f"e{n}") for n in range(5)),
        *(db.write_in_crowd(f"u{n}", comes, f"u{n}") for n in range(5)),
        return_exceptions=True,
    )
    assert [type(each) for each in results if each] == [BadInput] * 5
    assert await db.read(counted) == (25, 25)


async def test_one_who_fails_alone_leaves_no_count(db: Database) -> None:
    for act in (comes, early):
        with pytest.raises(BadInput):
            await db.write(act, "bad")
    assert await db.read(counted) == (None, 0)


async def test_who_only_looks_counts_nobody(db: Database) -> None:
    async def look(tx: Tx) -> None:
        await tx.tally(COUNT, 1, name="came")

    with pytest.raises(Exception, match=r"writes|read-only"):
        await db.read(look)
    assert await db.read(counted) == (None, 0)


async def test_a_crowd_on_postgresql_counts_by_one_statement() -> None:
    """Also those of whom each counts nobody: it must not show which of them was known."""
    statements: list[tuple[str, list[Any]]] = []

    async def statement(text: str, values: list[Any], _sql: str) -> list[Any]:
        statements.append((text.split("(", maxsplit=1)[0], values))
        return []

    def member(count: int) -> Member:
        async def act(tx: CrowdTx) -> None:
            await tx.tally(COUNT, count, name="came")

        return Member(str(count), act)

    for counts, total in ((range(5), 10), ((0, 0), 0)):
        statements.clear()
        await in_step([member(count) for count in counts], 1, statement)
        assert statements == [("INSERT INTO chores ", [["came", total]])]


async def test_a_commit_on_sqlite_counts_by_one_statement() -> None:
    def waiting(count: int) -> Waiting:
        async def act(tx: Tx) -> None:
            await tx.tally(COUNT, count, name="came")

        return Waiting(act, (), {}, asyncio.get_running_loop().create_future())

    with closing(sqlite3.connect(":memory:", isolation_level=None)) as raw:
        raw.execute("CREATE TABLE chores (name TEXT PRIMARY KEY, at INTEGER)")
        said: list[str] = []
        raw.set_trace_callback(said.append)
        for counts in (range(5), (0, 0)):
            said.clear()
            commit_together(raw, lambda: 1, [waiting(count) for count in counts])
            assert [text.split()[0] for text in said] == ["BEGIN", "INSERT", "COMMIT"]
        assert raw.execute("SELECT at FROM chores").fetchall() == [(10,)]
