"""What Isso's script reads from its host, given by ours: the same threads, to the pages that the owner allowed."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from newsletter.clock import DAY
from newsletter.comments import PER_PAGE
from newsletter.web.kit.policy import isso_cors
from tests.comments.payloads import PAYLOADS, is_inert
from tests.conftest import ON_ONE
from tests.shares import share
from tests.web.conftest import Serve
from tests.web.isso_script import ALLOWED, NAMELESS, NEW, SCRIPT, THREAD, known, thread, typed
from tests.web.said import say, stands
from tests.web.saying import (
    ARTICLE,
    kept,
    open_for_comments,
    pages,
)
from tests.web.stage import ADA, BLOG, URL, Stage


@pytest.fixture
async def service(serve: Serve) -> AsyncIterator[Stage]:
    async with open_for_comments(serve) as running:
        yield running


@pytest.fixture
async def web(service: Stage) -> httpx.AsyncClient:
    return await service.visitor(SCRIPT)


async def test_answers_come_one_level_deep_under_ids_that_scripts_can_hold(
    service: Stage, web: httpx.AsyncClient
) -> None:
    service.clock.forward(400 * DAY)
    top = await say(service, "top")
    answer = await say(service, "answer", parent_id=top)
    await say(service, "second", parent_id=top)
    await say(service, "below", parent_id=answer)
    other = await say(service, "other", by_owner=1, name="Olga")
    await say(service, "unseen", parent_id=other, status="pending")
    assert top > 2**53
    shown = await thread(web)
    assert [one["id"] for one in shown["replies"]] == [str(top), str(other)]
    assert [(one["text"], one["parent"]) for one in shown["replies"][0]["replies"]] == [
        (f"<p>{text}</p>", str(top)) for text in ("answer", "second", "below")
    ]
    assert (shown["total_replies"], shown["replies"][0]["total_replies"]) == (5, 3)
    owner = shown["replies"][1]
    assert owner["hash"] in shown["config"]["page-author-hashes"]
    assert shown["replies"][0]["hash"] not in shown["config"]["page-author-hashes"]


async def test_a_long_thread_comes_in_parts(service: Stage, web: httpx.AsyncClient) -> None:
    tops = [await say(service, f"top {n}") for n in range(3)]
    for n in range(4):
        await say(service, f"answer {n}", parent_id=tops[0])

    async def part(query: str) -> tuple[int, list[str]]:
        found = await thread(web, query)
        return found["hidden_replies"], [re.sub("<.*?>", "", one["text"]) for one in found["replies"]]

    assert await part("&limit=2&sort=oldest&offset=0") == (1, ["top 0", "top 1"])
    assert await part("&limit=2&offset=2") == (0, ["top 2"])
    assert await part("&limit=0") == (3, [])
    assert await part("&sort=newest&limit=1") == (2, ["top 2"])
    assert await part(f"&parent={tops[0]}&limit=2&offset=1") == (1, ["answer 1", "answer 2"])
    assert await part(f"&parent={tops[0]}&sort=newest&limit=1") == (3, ["answer 3"])
    assert await part("&parent=7") == (0, [])
    first = (await thread(web, "&nested_limit=1"))["replies"][0]
    assert (first["total_replies"], first["hidden_replies"], len(first["replies"])) == (4, 3, 1)
    for wrong in ("&limit=x", "&limit=-1", "&offset=1e3", "&sort=best", "&parent=x", "&limit=1&limit=2"):
        assert (await web.get(THREAD + wrong)).status_code == 422, wrong


async def test_more_than_a_page_of_ours_is_one_thread(service: Stage, web: httpx.AsyncClient) -> None:
    async def many(tx: Any) -> None:
        for n in range(PER_PAGE + 10):
            await stands(tx, str(n))

    await service.site.db.write(many)
    shown = await thread(web)
    assert len(shown["replies"]) == shown["total_replies"] == PER_PAGE + 10


async def test_an_answer_whose_top_is_out_of_sight_is_still_read(
    service: Stage, web: httpx.AsyncClient
) -> None:
    first = await say(service, "first")
    hidden = await say(service, "hidden", status="spam")
    await say(service, "answer", parent_id=hidden)
    await say(service, "another", parent_id=hidden)
    shown = (await thread(web))["replies"]
    assert [(one["text"], one["parent"]) for one in shown] == [
        ("<p>first</p>", None),
        ("<p>answer</p>", None),
    ]
    assert shown[0]["id"] == str(first)
    assert [one["text"] for one in shown[1]["replies"]] == ["<p>another</p>"]


async def test_counts_come_in_the_order_asked(service: Stage, web: httpx.AsyncClient) -> None:
    await say(service, "one")
    await say(service, "two")
    await say(service, "elsewhere", url=f"{BLOG}/on-rest")
    uris = ["/on-rest", "/on-work/?utm_source=x", "/none", "/on-work", "a\\b", f"{BLOG}/on-work"]
    answer = await web.post("/isso/count", json=uris)
    assert (answer.status_code, answer.json()) == (200, [1, 2, 0, 2, 0, 2])
    assert (await web.post("/isso/count", json=["/a"] * 101)).status_code == 422
    assert (await web.post("/isso/count", json={"a": 1})).status_code == 422
    assert (await web.post("/isso/count", json=[])).json() == []


@pytest.mark.parametrize(
    ("uri", "page"),
    [
        ("/on-work/", ARTICLE),
        ("/on-work?utm_source=x", ARTICLE),
        (ARTICLE, ARTICLE),
        ("my-post", f"{BLOG}/my-post"),
        ("//evil.example/x", f"{BLOG}/evil.example/x"),
        ("@evil.example/x", f"{BLOG}/@evil.example/x"),
        (".evil.example/x", f"{BLOG}/.evil.example/x"),
        ("javascript:alert(1)", f"{BLOG}/javascript:alert(1)"),
        ("https://evil.example/on-work", None),
        ("HTTPS://evil.example/on-work", None),
        ("/a\\b", None),
        ("", None),
    ],
)
async def test_a_path_belongs_to_the_page_that_asks(
    service: Stage, web: httpx.AsyncClient, uri: str, page: str | None
) -> None:
    sent = await web.post(f"/isso/new?uri={quote(uri, safe='')}", json=typed())
    assert (sent.status_code, await pages(service)) == ((202, [page]) if page else (422, []))


async def test_the_page_is_known_by_its_origin_or_its_link_or_is_the_only_one(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        await say(service, "one")
        web = await service.visitor(NAMELESS)
        for headers in (
            {},
            {"Origin": BLOG},
            {"Referer": f"{BLOG}/"},
            {"Referer": ARTICLE},
            {"Referer": "http://["},
        ):
            shown = await web.get(THREAD, headers=headers)
            assert (shown.status_code, shown.json()["total_replies"]) == (200, 1), headers
        for headers in ({"Origin": "https://evil.example"}, {"Referer": "https://evil.example/"},
                        {"Origin": f"{BLOG}.evil.example", "Referer": ARTICLE}):  # fmt: skip
            refused = await web.get(THREAD, headers=headers)
            assert refused.status_code == 403, headers
            assert "Access-Control-Allow-Origin" not in refused.headers
    async with open_for_comments(serve, allowed_origins=(BLOG, "https://other.example")) as service:
        web = await service.visitor(NAMELESS)
        assert (await web.get(THREAD)).status_code == 403
        assert (await web.get(THREAD, headers={"Referer": "https://other.example/"})).json()[
            "total_replies"
        ] == 0
        assert (await web.get(THREAD, headers={"Origin": BLOG})).json()["total_replies"] == 1


async def test_browsers_are_let_through_by_name_and_only_these(
    service: Stage, web: httpx.AsyncClient
) -> None:
    for path in (
        "/isso/",
        "/isso/new",
        "/isso/count",
        "/isso/preview",
        "/isso/config",
        "/isso/id/7",
        "/isso/id/7/like",
    ):
        asked = await web.options(path)
        assert (asked.status_code, {n: asked.headers[n] for n in ALLOWED}) == (204, ALLOWED), path
        assert "PUT, DELETE" in asked.headers["Access-Control-Allow-Methods"]
        assert "Content-Type" in asked.headers["Access-Control-Allow-Headers"]
        foreign = await web.options(path, headers={"Origin": "https://evil.example"})
        assert not {"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"} & set(foreign.headers)
    assert (await web.get("/isso/nothing")).headers["Access-Control-Allow-Origin"] == BLOG
    assert isso_cors("null", service.site.settings) == {"Vary": "Origin"}


async def test_the_answer_is_kept_and_made_anew_after_every_change(
    service: Stage, web: httpx.AsyncClient
) -> None:
    empty = await web.get(THREAD)
    assert (await web.get(THREAD, headers={"If-None-Match": empty.headers["ETag"]})).status_code == 304
    await say(service, "one")
    fresh = await web.get(THREAD, headers={"If-None-Match": empty.headers["ETag"]})
    assert (fresh.status_code, fresh.json()["total_replies"]) == (200, 1)
    assert fresh.headers["Cache-Control"] == "no-cache"


async def test_nothing_of_a_person_is_told(service: Stage, web: httpx.AsyncClient) -> None:
    await known(service)
    (comment,) = await kept(service)
    for answer in (await web.get(THREAD), await web.post(NEW, json=typed("Second."))):
        assert answer.status_code < 300
        for private in (ADA, comment.avatar, comment.avatar[:12], "network", "status"):
            assert private not in answer.text


@ON_ONE
@pytest.mark.whole
async def test_nothing_runs_where_the_script_puts_it(service: Stage, web: httpx.AsyncClient) -> None:
    """Isso's script makes HTML of author and website as they come, the latter in single quotes."""
    written = share(PAYLOADS, 4)

    async def all_at_once(tx: Any) -> None:
        for n, payload in enumerate(written):
            text = payload[:10_000].encode(errors="replace").decode().replace("\0", "")
            site = f"https://a.example/'\"<x>{text[:300]}"
            await stands(tx, text, name=text[:300], website=site, id=n + 1)

    await service.site.db.write(all_at_once)
    shown = (await thread(web))["replies"]
    assert len(shown) == len(written)
    for one in shown:
        assert not set("<>\"'") & set(one["author"] + one["website"])
        assert is_inert(one["text"]) == []
    for payload in PAYLOADS[::10]:
        sent = json.dumps({"text": payload[:5_000]})  # as it may come: with halves of characters
        answer = await web.post("/isso/preview", content=sent)
        assert answer.status_code == 422 or is_inert(answer.json()["text"]) == [], payload[:80]


async def test_votes_are_not_kept(service: Stage, web: httpx.AsyncClient) -> None:
    number = await say(service, "one")
    before = await service.dump()
    for path in (f"{number}/like", f"{number}/dislike", "x/like"):
        answer = await web.post(f"/isso/id/{path}")
        assert (answer.status_code, answer.json()) == (200, {"likes": 0, "dislikes": 0})
    assert await service.dump() == before
    assert (await web.get("/isso/config")).json()["config"]["vote"] is False


async def test_the_feed_and_the_style_are_there(service: Stage, web: httpx.AsyncClient) -> None:
    await say(service, "one")
    reader = await service.visitor(NAMELESS)
    feed = await reader.get("/isso/feed?uri=/on-work")
    assert (feed.status_code, "&lt;p&gt;one&lt;/p&gt;" in feed.text) == (200, True)
    assert f"{URL}/threads/feed?url=" in feed.text
    style = await web.get("/isso/css/isso.css")
    assert style.headers["Content-Type"].startswith("text/css")
    assert style.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
