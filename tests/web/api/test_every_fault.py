"""Whoever sends two wrong fields is told of both at once, whichever of them is seen first."""

from typing import Any
from urllib.parse import urlencode

import pytest

from newsletter.web.api.table import ENDPOINTS
from tests.web.api.conftest import ROOT, Program
from tests.web.api.test_frame import problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = "x" * 2_000
FORM: dict[str, Any] = {
    "title": "",
    "tags": ["a,b"],
    "magnets": ["none"],
    "thanks_url": "https://mallory.example/",
}
FIELDS = [{"name": "city", "label": "", "help": LONG}]
MAILS = {"confirmation": {"subject": LONG, "above": 7}, "guide": {"subject": "{{ x }}", "below": "{{ x }}"}}
WRONG: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("POST /subscribers", {"email": "ada", "tags": ["a,b"], "agreed": "soon"}, {}),
    ("POST /subscribers", {"email": "ada", "imported": "By hand", "name": 7}, {"form": "guide"}),
    ("POST /subscribers", {"tags": ["x"] * 101, "agreed": "2026-12-01T09:00:00+00:00"}, {"email": "x@example.org"}),
    ("PATCH /subscribers/{id}", {"name": LONG, "fields": {"city": 7}}, {}),
    ("POST /subscribers/many", {"segment": "tag", "tag": "none"}, {"action": "untag"}),
    ("POST /subscribers/many", {"action": "mail", "segment": "tag", "tag": LONG}, {}),
    ("POST /subscribers/many", {"segment": LONG, "tag": ""}, {"action": "tag"}),
    ("POST /imports/{id}/check", {"origin": "", "tag": "a,b", "encoding": "x"}, {}),
    ("POST /imports/{id}/check", {"origin": "", "tag": "a,b", "columns": {"None": "name"}}, {}),
    ("POST /broadcasts", {"subject": LONG, "audience": "tag"}, {}),
    ("PATCH /broadcasts/{id}", {"preheader": LONG, "audience": "tag"}, {}),
    ("POST /broadcasts/{id}/send", {"version": "x", "at": "soon"}, {}),
    ("PATCH /archive/{id}", {"public": 1, "slug": "A B"}, {}),
    ("PATCH /archive/{id}", {"public": 1, "slug": "feed"}, {}),
    ("POST /sequences", {"slug": "course", "start": "soon"}, {}),
    ("POST /sequences", {"slug": "course", "start": "downloaded:none"}, {}),
    ("POST /sequences", {"slug": "A B", "start": "confirmed:none"}, {}),
    ("POST /sequences/{slug}/start", {"since": "soon", "people": -1}, {}),
    ("POST /sequences/{slug}/steps", {"subject": LONG, "body": 7, "wait": "soon"}, {}),
    ("PATCH /sequences/{slug}/steps/{id}", {"subject": LONG, "wait": "soon"}, {}),
    ("PATCH /comment-rules", {"depth": 9, "rules": "never so"}, {}),
    ("POST /forms", FORM | {"slug": "guide", "wording": "", "accent": "#ffffff", "allowed_origins": ["ftp://x"]}, {}),
    ("POST /forms", FORM | {"slug": "preview", "wording": "", "fields": FIELDS}, {}),
    ("PATCH /forms/{slug}", FORM | {"accent": "#ffffff", "background": "red", "allowed_origins": ["ftp://x"]}, {}),
    ("PATCH /forms/{slug}/mails", MAILS, {}),
    ("POST /forms/{slug}/test", {"title": "", "button": LONG, "intro": 7}, {}),
    ("POST /forms/{slug}/test/end", {"test": "x", "variant": "c"}, {}),
    ("PATCH /magnets/{slug}", {"title": "", "description": LONG, "attach": "x"}, {}),
    ("POST /magnets/{slug}/telling", {"version": 0, "words": LONG}, {}),
    ("POST /webhooks", {"url": "http://mallory.example/", "events": []}, {}),
    ("PATCH /webhooks/{id}", {"url": "ftp://mallory.example/", "state": "x"}, {}),
    ("PATCH /settings", {"from_name": 7, "time_zone": "Lisbon", "mail_connections": 0, "nothing": 1}, {}),
    ("PUT /settings/relay", {"host": "a b", "port": 0, "username": "o\x07", "password": 7}, {"tls": "required"}),
    ("PUT /settings/relay", {"host": "a b", "tls": "auto", "password": "", "anyway": 7}, {"port": 25, "username": "o"}),
)  # fmt: skip
SEVERAL = {
    f"{one.method} {one.path}" for one in ENDPOINTS if one.takes and len(one.takes.__struct_fields__) > 1
}


async def made(shop: Program) -> dict[str, str]:
    """Of each kind one that can be changed, by the beginning of its address."""
    sequence = "/sequences/course"
    await shop.ask("POST", "/sequences", 201, json={"slug": "course", "start": "tag:course"})
    step = await shop.ask("POST", f"{sequence}/steps", 201, json={"subject": "One", "body": "Hello."})
    draft = await shop.ask("POST", "/broadcasts", 201, json={"subject": "One"})
    hook = {"url": "https://shop.example.org/hook", "events": ["subscriber.confirmed"]}
    told = await shop.ask("POST", "/webhooks", 201, json=hook)
    raw = {"headers": {"Content-Type": "application/octet-stream"}, "content": b"Mail\nada@example.org\n"}
    file = await shop.ask("POST", "/imports", 201, **raw)
    return {
        "subscribers": (await shop.adds("fay@example.org")).rpartition("/")[2],
        "sequences": step.json()["id"],
        "broadcasts": draft.json()["id"],
        "archive": draft.json()["id"],
        "webhooks": told.json()["id"],
        "imports": file.json()["id"],
    }


SLUGS = {"sequences": "course", "forms": "guide", "magnets": "structure-your-career"}


async def test_the_table_has_every_door_that_takes_several_fields() -> None:
    assert {door for door, *_ in WRONG} == SEVERAL


async def test_all_that_is_wrong_is_told_at_once(shop: Program) -> None:
    ids = await made(shop)
    for door, wrong, well in WRONG:
        method, _, path = door.partition(" ")
        kind = path.split("/")[1]
        path = path.replace("{id}", ids.get(kind, "")).replace("{slug}", SLUGS.get(kind, ""))
        answer = await shop.web.request(method, ROOT + path, json=wrong | well, headers={"If-Match": "*"})
        assert set(problem(answer, 422)["errors"]) == set(wrong), (door, wrong, answer.text)


async def test_all_that_is_wrong_in_a_query_is_told_at_once(shop: Program) -> None:
    for path, wrong in (
        ("/subscribers", {"limit": 0, "segment": "tag", "email": "ada"}),
        ("/subscribers?segment=tag:work", {"limit": 0, "search": "ada"}),
        ("/suppressions", {"limit": 0, "email": "ada"}),
        ("/sequences/course/people", {"limit": 0, "state": "running"}),
    ):
        answer = await shop.web.get(f"{ROOT}{path}{'&' if '?' in path else '?'}{urlencode(wrong)}")
        assert set(problem(answer, 422)["errors"]) == set(wrong), answer.text
    slug = SLUGS["magnets"]
    pdf: dict[str, Any] = {"headers": {"Content-Type": "application/pdf"}, "content": b"%PDF-1.4 %%EOF"}
    answer = await shop.web.post(f"{ROOT}/magnets", params={"slug": slug, "title": ""}, **pdf)
    assert set(problem(answer, 422)["errors"]) == {"slug", "title"}


async def test_of_a_field_with_parts_each_part_is_told(shop: Program) -> None:
    said = (await shop.ask("PATCH", "/forms/guide/mails", 422, json=MAILS, headers={"If-Match": "*"})).json()[
        "errors"
    ]
    assert {one for one in ("subject: ", "above: ") if one in said["confirmation"]} == {
        "subject: ",
        "above: ",
    }
    assert {one for one in ("subject: ", "below: ") if one in said["guide"]} == {"subject: ", "below: "}
    wrong = {"fields": [*FIELDS, {"name": "Age", "label": "Age", "type": "choice"}]}
    said = (await shop.ask("PATCH", "/forms/guide", 422, json=wrong, headers={"If-Match": "*"})).json()[
        "errors"
    ]
    assert [one for one in ("1, label: ", "1, help: ", "2, name: ") if one in said["fields"]] == [
        "1, label: ", "1, help: ", "2, name: ",
    ]  # fmt: skip
    wrong = {
        "fields": [{"name": "email", "label": "Mail"}, {"name": "age", "label": "Age", "type": "choice"}]
    }
    said = (await shop.ask("PATCH", "/forms/guide", 422, json=wrong, headers={"If-Match": "*"})).json()[
        "errors"
    ]
    assert [one for one in ("email, ", "age, ") if one in said["fields"]] == ["email, ", "age, "]
