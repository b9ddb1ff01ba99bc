"""SQLite: what befalls a batch while its thread is at work, when callers leave, the loop ends or the disk is full."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from itertools import count

import pytest

from newsletter.errors import Unavailable
from newsletter.storage import Database, Tx, open_database
from newsletter.storage.sqlite import LARGEST_BATCH, MOST_TURNS
from newsletter.storage.sqlite_tx import Waiting, commit_together
from tests.storage.conftest import Note, add, addresses, make_table

BIG = "x" * 200_000


class Standstill:
    """An action that stops in the writer's thread until it is let go, and then writes `text`."""

    def __init__(self, text: str = "") -> None:
        self._reached, self._go = threading.Event(), threading.Event()
        self._text = text

    async def __call__(self, tx: Tx) -> int:
        self._reached.set()
        assert self._go.wait(30)
        await add(tx, 1, "stopped@example.org", self._text)
        return 1

    async def reached(self) -> None:
        assert await asyncio.to_thread(self._reached.wait, 30)

    def let_go(self) -> None:
        self._go.set()


@pytest.fixture
async def db(sqlite_url: str) -> AsyncIterator[Database]:
    ticks = count(1)
    database = await open_database(sqlite_url, clock=lambda: next(ticks), patience=0.2)
    await database.write(make_table)
    yield database
    await database.close()


async def numbered(tx: Tx, n: int) -> int:
    """The batch's own time, which is another one for each."""
    await add(tx, n, f"{n}@example.org")
    return tx.now


async def test_who_leaves_while_it_is_stored_disturbs_nobody(db: Database) -> None:
    middle = Standstill()
    stopped, beside = asyncio.create_task(db.write(middle)), asyncio.create_task(db.write(numbered, 2))
    await middle.reached()
    stopped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopped
    middle.let_go()
    assert await beside > 0
    assert await db.read(addresses) == ["stopped@example.org", "2@example.org"]  # it was on its way


async def test_who_leaves_while_it_can_not_be_stored_disturbs_nobody(db: Database) -> None:
    async def no_more_pages(tx: Tx) -> None:
        await tx.value(f"PRAGMA max_page_count = {await tx.value('PRAGMA page_count') + 2}")

    await db.write(no_more_pages)
    middle = Standstill(BIG)
    stopped, beside = asyncio.create_task(db.write(middle)), asyncio.create_task(db.write(numbered, 2))
    await middle.reached()
    stopped.cancel()
    middle.let_go()
    with pytest.raises(Unavailable):
        await beside
    with pytest.raises(asyncio.CancelledError):
        await stopped
    assert await db.read(addresses) == []


async def test_where_all_have_left_nothing_is_written(db: Database) -> None:
    before = await db.write(numbered, 1)
    leaving = asyncio.create_task(db.write(numbered, 2))
    await asyncio.sleep(0)  # it waits now
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await db.write(numbered, 3) == before + 1  # there was no transaction between the two
    assert await db.read(addresses) == ["1@example.org", "3@example.org"]


async def test_a_loop_that_ends_lets_everybody_go(db: Database) -> None:
    """What became of the batch under way is not known, and nobody is told that it is."""
    middle = Standstill()
    writing = [asyncio.create_task(db.write(middle))]
    await middle.reached()
    writing.append(asyncio.create_task(db.write(numbered, 2)))
    await asyncio.sleep(0)
    (committing,) = asyncio.all_tasks() - {asyncio.current_task(), *writing}
    committing.cancel()
    outcomes = await asyncio.gather(*writing, committing, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 3
    middle.let_go()
    assert await db.write(numbered, 3) > 0  # who comes after that is served
    assert await db.read(addresses) == ["stopped@example.org", "3@example.org"]


async def test_a_batch_does_not_wait_for_a_stream_that_never_ends(db: Database) -> None:
    coming: list[asyncio.Task[int]] = []
    for n in range(3 * MOST_TURNS):
        coming.append(asyncio.create_task(db.write(numbered, n)))
        await asyncio.sleep(0)
    times = await asyncio.gather(*coming)
    assert times == sorted(times)
    assert 1 < times.count(times[0]) <= MOST_TURNS + 1 < LARGEST_BATCH


async def test_a_topic_woken_twice_in_a_batch_wakes_who_waits_once(db: Database) -> None:
    async def woken(tx: Tx, n: int) -> None:
        await numbered(tx, n)
        tx.wake("notes")

    waiting = asyncio.create_task(db.wait("notes", 30))
    await asyncio.sleep(0)
    assert db.woken("notes") == 0
    await asyncio.gather(db.write(woken, 1), db.write(woken, 2))
    assert await waiting
    assert db.woken("notes") == 2
    assert not await db.wait("notes", 0)


async def test_what_an_action_that_looks_raises_comes_out_as_it_is(db: Database) -> None:
    async def unavailable(tx: Tx) -> None:
        raise Unavailable("Elsewhere nobody answers.")

    async def misspelt(tx: Tx) -> list[Note]:
        return await tx.all(Note, "SELECT id, adress FROM notes")

    with pytest.raises(Unavailable, match="Elsewhere"):
        await db.read(unavailable)
    with pytest.raises(sqlite3.OperationalError, match="no such column: adress"):
        await db.read(misspelt)
    assert await db.trouble() == ""


async def test_a_connection_that_can_not_go_back_tells_what_went_wrong_first() -> None:
    """Its transaction goes with it: it is given up then."""
    raw = sqlite3.connect(":memory:", isolation_level=None)

    def forbids(action: int, what: str | None, *_: object) -> int:
        ends = action == sqlite3.SQLITE_TRANSACTION and what in ("ROLLBACK", "COMMIT")
        refused.extend([what] if ends else [])
        return sqlite3.SQLITE_DENY if ends else sqlite3.SQLITE_OK

    refused: list[str | None] = []
    waiting = Waiting(_nothing, (), {}, asyncio.get_running_loop().create_future())
    raw.set_authorizer(forbids)
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        commit_together(raw, lambda: 1, [waiting])
    assert refused == ["COMMIT", "ROLLBACK"]
    raw.set_authorizer(None)
    raw.close()


async def _nothing(_: Tx) -> None:
    """Stores nothing."""
