"""A thread of ten thousand comments, read part by part: each costs what is in it, not what the thread holds."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from newsletter.comments import MOST_BELOW
from newsletter.storage import Param, Tx
from newsletter.web.public.isso_page import Part
from newsletter.web.public.isso_thread import IssoSource
from tests.web.conftest import Serve
from tests.web.isso_script import SCRIPT, thread
from tests.web.said import say
from tests.web.saying import ARTICLE, open_for_comments
from tests.web.stage import Stage

TOPS, BELOW = 2_000, 4
ALL = TOPS * (1 + BELOW)


class Counted:
    """A transaction, and how many rows it gave."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.rows = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    async def all(self, type: Any, sql: str, /, **params: Param) -> list[Any]:
        found = await self._tx.all(type, sql, **params)
        self.rows += len(found)
        return found

    async def one(self, type: Any, sql: str, /, **params: Param) -> Any:
        self.rows += 1
        return await self._tx.one(type, sql, **params)

    async def value(self, sql: str, /, **params: Param) -> Any:
        self.rows += 1
        return await self._tx.value(sql, **params)


async def fills(tx: Tx, thread_id: int) -> None:
    """`TOPS` comments at the top, named by their number, with `BELOW` answers each."""
    rows: list[dict[str, Param]] = []
    for top in range(TOPS):
        path = f"{top + 1:012x}0000"
        rows.append({"id": top * 10 + 1, "parent": None, "path": path, "text": f"{top}", "at": top + 1})
        for n in range(1, BELOW + 1):
            below = f"{path}{top + 1 + n:012x}0000"
            text = f"{top}.{n}"
            rows.append(
                {
                    "id": top * 10 + 1 + n,
                    "parent": top * 10 + 1,
                    "path": below,
                    "text": text,
                    "at": top + 1 + n,
                }
            )
    await tx.many(
        f"""INSERT INTO comments (id, thread_id, parent_id, path, name, raw, html, status, created_at)
            VALUES (:id, {thread_id}, :parent, :path, 'Ada', :text, :text, 'approved', :at)""",
        rows,
    )
    await tx.run(
        "UPDATE threads SET shown = :all, version = version + 1 WHERE id = :id", id=thread_id, all=ALL
    )


@pytest.fixture
async def service(serve: Serve) -> AsyncIterator[Stage]:
    async with open_for_comments(serve) as running:
        unseen = await say(running, "unseen", url=ARTICLE, status="spam")
        _, where = await running.site.db.read(running.site.comments.placed, unseen)
        await running.site.db.write(fills, where.id)
        yield running


async def rows(service: Stage, **part: Any) -> int:
    """How many rows the database gives for a part."""

    async def look(tx: Tx) -> int:
        counted: Any = Counted(tx)
        await IssoSource(service.site, Part(url=ARTICLE, **part)).look(counted)
        return int(counted.rows)

    return await service.site.db.read(look)


async def test_a_part_costs_what_is_in_it_wherever_it_stands(service: Stage) -> None:
    few = 10  # of the thread itself, how it is judged, and counts
    for offset in (0, 1_000, TOPS - 10):
        assert await rows(service, limit=10, nested_limit=2, offset=offset) <= 10 + 10 + 20 + few
    assert await rows(service, limit=10, nested_limit=2, offset=TOPS) <= few
    assert await rows(service, parent=10_001, limit=2) <= 1 + 1 + 2 + few
    for unbounded in ({}, {"limit": 10**9, "nested_limit": 10**9}):
        assert await rows(service, **unbounded) <= 3 * MOST_BELOW + few < ALL


async def test_its_parts_are_the_thread_in_order(service: Stage) -> None:
    web = await service.visitor(SCRIPT)
    page = await thread(web, "&limit=2&nested_limit=3&offset=1500")
    assert [(one["text"], [two["text"] for two in one["replies"]]) for one in page["replies"]] == [
        ("1500", ["1500.1", "1500.2", "1500.3"]),
        ("1501", ["1501.1", "1501.2", "1501.3"]),
    ]
    assert (page["total_replies"], page["hidden_replies"]) == (ALL, TOPS - 1502)
    assert [(one["total_replies"], one["hidden_replies"]) for one in page["replies"]] == [(BELOW, 1)] * 2
    newest = await thread(web, "&limit=1&nested_limit=2&offset=1&sort=newest")
    assert [one["text"] for one in newest["replies"]] == [f"{TOPS - 2}"]
    assert [one["text"] for one in newest["replies"][0]["replies"]] == [f"{TOPS - 2}.4", f"{TOPS - 2}.3"]
    below = await thread(web, "&parent=15001&offset=1&limit=2")
    assert ([one["text"] for one in below["replies"]], below["hidden_replies"]) == (["1500.2", "1500.3"], 1)
    assert (await thread(web, "&parent=15002"))["replies"] == [], "an answer is at the top of nothing"
    assert (await thread(web, f"&offset={TOPS}"))["replies"] == []


async def test_what_does_not_fit_is_offered_not_lost(service: Stage) -> None:
    """Where no end is named, the script gets as much as an answer holds, and is told how much is left."""
    web = await service.visitor(SCRIPT)
    whole = await thread(web)
    assert (len(whole["replies"]), whole["hidden_replies"]) == (MOST_BELOW, TOPS - MOST_BELOW)
    given = [len(one["replies"]) for one in whole["replies"]]
    assert sum(given) == MOST_BELOW
    assert [one["hidden_replies"] for one in whole["replies"]] == [BELOW - n for n in given]
