"""Two programs that have read the same and change it at once: one is taken, the other hears that it has changed."""

import asyncio
from typing import Any

import pytest

from newsletter.addresses import parse
from newsletter.comments import Draft
from newsletter.web.api.table import ENDPOINTS
from tests.web.api.conftest import ROOT, Program
from tests.web.stage import URL, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUNDS = 4
"""On PostgreSQL two need not meet each time; on SQLite they do in the first."""

CHANGES: tuple[tuple[str, str, tuple[dict[str, Any], dict[str, Any]]], ...] = (
    ("/subscribers/{id}", "subscribers", ({"name": "A"}, {"name": "B"})),
    ("/broadcasts/{id}", "broadcasts", ({"subject": "A"}, {"subject": "B"})),
    ("/sequences/{slug}", "sequences", ({"start": "tag:a"}, {"start": "tag:b"})),
    ("/sequences/{slug}/steps/{id}", "steps", ({"subject": "A"}, {"wait": "5 days"})),
    ("/comments/{id}", "comments", ({"text": "A"}, {"text": "B"})),
    ("/comment-rules", "", ({"depth": 5}, {"depth": 6})),
    ("/forms/{slug}", "forms", ({"title": "A"}, {"title": "B"})),
    ("/forms/{slug}/mails", "forms", ({"guide": {"subject": "A"}}, {"guide": {"subject": "B"}})),
    ("/magnets/{slug}", "magnets", ({"title": "A"}, {"title": "B"})),
    ("/webhooks/{id}", "webhooks", ({"state": "off"}, {"url": "https://shop.example.org/b"})),
    ("/settings", "", ({"ramp_up": 5}, {"ramp_up": 6})),
    ("/archive/about", "", ({"about": "A"}, {"about": "B"})),
)
ELSEWHERE = {
    "/archive/{id}": "two race in tests/web/api/test_archive.py, which sends one off first",
    "/settings/logo": "its body is a file: two race in tests/web/api/test_logo.py",
    "/settings/relay": "one server is tried at a time; tests/web/test_desk_relay.py has who comes late",
}


async def things(shop: Program, stage: Stage) -> dict[str, str]:
    """The address of one of each."""
    await shop.ask("POST", "/sequences", 201, json={"slug": "course", "start": "tag:course"})
    step = await shop.ask("POST", "/sequences/course/steps", 201, json={"subject": "One", "body": "Hello."})
    draft = await shop.ask("POST", "/broadcasts", 201, json={"subject": "Hello"})
    hook = {"url": "https://shop.example.org/a", "events": ["subscriber.confirmed"]}
    told = await shop.ask("POST", "/webhooks", 201, json=hook)
    words = Draft(raw="One", url=f"{URL}/on-work", name="Fay", address=parse("fay@example.org"))
    written = await stage.site.db.write(stage.site.comments.write, words)
    return {
        "subscribers": (await shop.adds("both@example.org")).rpartition("/")[2],
        "broadcasts": draft.json()["id"],
        "sequences": "course",
        "steps": step.json()["id"],
        "comments": str(written.id),
        "forms": "guide",
        "magnets": "structure-your-career",
        "webhooks": told.json()["id"],
    }


async def test_the_table_has_every_thing_that_is_changed() -> None:
    changed = {one.path for one in ENDPOINTS if one.matches and one.method in ("PATCH", "PUT")}
    assert {path for path, *_ in CHANGES} | ELSEWHERE.keys() == changed


async def both(shop: Program, method: str, path: str, bodies: tuple[Any, Any]) -> list[int]:
    _, read = await shop.read(path)
    asked = [shop.web.request(method, ROOT + path, json=body, headers=read) for body in bodies]
    return sorted(one.status_code for one in await asyncio.gather(*asked))


async def test_of_two_who_change_it_at_once_one_is_refused(shop: Program, stage: Stage) -> None:
    there = await things(shop, stage)
    for template, kind, bodies in CHANGES:
        path = template.replace("{slug}", "course" if kind == "steps" else there.get(kind, ""))
        path = path.replace("{id}", there.get(kind, ""))
        method = "PUT" if path == "/archive/about" else "PATCH"
        before, _ = await shop.read(path)
        for _ in range(ROUNDS):
            assert await both(shop, method, path, bodies) == [200, 412], template
            again = {name: before[name] for body in bodies for name in body}
            await shop.ask(method, path, json=again, headers={"If-Match": "*"})


async def test_what_was_changed_at_that_moment_is_not_deleted(shop: Program) -> None:
    for n in range(ROUNDS):
        gone = (await shop.ask("POST", "/broadcasts", 201, json={"subject": "X"})).headers["Location"]
        person = await shop.adds(f"leaves{n}@example.org")
        await shop.ask("POST", "/sequences", 201, json={"slug": "short", "start": "tag:x"})
        for path, body in (
            (gone.removeprefix(ROOT), {"subject": "Y"}),
            (person, {"name": "Y"}),
            ("/sequences/short", {"start": "tag:y"}),
        ):
            _, read = await shop.read(path)
            asked = [
                shop.web.patch(ROOT + path, json=body, headers=read),
                shop.web.delete(ROOT + path, headers=read),
            ]
            changed, deleted = [one.status_code for one in await asyncio.gather(*asked)]
            assert (changed, deleted) in ((200, 412), (404, 204)), (path, changed, deleted)
            if deleted == 412:
                await shop.ask("DELETE", path, 204, headers={"If-Match": "*"})
