"""Many subscribers at once: asked first, done to exactly those who were counted, gone on with, and undone."""

import itertools
import re
from collections.abc import Sequence
from html import unescape
from itertools import pairwise
from typing import Any

import httpx
import pytest

from newsletter.clock import DAY
from newsletter.storage import Param, Tx
from newsletter.subscribers import bulk
from newsletter.subscribers.bulk.store import SLICE
from newsletter.web.kit import changing_many
from tests.conftest import ON_ONE
from tests.mail.conftest import eventually
from tests.web.stage import ADA, BEN, Stage
from tests.web.test_desk import csrf_on

LIST = "/admin/subscribers"
MANY = 450
"""Three slices, the last of them not full."""


@pytest.fixture
async def desk(still: Stage) -> httpx.AsyncClient:
    web = await still.visitor()
    await still.signs_in(web)
    return web


async def fill(tx: Tx, first: int = 1, last: int = MANY) -> None:
    """Numbered; each third one has the tag old since the second that is their number."""
    rows: list[dict[str, Param]] = [{"id": n, "email": f"r{n}@example.org"} for n in range(first, last + 1)]
    await tx.many(
        """INSERT INTO subscribers (id, email, email_key, status, created_at)
           VALUES (:id, :email, :email, 'active', 1)""",
        rows,
    )
    await tx.run("INSERT INTO tags (id, name, title) VALUES (7, 'old', 'old') ON CONFLICT DO NOTHING")
    await tx.run(
        "INSERT INTO subscriber_tags (subscriber_id, tag_id, tagged_at) SELECT id, 7, id FROM subscribers"
        " WHERE id % 3 = 0 ON CONFLICT DO NOTHING"
    )


async def asks(web: httpx.AsyncClient, **fields: str) -> httpx.Response:
    return await web.post(f"{LIST}/many", data={"csrf": csrf_on(await web.get(LIST)), **fields})


async def presses(web: httpx.AsyncClient, path: str, action: str) -> httpx.Response:
    return await web.post(path, data={"csrf": csrf_on(await web.get(path)), "action": action})


async def said(web: httpx.AsyncClient, path: str) -> str:
    return " ".join(unescape((await web.get(path)).text).split())


async def tagged(still: Stage, tag: str) -> list[tuple[int, int]]:
    sql = f"""SELECT subscriber_id, tagged_at FROM subscriber_tags JOIN tags ON tags.id = tag_id
              WHERE name = '{tag}' ORDER BY 1"""
    return [(row[0], row[1]) async for rows in still.site.db.stream(sql) for row in rows]


async def test_everybody_in_a_list_gets_a_tag_and_loses_it_again(
    still: Stage, desk: httpx.AsyncClient
) -> None:
    await still.site.db.write(fill)
    path = (await asks(desk, action="tag", tag="new", who="all", where="not tag:old")).headers["Location"]
    assert "300 people get the tag “new”." in await said(desk, path)
    await still.site.db.write(fill, MANY + 1, MANY + 5)  # who comes later is not meant
    await changing_many.keep_going(still.site)
    assert await tagged(still, "new") == []
    await presses(desk, path, "start")
    assert "It is being done" in await said(desk, path)
    await changing_many.keep_going(still.site)
    assert [id for id, _ in await tagged(still, "new")] == [n for n in range(1, MANY + 1) if n % 3]
    assert "300 people have the tag “new” now who didn’t have it." in await said(desk, path)
    await presses(desk, path, "undo")
    await changing_many.keep_going(still.site)
    assert await tagged(still, "new") == []
    assert "It is undone" in await said(desk, path)
    assert (await presses(desk, path, "undo")).status_code == 422


async def test_who_is_ticked_loses_a_tag_and_gets_it_back_as_it_was(
    still: Stage, desk: httpx.AsyncClient
) -> None:
    await still.site.db.write(fill)
    before = await tagged(still, "old")
    ticked = {f"s{n}": "1" for n in (1, 2, 3, 6, 999_999)}
    path = (await asks(desk, action="untag", tag="old", who="ticked", **ticked)).headers["Location"]
    assert "The tag “old” is taken off 4 people." in await said(desk, path)
    await presses(desk, path, "start")
    await changing_many.keep_going(still.site)
    assert await tagged(still, "old") == before[2:]
    assert "2 people had the tag “old” and have it no more." in await said(desk, path)
    await presses(desk, path, "undo")
    await changing_many.keep_going(still.site)
    assert await tagged(still, "old") == before


async def test_erasing_many_leaves_nothing_of_them(still: Stage, desk: httpx.AsyncClient) -> None:
    visitor = await still.visitor()
    await still.member(visitor, ADA)
    await still.member(visitor, BEN)
    await still.site.db.write(fill)
    path = (await asks(desk, action="erase", who="all", where="not form:guide")).headers["Location"]
    page = await said(desk, path)
    assert "450 people are erased, for good." in page
    assert "This can’t be undone." in page
    await presses(desk, path, "start")
    await changing_many.keep_going(still.site)
    assert await still.house.count("SELECT count(*) FROM subscribers") == 2
    assert await still.house.count("SELECT count(*) FROM suppressions WHERE reason = 'erased'") == MANY
    assert await still.house.count("SELECT count(*) FROM bulk_slices") == 0
    assert await still.house.count("SELECT count(*) FROM chores WHERE name LIKE 'log %'") == 0
    assert "450 people are erased" in await said(desk, path)
    assert (await presses(desk, path, "undo")).status_code == 422


async def step(still: Stage, id: int) -> None:
    """A slice, however many transactions that takes."""
    while True:
        assert await still.site.db.write(bulk.change_some, await still.site.db.read(bulk.find, id))
        one = await still.site.db.read(bulk.find, id)
        if one.position % SLICE == 0 or one.state == "done":
            return


async def test_it_goes_on_where_it_was_and_stops_when_it_is_told(
    still: Stage, desk: httpx.AsyncClient
) -> None:
    """Slice by slice, as after a crash between any two of them; and two processes never do the same one."""
    await still.site.db.write(fill)
    path = (await asks(desk, action="tag", tag="new", who="all")).headers["Location"]
    id = int(path.rpartition("/")[2])
    await presses(desk, path, "start")
    behind = await still.site.db.read(bulk.find, id)
    await step(still, id)
    assert not await still.site.db.write(bulk.change_some, behind)
    assert len(await tagged(still, "new")) == 200
    assert "200 of 450 people." in await said(desk, path)
    await presses(desk, path, "stop")
    await changing_many.keep_going(still.site)
    assert len(await tagged(still, "new")) == 200
    await presses(desk, path, "start")
    await step(still, id)
    await presses(desk, path, "stop")
    await presses(desk, path, "undo")
    while (one := await still.site.db.read(bulk.find, id)).position > SLICE:
        assert await still.site.db.write(bulk.undo_some, one)
        assert not await still.site.db.write(bulk.undo_some, one)
    assert [n for n, _ in await tagged(still, "new")] == list(range(1, 201))
    await changing_many.keep_going(still.site)
    assert await tagged(still, "new") == []


@pytest.mark.parametrize("verb", ["tag", "untag", "erase"])
async def test_a_slow_machine_changes_fewer_at_a_time(
    still: Stage, desk: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """Whose look at the clock takes 4 ms: then a transaction ends after a hundred, and after a few erasures."""
    passed, most = itertools.count(step=0.004), 4 * 25
    for clock in (
        "newsletter.subscribers.bulk.actions.monotonic",
        "newsletter.web.kit.changing_many.monotonic",
    ):
        monkeypatch.setattr(clock, lambda: next(passed))
    await still.site.db.write(fill)
    before = await tagged(still, "old")
    path = (await asks(desk, action=verb, tag="old", who="all", where="not tag:new")).headers["Location"]
    await changing_many.keep_going(still.site)
    await presses(desk, path, "start")
    reached = [0, *await positions(still, path), MANY]
    assert {b - a for a, b in pairwise(reached)} <= set(range(most + 1))
    assert len(set(reached)) > MANY // most
    if verb != "erase":
        assert len(await tagged(still, "old")) == (MANY if verb == "tag" else 0)
        await presses(desk, path, "undo")
        reached = [MANY, *await positions(still, path), 0]
        assert {a - b for a, b in pairwise(reached)} <= set(range(most + 1))
        assert len(set(reached)) > MANY // most
        assert await tagged(still, "old") == before


async def positions(still: Stage, path: str) -> list[int]:
    """Where each transaction of it begins."""
    seen: list[int] = []
    write = still.site.db.write

    async def watched(action: Any, *args: Any, **more: Any) -> Any:
        seen.extend(one.position for one in args if isinstance(one, bulk.Bulk))
        return await write(action, *args, **more)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(still.site.db, "write", watched)
        await changing_many.keep_going(still.site)
    return seen


async def test_more_than_are_gathered_at_once(
    still: Stage, desk: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.subscribers.bulk.actions.MOST", 1)
    await still.site.db.write(fill)
    path = (await asks(desk, action="tag", tag="new", who="all")).headers["Location"]
    assert "200 people so far. Nothing is changed yet." in await said(desk, path)
    assert (await presses(desk, path, "start")).status_code == 422
    await changing_many.keep_going(still.site)
    assert "450 people get the tag “new”." in await said(desk, path)
    await presses(desk, path, "start")
    await changing_many.keep_going(still.site)
    assert [n for n, _ in await tagged(still, "new")] == list(range(1, MANY + 1))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"action": "tag", "tag": "new", "who": "ticked"}, "Tick somebody first"),
        ({"action": "tag", "tag": "a,b", "who": "all"}, "one line without a comma"),
        ({"action": "untag", "tag": "none", "who": "all"}, "There is no tag “none”"),
        ({"action": "nonsense", "who": "all"}, "Please choose what is to be done."),
        ({"action": "erase", "who": "all", "where": "tag old"}, "Column 5"),
        ({"action": "erase", "who": "all", "search": "r1"}, "Tick somebody first"),
    ],
)
@ON_ONE
async def test_what_cannot_be_asked_is_said(
    still: Stage, desk: httpx.AsyncClient, fields: dict[str, str], words: str
) -> None:
    await still.site.db.write(fill, 1, 3)
    answer = await asks(desk, **fields)
    assert answer.status_code == 422
    assert words in unescape(answer.text)
    assert await still.house.count("SELECT count(*) FROM bulk_changes WHERE state <> 'gathering'") == 0


@ON_ONE
async def test_it_is_kept_as_long_as_it_can_be_undone(still: Stage, desk: httpx.AsyncClient) -> None:
    await still.site.db.write(fill, 1, 3)
    done = (await asks(desk, action="tag", tag="new", who="all")).headers["Location"]
    await presses(desk, done, "start")
    await changing_many.keep_going(still.site)
    left = (await asks(desk, action="tag", tag="other", who="ticked", s1="1")).headers["Location"]
    assert ids(await said(desk, f"{LIST}/many")) == [left.rpartition("/")[2], done.rpartition("/")[2]]
    for days, kept in ((2, [done]), (29, [])):
        still.clock.forward(days * DAY)
        await changing_many.keep_going(still.site)
        rows = [row[0] async for some in still.site.db.stream("SELECT id FROM bulk_changes") for row in some]
        assert [f"{LIST}/many/{id}" for id in rows] == kept
    assert await still.house.count("SELECT count(*) FROM bulk_slices") == 0


def ids(page: str) -> Sequence[str]:
    return re.findall(rf"{LIST}/many/(\d+)", page)


@ON_ONE
async def test_the_service_does_it_by_itself(service: Stage) -> None:
    web = await service.visitor()
    await service.signs_in(web)
    await service.site.db.write(fill, 1, 3)
    path = (await asks(web, action="tag", tag="new", who="all")).headers["Location"]
    await presses(web, path, "start")

    async def done() -> bool:
        return "3 people have the tag “new” now" in await said(web, path)

    await eventually(done)
