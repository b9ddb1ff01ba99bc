"""The archive as a program has it: what everybody can read, under which address, and what stands above it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import cast

import pytest

from newsletter.broadcasts import archive
from newsletter.ids import new_id
from newsletter.owners import ApiToken
from newsletter.storage import Tx
from newsletter.web.api.archive import ArchiveEntryChange, change_archive_entry
from newsletter.web.api.asking import Call, Refusal, Reply
from tests.mail.conftest import eventually
from tests.web.api.conftest import ROOT, Program, program
from tests.web.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def sent_off(stage: Stage, slug: str, state: str = "sent") -> str:
    """The path of a broadcast, as it stands once a worker has had it."""
    id = new_id()

    async def add(tx: Tx) -> None:
        sql = """INSERT INTO broadcasts (id, slug, subject, body, archive, state, created_at, updated_at, sent_at)
                 VALUES (:id, :slug, 'On work', 'Hello.', 0, :state, :now, :now, :now)"""
        await tx.run(sql, id=id, slug=slug, state=state, now=tx.now)

    await stage.site.db.write(add)
    return f"/archive/{id}"


async def shown(shop: Program, slug: str) -> int:
    return (await shop.web.get(f"/archive/{slug}")).status_code


async def test_a_broadcast_is_shown_moved_and_hidden(shop: Program, stage: Stage) -> None:
    path = await sent_off(stage, "on-work")
    before, read = await shop.read(path)
    assert (before["public"], before["slug"], await shown(shop, "on-work")) == (False, "on-work", 404)
    now = await shop.ask("PATCH", path, json={"public": True}, headers=read)
    assert (now.json(), await shown(shop, "on-work")) == (before | {"public": True}, 200)
    await shop.ask("PATCH", path, 412, json={"slug": "late"}, headers=read)
    await shop.ask("PATCH", path, 428, json={"slug": "late"})
    read = {"If-Match": now.headers["ETag"]}
    moved = await shop.ask("PATCH", path, json={"slug": "on-rest"}, headers=read)
    assert (await shown(shop, "on-work"), await shown(shop, "on-rest")) == (404, 200)
    read = {"If-Match": moved.headers["ETag"]}
    await shop.ask("PATCH", path, json={"public": False}, headers=read)
    assert await shown(shop, "on-rest") == 404


@asynccontextmanager
async def in_hand(stage: Stage, id: int, slug: str = "") -> AsyncIterator[None]:
    """Somebody else changes it, until the block ends; to that address, where there is one."""
    held, over = asyncio.Event(), asyncio.Event()

    async def hold(tx: Tx) -> None:
        await archive.hold(tx, id)
        if slug:
            await archive.rename(tx, id, slug)
        held.set()
        await over.wait()

    holding = asyncio.create_task(stage.site.db.write(hold))
    await held.wait()
    try:
        yield
    finally:
        over.set()
        await holding


async def wait(stage: Stage, many: int) -> bool:
    locks = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return await stage.house.count(locks) == many


async def test_of_two_changes_at_once_one_counts(shop: Program, stage: Stage) -> None:
    path = await sent_off(stage, "raced")
    _, read = await shop.read(path)
    nobody, id = cast("ApiToken", None), {"id": path.rpartition("/")[2]}
    wanted = (ArchiveEntryChange(public=True), ArchiveEntryChange(slug="raced-again"))
    calls = [Call(stage.site, nobody, id, None, one, read["If-Match"]) for one in wanted]
    several = stage.site.db.engine == "postgres"  # SQLite has one writer
    async with in_hand(stage, int(id["id"])) if several else nullcontext():
        changes = [asyncio.create_task(change_archive_entry(one)) for one in calls]
        if several:
            await eventually(lambda: wait(stage, 2))
    came = await asyncio.gather(*changes, return_exceptions=True)
    assert {type(one) for one in came} == {Reply, Refusal}
    now = await shop.get(path)
    assert (now["public"], now["slug"]) in ((True, "raced"), (False, "raced-again"))


async def test_an_address_that_can_t_be_had_changes_nothing(shop: Program, stage: Stage) -> None:
    await sent_off(stage, "taken")
    path = await sent_off(stage, "own")
    before, read = await shop.read(path)
    for slug in ("taken", "feed", "Own"):
        wrong = {"public": True, "slug": slug}
        refused = await shop.ask("PATCH", path, 422, json=wrong, headers=read)
        assert refused.json()["errors"].keys() == {"slug"}, slug
    assert await shop.get(path) == before


async def test_of_two_who_take_one_address_at_once_one_gets_it(shop: Program, stage: Stage) -> None:
    """On PostgreSQL neither sees the other's, and a constraint refuses the second."""
    first, second = [await sent_off(stage, slug) for slug in ("first-of-two", "second-of-two")]
    id, slug = int(first.rpartition("/")[2]), "one-of-two"
    several = stage.site.db.engine == "postgres"
    if not several:
        await stage.site.db.write(archive.rename, id, slug)
    async with in_hand(stage, id, slug) if several else nullcontext():
        change = shop.ask("PATCH", second, 422, json={"slug": slug}, headers={"If-Match": "*"})
        late = asyncio.create_task(change)
        if several:
            await eventually(lambda: wait(stage, 1))
    assert (await late).json()["errors"] == {"slug": archive.TAKEN}


async def test_what_is_in_it_is_what_was_sent(shop: Program, stage: Stage) -> None:
    made = [await sent_off(stage, f"letter-{n}", "sending" if n else "paused") for n in range(3)]
    for state in ("cancelled", "draft"):
        path = await sent_off(stage, state, state)
        await shop.ask("GET", path, 404)
        await shop.ask("PATCH", path, 404, json={"public": True}, headers={"If-Match": "*"})
    first = await shop.get("/archive", limit=2)
    rest = await shop.get("/archive", limit=2, cursor=first["next"])
    seen = [f"/archive/{one['id']}" for one in first["items"] + rest["items"]]
    assert seen[:3] == made[::-1]


async def test_words_stand_above_it(shop: Program) -> None:
    before, read = await shop.read("/archive/about")
    assert before == {"about": ""}
    words = {"about": "Letters\non work."}
    assert (await shop.ask("PUT", "/archive/about", json=words, headers=read)).json() == words
    assert "on work." in (await shop.web.get("/archive")).text
    await shop.ask("PUT", "/archive/about", 412, json={"about": ""}, headers=read)
    long = await shop.ask("PUT", "/archive/about", 422, json={"about": "x" * 501}, headers={"If-Match": "*"})
    assert long.json()["errors"].keys() == {"about"}


async def test_who_writes_drafts_publishes_nothing(shop: Program, stage: Stage) -> None:
    path = await sent_off(stage, "private")
    writer = await program(stage, "broadcasts:read", "broadcasts:write")
    refused = await writer.web.patch(ROOT + path, json={"public": True}, headers={"If-Match": "*"})
    assert refused.status_code == 403
