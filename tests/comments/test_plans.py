"""What is asked of many comments, again and again, finds its rows by an index that holds no others."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from newsletter.comments.store import branches
from newsletter.comments.store import comments as store
from newsletter.storage import Tx, open_database

SOME = [branches.Start("0" * 16, 1), branches.Start("f" * 16, 1)]
ASKED: dict[str, tuple[str, Callable[[Any], Awaitable[Any]]]] = {
    "unverified": ("comments_old_unverified (<expr><?)", lambda tx: store.stale(tx, "unverified", 1, 200)),
    "spam": ("comments_old_spam (<expr><?)", lambda tx: store.stale(tx, "spam", 1, 200)),
    "nobody's": (
        "comments_old_nobodys (<expr><?)",
        lambda tx: store.stale(tx, "pending", 1, 200, nobodys=True),
    ),
    "a page": ("comments_shown (thread_id=? AND path>?)", lambda tx: store.page(tx, 1, "0", 200)),
    "branches": (
        "COVERING INDEX comments_shown (thread_id=?)",
        lambda tx: branches.starts(tx, 1, 0, 20, newest=True),
    ),
    "tops": (
        "COVERING INDEX comments_shown (thread_id=? AND path>? AND path<?)",
        lambda tx: branches.tops(tx, 1, SOME),
    ),
    "answers": (
        "COVERING INDEX comments_shown (thread_id=? AND path>? AND path<?)",
        lambda tx: branches.answers(tx, 1, SOME, 0, 20, 1_000, newest=False),
    ),
}


class _Step(msgspec.Struct):
    id: int
    parent: int
    notused: int
    detail: str


class Explained:
    """Asks SQLite how it would find what is asked for, and returns nothing."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.engine = tx.engine
        self.steps: list[str] = []

    async def all(self, _: type, sql: str, /, **params: Any) -> list[Any]:
        found = await self._tx.all(_Step, f"EXPLAIN QUERY PLAN {sql}", **params)
        self.steps += [step.detail for step in found]
        return []


@pytest.mark.parametrize("what", ASKED)
async def test_its_own_index_finds_it(sqlite_url: str, what: str) -> None:
    index, ask = ASKED[what]

    async def plan(tx: Tx) -> list[str]:
        explained = Explained(tx)
        await ask(explained)
        return explained.steps

    db = await open_database(sqlite_url)
    try:
        steps = await db.read(plan)
    finally:
        await db.close()
    assert any(index in step for step in steps), steps
    assert not any(step.startswith("SCAN comments") for step in steps), steps
