"""What Isso's script sends to its host, taken by ours: by the same rules as any comment, and without a cookie."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from newsletter.clock import MINUTE
from newsletter.comments import EDITABLE
from tests.web.conftest import Serve
from tests.web.isso_script import NEW, SCRIPT, known, thread, typed
from tests.web.said import say
from tests.web.saying import (
    ARTICLE,
    confirmation,
    kept,
    lets_all_speak,
    open_for_comments,
    pages,
    says,
)
from tests.web.stage import ADA, BEN, BLOG, MALLORY, Stage


@pytest.fixture
async def service(serve: Serve) -> AsyncIterator[Stage]:
    async with open_for_comments(serve) as running:
        yield running


@pytest.fixture
async def web(service: Stage) -> httpx.AsyncClient:
    return await service.visitor(SCRIPT)


async def test_a_comment_waits_is_confirmed_and_stands(service: Stage, web: httpx.AsyncClient) -> None:
    await lets_all_speak(service)
    waits = await web.post(NEW, json=typed("I *agree*.", website="ada.example.org"))
    assert (waits.status_code, waits.json()["mode"]) == (202, 2)
    assert waits.json()["text"] == "<p>I <em>agree</em>.</p>"
    assert (await thread(web))["total_replies"] == 0
    (comment,) = await kept(service)
    assert (comment.status, comment.name, await pages(service)) == ("unverified", "Ada", [ARTICLE])

    await web.post(await confirmation(service), headers={"Content-Type": ""})
    shown = await thread(web)
    assert (shown["id"], shown["total_replies"], shown["hidden_replies"]) == (None, 1, 0)
    (one,) = shown["replies"]
    created = comment.created_at / 1_000
    assert one.pop("hash")
    assert one == {
        "id": str(comment.id), "parent": None, "text": "<p>I <em>agree</em>.</p>", "author": "Ada",
        "website": "https://ada.example.org/", "mode": 1, "created": created, "modified": None, "likes": 0,
        "dislikes": 0, "total_replies": 0, "hidden_replies": 0, "replies": [],
    }  # fmt: skip
    stands_now = await web.post(NEW, json=typed("Second.", notification=1))
    assert (stands_now.status_code, stands_now.json()["mode"]) == (201, 1)
    assert (await kept(service))[-1].follow == "replies"


async def test_the_answer_to_what_waits_tells_nothing(service: Stage, web: httpx.AsyncClient) -> None:
    """New, held, blocked, never mailed: nor does the picture tell whose address was typed."""
    site = service.site
    await known(service, MALLORY)
    await known(service, BEN)
    shown = {one["hash"] for one in (await thread(web))["replies"]}
    await site.db.write(site.moderation.set_options, "all", 3, 2, 0, "")
    await site.db.write(site.moderation.block, (await kept(service))[0].id)
    await site.db.write(site.post.suppress, "cleo@example.org", "erased")
    answers = [
        await web.post(NEW, json=typed(f"Anew, {email[:3]}.", email=email))
        for email in (ADA, BEN, MALLORY, "cleo@example.org")
    ]
    assert {one.status for one in (await kept(service))[2:]} == {"unverified", "pending", "spam"}
    own = ("id", "hash", "created", "text")
    assert len({repr({k: v for k, v in a.json().items() if k not in own}) for a in answers}) == 1
    assert {(a.status_code, *a.json()) for a in answers} == {(202, *answers[0].json())}
    assert len({a.json()["hash"] for a in answers} - shown) == 4


async def test_nobody_but_who_wrote_it_can_change_it(service: Stage, web: httpx.AsyncClient) -> None:
    await known(service)
    sent = await web.post(NEW, json=typed("Frist."))
    own, number = sent.json()["id"], (await kept(service))[-1].id
    for method, path in (("GET", f"{number}?plain=1"), ("PUT", str(number)), ("DELETE", str(number))):
        refused = await web.request(method, f"/isso/id/{path}", json={"text": "Mine."})
        assert refused.status_code == 403, method
        assert refused.headers["Access-Control-Allow-Credentials"] == "true"
    forged = own[:-1] + ("A" if own[-1] != "A" else "E")
    assert (await web.put(f"/isso/id/{forged}", json={"text": "Mine."})).status_code == 404
    foreign = {"Origin": "https://evil.example"}
    assert (await web.delete(f"/isso/id/{own}", headers=foreign)).status_code == 403
    assert (await web.get(f"/isso/id/{own}?plain=1")).json()["text"] == "Frist."
    changed = await web.put(f"/isso/id/{own}", json={"text": "*First.*"})
    assert (changed.status_code, changed.json()["text"]) == (200, "<p><em>First.</em></p>")
    assert (await thread(web))["replies"][-1]["text"] == "<p><em>First.</em></p>"
    service.clock.forward(EDITABLE + MINUTE)
    for method in ("PUT", "DELETE"):
        late = await web.request(method, f"/isso/id/{own}", json={"text": "Too late."})
        assert late.status_code == 410, method
    assert (await kept(service))[-1].raw == "*First.*"


async def test_what_opens_a_comment_opens_it_in_the_network_that_wrote_it(serve: Serve) -> None:
    """Isso's script makes a link of it, which may be passed on."""
    async with open_for_comments(serve, trusted_proxies=("127.0.0.0/8",)) as service:
        web = await service.visitor(SCRIPT)
        here, elsewhere = ({"X-Forwarded-For": network} for network in ("192.0.2.7", "198.51.100.7"))
        own = (await web.post(NEW, json=typed(), headers=here)).json()["id"]
        stolen = await web.put(f"/isso/id/{own}", json={"text": "Mine."}, headers=elsewhere)
        assert stolen.status_code == 403
        assert (await web.get(f"/isso/id/{own}", headers=elsewhere)).status_code == 403
        assert (await web.put(f"/isso/id/{own}", json={"text": "Yes."}, headers=here)).status_code == 200


async def test_taken_back_it_is_gone_or_an_empty_place(service: Stage, web: httpx.AsyncClient) -> None:
    await known(service)
    alone, answered = [(await web.post(NEW, json=typed(text))).json()["id"] for text in ("One.", "Two.")]
    below = await web.post(NEW, json=typed("Yes.", parent=answered))
    assert (below.status_code, below.json()["parent"]) == (201, answered)
    gone = await web.delete(f"/isso/id/{alone}")
    assert (gone.status_code, gone.text) == (200, "null")
    emptied = (await web.delete(f"/isso/id/{answered}")).json()
    assert (emptied["mode"], emptied["text"], emptied["author"]) == (4, "", None)
    first, place = (await thread(web))["replies"]
    assert (first["text"], place["mode"], place["text"], place["website"]) == ("<p>First.</p>", 4, "", None)
    assert [one["text"] for one in place["replies"]] == ["<p>Yes.</p>"]
    assert (await web.delete(f"/isso/id/{answered}")).status_code == 404


async def test_the_name_of_ones_own_comment_fits_where_the_script_puts_it(
    service: Stage, web: httpx.AsyncClient
) -> None:
    """Into an id, a CSS selector, a regular expression, a path, and a cookie of the page's own."""
    for number in range(20):
        sent = await web.post(NEW, json=typed(f"Number {number}."))
        own = sent.json()["id"]
        assert re.fullmatch(r"[A-Za-z0-9_-]+", own)
        assert sent.headers["X-Set-Cookie"] == f"isso-{own}=1; Max-Age=900; Path=/; SameSite=Lax"
        assert "X-Set-Cookie" in sent.headers["Access-Control-Expose-Headers"]
        assert "Set-Cookie" not in sent.headers
        assert (await web.get(f"/isso/id/{own}?plain=1")).json()["text"] == f"Number {number}."


async def test_pages_that_the_owner_did_not_allow_can_do_nothing(
    service: Stage, web: httpx.AsyncClient
) -> None:
    foreign = {"Origin": "https://evil.example"}
    for path, body in ((NEW, typed()), ("/isso/count", ["/on-work"]), ("/isso/preview", {"text": "a"})):
        refused = await web.post(path, json=body, headers=foreign)
        assert refused.status_code == 403, path
        assert "Access-Control-Allow-Origin" not in refused.headers
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        refused = await web.post(NEW, json=typed(), headers={"Content-Type": kind})
        assert refused.status_code == 415, kind
    assert await kept(service) == []


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("email", None, "email"),
        ("email", "ada", "email"),
        ("author", None, "author"),
        ("author", "a\nb", "author"),
        ("text", None, "text"),
        ("text", " \n", "text"),
        ("text", "x" * 10_001, "text"),
        ("text", "a\u202eb", "text"),
        ("website", "javascript:alert(1)", "website"),
        ("title", "a\0b", "title"),
        ("parent", "one", ""),
        ("parent", 2**63, ""),
        ("parent", [1], ""),
        ("author", 7, ""),
    ],
)
async def test_each_mistake_is_named_as_isso_names_its_field(
    service: Stage, web: httpx.AsyncClient, field: str, value: Any, named: str
) -> None:
    refused = await web.post(NEW, json=typed(**{field: value}))
    assert refused.status_code == 422
    assert list(refused.json()["errors"]) == ([named] if named else [])
    assert refused.headers["Access-Control-Allow-Origin"] == BLOG
    assert await kept(service) == []


async def test_budgets_and_closed_threads_count_here_too(serve: Serve) -> None:
    async with open_for_comments(serve, comments_per_network=2) as service:
        web, site = await service.visitor(SCRIPT), service.site
        assert (await web.post(NEW, json=typed("One."))).status_code == 202
        assert (await web.post(NEW, json=typed("One."))).status_code == 409
        flood = await web.post(NEW, json=typed("Two."))
        assert (flood.status_code, "Retry-After" in flood.headers) == (429, True)
        await site.db.write(site.moderation.close, (await kept(service))[0].thread_id, closed=True)
    async with open_for_comments(serve) as service:
        web = await service.visitor(SCRIPT)
        assert (await web.post(NEW, json=typed("Three."))).status_code == 403
        assert [one.raw for one in await kept(service)] == ["One."]


async def test_by_its_door_and_by_others_it_is_one_thread(service: Stage, web: httpx.AsyncClient) -> None:
    await known(service)
    await says(await service.visitor(), "By the form.")
    await web.post(NEW, json=typed("By Isso."))
    assert [one["text"] for one in (await thread(web))["replies"]] == [
        "<p>First.</p>", "<p>By the form.</p>", "<p>By Isso.</p>",
    ]  # fmt: skip
    assert await pages(service) == [ARTICLE] * 3


async def test_an_answer_is_put_where_the_script_looks_for_it(service: Stage, web: httpx.AsyncClient) -> None:
    top = await say(service, "top")
    answer = await say(service, "answer", parent_id=top)
    await known(service)
    for parent in (str(answer), answer):
        sent = await web.post(NEW, json=typed(f"To {parent!r}.", parent=parent))
        assert (sent.status_code, sent.json()["parent"]) == (201, str(top))
        assert (await kept(service))[-1].parent_id == answer
