"""Writes that stand by themselves: done when anybody looks, in whatever number of round trips."""

import asyncio
from typing import Any

import msgspec
import pytest

from newsletter.errors import BadInput
from newsletter.ids import new_id
from newsletter.storage import ConstraintError, Database, Tx
from newsletter.storage.crowd_statements import table_of
from newsletter.storage.postgres_crowd import CrowdTx, Member, in_step

TAG = "INSERT INTO tags (id, name, title) VALUES (:id, :name, :title)"
TITLE = "UPDATE tags SET title = :title WHERE name = :name"
CHORE = "INSERT INTO chores (name, at) VALUES (:name, :at)"


class Row(msgspec.Struct):
    name: str
    title: str


async def keep(tx: Tx, name: str) -> None:
    """Two on one table, one on another, one that finds nothing."""
    await tx.put(TAG, id=new_id(), name=name, title="first")
    await tx.put(CHORE, name=name, at=tx.now)
    await tx.put("DELETE FROM spam_words WHERE token = :name", name=name)
    await tx.put(TITLE, name=name, title=f"{name}, renamed")
    if name == "bad":
        raise BadInput("no")


async def kept(tx: Tx) -> tuple[list[Row], int]:
    chores = await tx.value("SELECT count(*) FROM chores c JOIN tags t ON t.name = c.name")
    return await tx.all(Row, "SELECT name, title FROM tags ORDER BY name"), chores


@pytest.mark.parametrize("crowded", [True, False])
async def test_all_that_was_put_is_there(db: Database, crowded: bool) -> None:
    names = [f"t{n:02}" for n in range(60)]
    if crowded:
        await asyncio.gather(*(db.write_in_crowd(name, keep, name) for name in names))
    else:
        await asyncio.gather(*(db.write(keep, name) for name in names))
    assert await db.read(kept) == ([Row(name, f"{name}, renamed") for name in names], 60)


async def test_who_looks_afterwards_sees_it(db: Database) -> None:
    async def act(tx: Tx, name: str) -> Any:
        await tx.put(TAG, id=new_id(), name=name, title="first")
        await tx.put(CHORE, name=name, at=tx.now)
        return await tx.value("SELECT title FROM tags WHERE name = :name", name=name)

    seen = await asyncio.gather(*(db.write_in_crowd(f"t{n}", act, f"t{n}") for n in range(40)))
    assert seen == ["first"] * 40


async def test_what_fails_leaves_nothing_and_the_others_alone(db: Database) -> None:
    await db.write(keep, "t05")
    asked = [f"t{n:02}" for n in range(20)] + ["bad"]
    results = await asyncio.gather(
        *(db.write_in_crowd(name, keep, name) for name in asked), return_exceptions=True
    )
    assert [type(each) for each in results if each] == [ConstraintError, BadInput]
    assert isinstance(results[5], ConstraintError)
    rows, chores = await db.read(kept)
    assert [row.name for row in rows] == asked[:-1]
    assert chores == 20


async def test_a_row_of_them_is_one_statement_for_the_whole_crowd() -> None:
    statements: list[tuple[str, int]] = []

    async def statement(text: str, values: list[Any], _sql: str) -> list[Any]:
        statements.append((text, len(values)))
        return []

    async def act(tx: CrowdTx) -> None:
        await tx.put(TAG, id=1, name="a", title="b")
        await tx.put(CHORE, name="a", at=2)

    batch = [Member(str(n), act) for n in range(7)]
    await in_step(batch, 1, statement)
    text = (
        "WITH put0 AS (INSERT INTO tags (id, name, title) VALUES ($1, $2, $3)), "
        "put1 AS (INSERT INTO chores (name, at) VALUES ($4, $5)) SELECT CAST($6 AS integer) AS place_in_batch"
    )
    assert statements == [(text, 7)]


def test_what_only_looks_can_not_be_put() -> None:
    with pytest.raises(RuntimeError):
        table_of("SELECT 1 FROM tags")
