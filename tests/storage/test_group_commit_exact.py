"""The smallest batches of the writer that shares its commits: of two one fails, and one that is alone does."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from newsletter.storage import Tx
from newsletter.storage.sqlite_tx import Waiting, commit_together


async def write(tx: Tx, ran: list[str], word: str, *, fails: bool) -> None:
    ran.append(word)
    await tx.run("INSERT INTO said (word) VALUES (:word)", word=word)
    if fails:
        raise ValueError(word)


@pytest.mark.parametrize("first", [True, False])
async def test_of_two_the_one_that_fails_is_undone_alone(first: bool) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as raw:
        raw.execute("CREATE TABLE said (word TEXT)")
        ran: list[str] = []
        loop = asyncio.get_running_loop()
        bad = Waiting(write, (ran, "bad"), {"fails": True}, loop.create_future())
        good = Waiting(write, (ran, "good"), {"fails": False}, loop.create_future())
        commit_together(raw, lambda: 1, [bad, good] if first else [good, bad])
        assert raw.execute("SELECT word FROM said").fetchall() == [("good",)]
        assert isinstance(bad.error, ValueError)
        assert good.error is None
        assert not raw.in_transaction


async def test_one_that_fails_alone_runs_once_and_leaves_nothing() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as raw:
        raw.execute("CREATE TABLE said (word TEXT)")
        ran: list[str] = []
        bad = Waiting(write, (ran, "bad"), {"fails": True}, asyncio.get_running_loop().create_future())
        commit_together(raw, lambda: 1, [bad])
        assert ran == ["bad"]
        assert raw.execute("SELECT word FROM said").fetchall() == []
