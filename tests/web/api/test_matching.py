"""Whoever changes or erases a thing says which one they have read; and where they need not say so."""

import pytest

from newsletter.addresses import parse
from newsletter.comments import Draft
from newsletter.web.api.table import ENDPOINTS
from newsletter.web.kit import importing
from tests.web.api.conftest import Program
from tests.web.api.test_files import FILE
from tests.web.stage import ADA, BEN, URL, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = {"If-Match": '"other"'}
FREE = {"PUT /subscribers/{id}/tags/{tag}", "DELETE /subscribers/{id}/tags/{tag}"}
"""A tag is put on and taken off by itself: whatever else of somebody has changed, it overwrites nothing."""


async def test_what_changes_one_thing_asks_which_was_read() -> None:
    """But for POST: of those the ones that judge somebody's words do."""
    free = {f"{one.method} {one.path}" for one in ENDPOINTS if not one.matches}
    assert {one for one in free if one.startswith(("PUT", "PATCH", "DELETE"))} == FREE
    posts = {one.path for one in ENDPOINTS if one.method == "POST" and one.matches}
    assert posts == {f"/comments/{{id}}/{verb}" for verb in ("approve", "spam", "block", "reply")}
    assert {f"{one.method} {one.path}" for one in ENDPOINTS if one.minds} == FREE


async def test_a_tag_goes_by_what_was_read_where_that_is_said(shop: Program) -> None:
    path = await shop.adds(ADA, tags=["work"])
    _, read = await shop.read(path)
    await shop.ask("DELETE", f"{path}/tags/work", 412, headers=OTHER)
    await shop.ask("PUT", f"{path}/tags/spring", 412, headers=OTHER)
    assert (await shop.get(path))["tags"] == ["work"]
    now = await shop.ask("PUT", f"{path}/tags/spring", headers=read)
    assert now.json()["tags"] == ["spring", "work"]
    await shop.ask("DELETE", f"{path}/tags/work", 412, headers=read)
    assert (await shop.ask("DELETE", f"{path}/tags/work")).json()["tags"] == ["spring"]
    again = {"If-Match": (await shop.ask("DELETE", f"{path}/tags/work")).headers["ETag"]}
    assert (await shop.ask("DELETE", f"{path}/tags/spring", headers=again)).json()["tags"] == []
    await shop.ask("DELETE", "/subscribers/1/tags/work", 404)


async def test_a_comment_is_judged_as_it_was_read(shop: Program, stage: Stage) -> None:
    words = Draft(raw="One", url=f"{URL}/on-work", name="Fay", address=parse("fay@example.org"))
    written = await stage.site.db.write(stage.site.comments.write, words)
    await stage.site.db.write(stage.site.comments.confirm, written.id, 1)
    path = f"/comments/{written.id}"
    for verb in ("spam", "block"):
        await shop.ask("POST", f"{path}/{verb}", 428)
        await shop.ask("POST", f"{path}/{verb}", 412, headers=OTHER)
    one, read = await shop.read(path)
    assert one["status"] == "pending"
    edited = await shop.ask("PATCH", path, json={"text": "Two"}, headers=read)
    await shop.ask("POST", f"{path}/spam", 412, headers=read)
    read = {"If-Match": edited.headers["ETag"]}
    assert (await shop.ask("POST", f"{path}/spam", headers=read)).json()["state"] == "spam"
    _, read = await shop.read(path)
    assert (await shop.ask("POST", f"{path}/block", headers=read)).json()["state"] == "spam"


async def test_an_import_is_let_go_as_it_was_read(shop: Program, stage: Stage) -> None:
    file = f"Mail\n{BEN}\n".encode()
    made = await shop.ask("POST", "/imports", 201, params={"name": "old.csv"}, content=file, headers=FILE)
    path, kept = (
        f"/imports/{made.json()['id']}",
        importing.place(stage.site.settings, int(made.json()["id"])),
    )
    _, read = await shop.read(path)
    await shop.ask("POST", f"{path}/check", 202, json={"origin": "The form on my old page"})
    await shop.ask("DELETE", path, 428)
    await shop.ask("DELETE", path, 412, headers=read)
    assert kept.exists()
    _, read = await shop.read(path)
    await shop.ask("DELETE", path, 204, headers=read)
    assert not kept.exists()
    await shop.ask("DELETE", path, 404, headers=read)
