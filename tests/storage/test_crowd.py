"""What crowds do at once may share a transaction; nobody notices, but for the speed."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec
import pytest

from newsletter.errors import BadInput
from newsletter.ids import new_id
from newsletter.storage import ConstraintError, Database, Tx, open_database
from newsletter.storage.crowd_statements import placed
from newsletter.storage.postgres_crowd import LANES, Crowd, CrowdTx, Member


async def tag(tx: Tx, name: str, title: str = "") -> tuple[bool, str, int]:
    """Reads, writes with and without RETURNING, and reads again: each must get its own rows."""
    known = await tx.value("SELECT title FROM tags WHERE name = :name", name=name)
    kept = await tx.value(
        "INSERT INTO tags (id, name, title) VALUES (:id, :name, :title) RETURNING title",
        id=new_id(), name=name, title=title or name.upper(),
    )  # fmt: skip
    touched = await tx.run("UPDATE tags SET public = 1 WHERE name = :name AND title <> 'T3'", name=name)
    if name == "bad":
        raise BadInput("no")
    return known is None, kept, touched


async def names(tx: Tx) -> int:
    return int(await tx.value("SELECT count(*) FROM tags"))


async def test_each_gets_its_own_rows(db: Database) -> None:
    results = await asyncio.gather(*(db.write_in_crowd(f"t{n}", tag, f"t{n}") for n in range(200)))

    assert [r[:2] for r in results] == [(True, f"T{n}") for n in range(200)]
    assert [r[2] for r in results] == [0 if n == 3 else 1 for n in range(200)]
    assert await db.read(names) == 200


async def test_who_fails_fails_alone(db: Database) -> None:
    asked = [*(f"t{n}" for n in range(20)), "bad", *(f"u{n}" for n in range(20))]
    results = await asyncio.gather(
        *(db.write_in_crowd(one, tag, one) for one in asked), return_exceptions=True
    )

    assert sum(isinstance(r, tuple) for r in results) == 40
    assert isinstance(results[20], BadInput)
    assert await db.read(names) == 40


async def test_a_broken_constraint_is_the_business_of_one(db: Database) -> None:
    await db.write(tag, "t5")
    results = await asyncio.gather(
        *(db.write_in_crowd(f"t{n}", tag, f"t{n}") for n in range(20)), return_exceptions=True
    )
    assert isinstance(results[5], ConstraintError)
    assert await db.read(names) == 20


async def test_two_about_the_same_matter_come_one_after_the_other(db: Database) -> None:
    await db.write(tag, "counter", "0")

    async def count(tx: Tx) -> int:
        seen = int(await tx.value("SELECT title FROM tags WHERE name = 'counter'"))
        await tx.run("UPDATE tags SET title = :title WHERE name = 'counter'", title=str(seen + 1))
        return seen

    seen = await asyncio.gather(*(db.write_in_crowd("counter", count) for _ in range(50)))
    assert sorted(seen) == list(range(50))


async def test_the_answer_comes_after_the_commit(db: Database, database_url: str) -> None:
    """Whoever is answered can be seen by everybody else."""
    other = await open_database(database_url)

    async def write_and_look(name: str) -> bool:
        await db.write_in_crowd(name, tag, name)
        found = await other.read(look, name)
        return found == name.upper()

    async def look(tx: Tx, name: str) -> str | None:
        title: str | None = await tx.value("SELECT title FROM tags WHERE name = :name", name=name)
        return title

    assert all(await asyncio.gather(*(write_and_look(f"t{n}") for n in range(60))))
    await other.close()


async def test_who_joins_as_the_last_of_a_crowd_leave_is_picked_up() -> None:
    """All lanes end in one turn of the loop, and in that very turn somebody comes."""
    together = asyncio.Event()

    async def act(tx: CrowdTx) -> int:
        return tx.now

    async def alone(action: Callable[[CrowdTx], Coroutine[Any, Any, int]]) -> int:
        await together.wait()
        return await action(CrowdTx(7))

    async def in_step(batch: Sequence[Member]) -> None:
        raise AssertionError(f"{len(batch)} were taken together")

    crowd = Crowd(in_step, alone)

    async def come(times: int) -> int:
        for _ in range(times):
            seen: int = await crowd.join(secrets.token_hex(), act)
        return seen

    asking = []
    for n in range(LANES):
        asking.append(asyncio.create_task(come(1 if n else 2)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # taken by a lane of its own
    together.set()
    async with asyncio.timeout(10):
        assert await asyncio.gather(*asking) == [7] * LANES
    await crowd.close()


async def test_two_crowds_in_one_anothers_way_both_go_on(db: Database) -> None:
    """What one writes first the other writes last, under names that say nothing of it."""
    await db.write(tag, "left")
    await db.write(tag, "right")

    async def both(tx: Tx, first: str, second: str) -> None:
        for name in (first, second):
            await tx.run("UPDATE tags SET title = title || '.' WHERE name = :name", name=name)

    pairs = [("left", "right"), ("right", "left")] * 40
    await asyncio.gather(*(db.write_in_crowd(f"p{n}", both, *pair) for n, pair in enumerate(pairs)))
    titles = await db.read(look_at_titles)
    assert titles == {"left": "LEFT" + "." * 80, "right": "RIGHT" + "." * 80}


class Titled(msgspec.Struct):
    name: str
    title: str


async def look_at_titles(tx: Tx) -> dict[str, str]:
    return {row.name: row.title for row in await tx.all(Titled, "SELECT name, title FROM tags")}


async def test_a_caller_who_gives_up_harms_nobody(db: Database) -> None:
    tasks = [asyncio.create_task(db.write_in_crowd(f"t{n}", tag, f"t{n}")) for n in range(30)]
    await asyncio.sleep(0)
    tasks[7].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(r, tuple) for r in results) == 29


async def test_a_wake_comes_after_the_commit(db: Database) -> None:
    async def act(tx: Tx, name: str) -> None:
        await tag(tx, name)
        tx.wake("tags")

    await asyncio.gather(*(db.write_in_crowd(f"t{n}", act, f"t{n}") for n in range(5)))
    assert await db.wait("tags", 5)


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT a FROM t WHERE b = :b", "FROM (SELECT a FROM t WHERE b = $2) AS asked"),
        ("UPDATE t SET a = :a RETURNING b", "RETURNING b, CAST($2 AS integer) AS place_in_batch"),
        ("DELETE FROM t WHERE a = :a", "RETURNING CAST($2 AS integer) AS place_in_batch"),
    ],
)
def test_statements_carry_the_askers_place(sql: str, text: str) -> None:
    assert text in placed(sql)[0]


async def test_who_is_refused_before_writing_leaves_the_others_together(db: Database) -> None:
    """An old link, a proof shown twice: a stranger's refusal must not cost the crowd its speed."""
    runs: list[str] = []

    async def act(tx: Tx, name: str) -> tuple[bool, str, int]:
        runs.append(name)
        await names(tx)
        if name == "old":
            raise BadInput("no")
        return await tag(tx, name)

    asked = [*(f"t{n}" for n in range(20)), "old"]
    await asyncio.gather(*(db.write_in_crowd(one, act, one) for one in asked), return_exceptions=True)
    runs.clear()
    asked = [*(f"u{n}" for n in range(20)), "old", *(f"v{n}" for n in range(20))]
    results = await asyncio.gather(
        *(db.write_in_crowd(one, act, one) for one in asked), return_exceptions=True
    )

    assert isinstance(results[20], BadInput)
    assert sum(isinstance(r, tuple) for r in results) == 40
    assert sorted(runs) == sorted(asked), "each ran once"


def test_a_statement_that_a_crowd_can_not_share_is_refused() -> None:
    with pytest.raises(RuntimeError):
        placed("WITH x AS (SELECT 1) DELETE FROM t")


async def test_who_comes_alone_goes_as_a_crowd_does() -> None:
    """What it puts goes out as one only there."""
    batches: list[int] = []

    async def act(_tx: CrowdTx) -> None:
        raise AssertionError("the crowd's own run is not ours to see here")

    async def alone(_action: Callable[[CrowdTx], Coroutine[Any, Any, None]]) -> None:
        batches.append(0)

    async def in_step(batch: Sequence[Member]) -> None:
        batches.append(len(batch))

    await Crowd(in_step, alone).join("a", act)
    assert batches == [1]
