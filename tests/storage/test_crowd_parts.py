"""PostgreSQL: what the actions of a crowd may ask, and what becomes of it where one misbehaves or the loop ends."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

import asyncpg
import pytest

from newsletter.errors import Unavailable
from newsletter.storage import Database, Tx, open_database
from newsletter.storage.postgres import PAUSES
from newsletter.storage.postgres_crowd import Crowd, CrowdTx, Member
from tests.storage.conftest import Note, add, addresses, make_table

pytestmark = pytest.mark.postgres


@pytest.fixture
async def db(postgres_url: str) -> AsyncIterator[Database]:
    database = await open_database(postgres_url)
    await database.write(make_table)
    yield database
    await database.close()


async def two(tx: Tx, n: int) -> list[Note]:
    """By `many`, and both seen again by `all` and `one`."""
    await tx.many(
        "INSERT INTO notes (id, address) VALUES (:id, :address)",
        [{"id": id, "address": f"{id}@example.org"} for id in (n, n + 100)],
    )
    look = "SELECT id, address, text, pinned FROM notes WHERE id IN (:a, :b) ORDER BY id"
    seen = await tx.all(Note, look, a=n, b=n + 100)
    assert await tx.one(Note, look, a=n, b=n) == seen[0]
    assert await tx.one(Note, look, a=-1, b=-1) is None
    assert await tx.all(Note, look, a=-1, b=-1) == []
    return seen


async def test_every_way_to_ask(db: Database) -> None:
    found = await asyncio.gather(*(db.write_in_crowd(f"n{n}", two, n) for n in range(30)))
    assert [[note.id for note in both] for both in found] == [[n, n + 100] for n in range(30)]
    assert len(await db.read(addresses)) == 60


async def test_one_that_awaits_something_else_holds_up_nobody(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def dawdles(tx: Tx) -> str:
        await asyncio.sleep(0)
        await add(tx, 7, "7@example.org")
        return "late"

    outcomes = await asyncio.gather(
        db.write_in_crowd("a", two, 1), db.write_in_crowd("b", dawdles), db.write_in_crowd("c", two, 2)
    )
    assert outcomes[1] == "late"
    assert len(await db.read(addresses)) == 5
    assert "3 actions are done one by one: RuntimeError" in caplog.text


async def test_close_finishes_the_crowd(db: Database, postgres_url: str) -> None:
    writing = [asyncio.create_task(db.write_in_crowd(f"n{n}", two, n)) for n in range(60)]
    await asyncio.sleep(0)
    await db.close()
    assert len(await asyncio.gather(*writing)) == 60
    other = await open_database(postgres_url)
    assert len(await other.read(addresses)) == 120
    await other.close()


async def test_a_loop_that_ends_lets_the_crowd_go() -> None:
    begun = asyncio.Event()

    async def act(_: CrowdTx) -> None:
        raise AssertionError("nobody drives it here")

    async def alone(_: Callable[[CrowdTx], Coroutine[Any, Any, None]]) -> None:
        raise AssertionError("nor alone")

    async def in_step(_: Sequence[Member]) -> None:
        begun.set()
        await asyncio.Event().wait()

    crowd = Crowd(in_step, alone)
    asking = [asyncio.create_task(crowd.join("ada", act))]
    await begun.wait()
    (lane,) = asyncio.all_tasks() - {asyncio.current_task(), *asking}
    asking.append(asyncio.create_task(crowd.join("ada", act)))  # waits for the first, about the same matter
    for _ in range(3):
        await asyncio.sleep(0)
    lane.cancel()
    outcomes = await asyncio.gather(*asking, lane, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 3
    await crowd.close()


async def test_what_postgresql_breaks_off_again_and_again_is_given_up(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []

    async def unlucky(tx: Tx, times: int) -> int:
        tries.append(times)
        await add(tx, len(tries), f"{len(tries)}@example.org")
        if len(tries) <= times:
            await tx.run("DO $$ BEGIN RAISE EXCEPTION 'of another' USING ERRCODE = '40001'; END $$")
        return len(tries)

    assert await db.write(unlucky, len(PAUSES)) == len(PAUSES) + 1
    assert await db.trouble() == ""
    tries.clear()
    await db.write(lambda tx: tx.run("DELETE FROM notes"))
    with pytest.raises(Unavailable):
        await db.write(unlucky, 100)
    assert len(tries) == len(PAUSES) + 1
    assert await db.read(addresses) == []
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
        f"PostgreSQL broke an action off {len(PAUSES) + 1} times: {asyncpg.SerializationError.__name__}"
    ]
    assert await db.trouble() == ""  # asked again, it stores


async def test_it_is_known_how_often_a_topic_was_woken(db: Database) -> None:
    async def wakes(tx: Tx) -> None:
        tx.wake("notes")

    await db.write(wakes)
    await db.write_in_crowd("a", wakes)
    await db.read(wakes)
    assert db.woken("notes") == 2
