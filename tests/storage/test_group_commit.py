"""SQLite: writers that wait together share a commit, and nothing else."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest

from newsletter.errors import NotFound, Unavailable
from newsletter.storage import ConstraintError, Database, Tx, open_database
from newsletter.storage.sqlite import LARGEST_BATCH
from tests.conftest import Clock
from tests.storage.conftest import add, addresses, make_table


@pytest.fixture
async def db(sqlite_url: str, clock: Clock) -> AsyncIterator[Database]:
    """Only this engine commits together."""
    database = await open_database(sqlite_url, clock=clock, patience=0.2)
    yield database
    await database.close()


@pytest.fixture
def outside(notes: Database, sqlite_url: str) -> Iterator[sqlite3.Connection]:
    """Another program's view of the file: it sees what is committed."""
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), timeout=0)) as raw:
        yield raw


async def numbered(tx: Tx, n: int) -> int:
    await add(tx, n, f"{n}@example.org")
    return n


async def fail(tx: Tx, n: int, error: BaseException) -> None:
    await numbered(tx, n)
    raise error


async def yielding(tx: Tx, n: int) -> None:
    await numbered(tx, n)
    await asyncio.sleep(0)


async def test_an_answer_comes_after_the_commit(notes: Database, outside: sqlite3.Connection) -> None:
    async def write_and_look(n: int) -> int:
        await notes.write(numbered, n)
        (seen,) = outside.execute("SELECT count(*) FROM notes WHERE id = ?", (n,)).fetchone()
        return int(seen)

    assert await asyncio.gather(*(write_and_look(n) for n in range(300))) == [1] * 300


async def test_those_who_wait_share_a_commit(notes: Database, sqlite_url: str) -> None:
    """Nobody outside ever sees a part of a batch."""
    other = await open_database(sqlite_url)
    writing = asyncio.gather(*(notes.write(numbered, n) for n in range(1, LARGEST_BATCH + 11)))
    counts = set()
    while not writing.done():
        counts.add(len(await other.read(addresses)))
    await other.close()
    assert await writing == list(range(1, LARGEST_BATCH + 11))
    assert counts <= {0, LARGEST_BATCH, LARGEST_BATCH + 10}


@pytest.mark.parametrize(
    "error", [NotFound("not there"), KeyboardInterrupt(), SystemExit(3), ValueError("no")]
)
async def test_one_that_fails_is_undone_alone(notes: Database, error: BaseException) -> None:
    writing = [asyncio.ensure_future(notes.write(numbered, n)) for n in (1, 2)]
    with pytest.raises(type(error)) as caught:
        await notes.write(fail, 3, error)
    assert caught.value is error
    assert await asyncio.gather(*writing, notes.write(numbered, 4)) == [1, 2, 4]
    assert await notes.read(addresses) == ["1@example.org", "2@example.org", "4@example.org"]


async def test_one_that_fails_alone_is_undone(notes: Database) -> None:
    with pytest.raises(NotFound):
        await notes.write(fail, 1, NotFound())
    assert await notes.write(numbered, 1) == 1


async def test_every_way_to_fail_in_one_batch(notes: Database) -> None:
    outcomes = await asyncio.gather(
        notes.write(numbered, 1),
        notes.write(fail, 2, NotFound()),
        notes.write(numbered, 1),
        notes.write(yielding, 4),
        notes.write(add, 5),  # type: ignore[call-arg]  # that is the point
        notes.write(numbered, 6),
        return_exceptions=True,
    )
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [int, NotFound, ConstraintError, RuntimeError, TypeError, int]
    assert await notes.read(addresses) == ["1@example.org", "6@example.org"]


@pytest.mark.parametrize("alone", [True, False])
async def test_an_action_awaits_only_its_tx(notes: Database, alone: bool) -> None:
    writing = [] if alone else [asyncio.ensure_future(notes.write(numbered, n)) for n in (1, 2)]
    with pytest.raises(RuntimeError, match=r"yielding awaited something other than its tx"):
        await notes.write(yielding, 3)
    assert await asyncio.gather(*writing) == ([] if alone else [1, 2])
    assert "3@example.org" not in await notes.read(addresses)
    with pytest.raises(RuntimeError, match="awaited something other"):
        await notes.read(yielding_read)


async def yielding_read(tx: Tx) -> None:
    await asyncio.sleep(0)


async def test_an_action_in_an_action_is_refused(notes: Database) -> None:
    async def nested(tx: Tx) -> None:
        await notes.write(numbered, 1)

    with pytest.raises(RuntimeError, match="no running event loop"):
        await notes.write(nested)
    await notes.write(numbered, 2)
    assert await notes.read(addresses) == ["2@example.org"]


async def test_one_that_ends_the_transaction_takes_nobody_along(notes: Database) -> None:
    async def rogue(tx: Tx) -> None:
        await tx.run("ROLLBACK")
        await tx.run("INSERT INTO notes (id, address) VALUES (9, 'rogue')")

    outcomes = await asyncio.gather(notes.write(numbered, 1), notes.write(rogue), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]
    assert await notes.write(numbered, 2) == 2


async def test_a_caller_that_leaves_disturbs_nobody(notes: Database) -> None:
    async def gone(n: int) -> None:
        task = asyncio.create_task(notes.write(numbered, n))
        await asyncio.sleep(0)  # it waits now
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    await asyncio.gather(*(gone(n) if n % 3 else notes.write(numbered, n) for n in range(1, 100)))
    kept = await notes.read(addresses)
    assert {f"{n}@example.org" for n in range(3, 100, 3)} <= set(kept)
    assert await notes.write(numbered, 1_000) == 1_000


async def test_close_finishes_what_waits(notes: Database, outside: sqlite3.Connection) -> None:
    writing = [asyncio.create_task(notes.write(numbered, n)) for n in range(600)]
    await asyncio.sleep(0)
    await notes.close()
    assert await asyncio.gather(*writing) == list(range(600))
    assert outside.execute("SELECT count(*) FROM notes").fetchone() == (600,)


def test_a_loop_that_ends_leaves_no_thread(sqlite_url: str) -> None:
    """Ctrl-C in the middle: whoever waits is cancelled, and the database can still be closed."""

    async def interrupted() -> Database:
        db = await open_database(sqlite_url)
        await db.write(make_table)
        writing = [asyncio.create_task(db.write(numbered, n)) for n in range(600)]
        await asyncio.sleep(0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        done = await asyncio.gather(*writing, return_exceptions=True)
        assert all(isinstance(outcome, asyncio.CancelledError) for outcome in done)
        await db.close()
        return db

    asyncio.run(interrupted())
