"""How many comments stand under many articles, in one request."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx
import pytest

from tests.web.conftest import Serve
from tests.web.said import PAGE, say
from tests.web.stage import BLOG, PROGRAM, Stage

COUNTS = "/threads/counts"


@pytest.fixture
async def blog(serve: Serve) -> AsyncIterator[Stage]:
    async with serve(worker=False, allowed_origins=(BLOG,)) as running:
        yield running


@pytest.fixture
async def web(blog: Stage) -> httpx.AsyncClient:
    return await blog.visitor(PROGRAM)


async def ask(web: httpx.AsyncClient, urls: list[str]) -> dict[str, int]:
    """By GET, having made sure that both kinds of POST say the same."""
    got = await web.get(f"{COUNTS}?{urlencode([('url', url) for url in urls])}")
    assert got.status_code == 200, got.text
    for body in (urls, {"urls": urls}):
        sent = await web.post(COUNTS, json=body)
        assert (sent.status_code, sent.json()) == (200, got.json())
    counts: dict[str, int] = got.json()["counts"]
    return counts


async def test_each_is_counted_by_the_address_it_was_asked_for(blog: Stage, web: httpx.AsyncClient) -> None:
    for text in ("One", "Two"):
        await say(blog, text)
    await say(blog, "Three", url=f"{BLOG}/other")
    await say(blog, "hidden", url=f"{BLOG}/other", status="pending")
    typed = f"{PAGE}/?utm_source=mail#comments"
    assert await ask(web, [PAGE, typed, f"{BLOG}/other", f"{BLOG}/none"]) == {
        PAGE: 2, typed: 2, f"{BLOG}/other": 1, f"{BLOG}/none": 0,
    }  # fmt: skip


async def test_a_count_is_right_after_every_act(blog: Stage, web: httpx.AsyncClient) -> None:
    act, write = blog.site.moderation, blog.site.db.write
    waits = await say(blog, "One", status="pending")
    assert await ask(web, [PAGE]) == {PAGE: 0}
    await write(act.approve, waits)
    assert await ask(web, [PAGE]) == {PAGE: 1}
    await write(act.spam, waits)
    assert await ask(web, [PAGE]) == {PAGE: 0}
    await write(act.approve, waits)
    await say(blog, "Two", parent_id=waits)
    assert await ask(web, [PAGE]) == {PAGE: 2}
    await write(act.delete, waits)
    assert await ask(web, [PAGE]) == {PAGE: 1}


async def test_a_hundred_are_counted_and_no_more(blog: Stage, web: httpx.AsyncClient) -> None:
    await say(blog, "One")
    pages = [PAGE, *(f"{BLOG}/{n}" for n in range(100))]
    assert await ask(web, pages[:100]) == dict.fromkeys(pages[:100], 0) | {PAGE: 1}
    for answer in (
        await web.get(f"{COUNTS}?{urlencode([('url', url) for url in pages])}"),
        await web.post(COUNTS, json=pages),
    ):
        assert answer.status_code == 422
        assert "100 at most" in answer.json()["detail"]


async def test_what_is_no_page_of_the_owner_s_is_named(web: httpx.AsyncClient) -> None:
    bad = ["javascript:alert(1)", "https://mallory.example.com/", "\u202ehttps://blog.example.org/"]
    for answer in (
        await web.get(f"{COUNTS}?{urlencode([('url', url) for url in [PAGE, *bad]])}"),
        await web.post(COUNTS, json=[PAGE, *bad]),
    ):
        assert (answer.status_code, answer.json()) == (200, {"counts": {PAGE: 0}}), "the others are counted"
    for answer in (
        await web.get(f"{COUNTS}?{urlencode([('url', url) for url in bad])}"),
        await web.post(COUNTS, json=bad),
    ):
        assert answer.status_code == 422
        assert list(answer.json()["errors"]) == [*bad[:2], "\ufffd" + bad[2][1:]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"{}",
        b"[]",
        b'{"urls": []}',
        b'{"urls": "https://blog.example.org/on-work"}',
        b'{"urls": ["https://blog.example.org/on-work"], "more": 1}',
        b"[1]",
        b"[null]",
        b'"https://blog.example.org/on-work"',
        b'["https://blog.example.org/\\u0000"]',
        b'["https://blog.example.org/\\ud800"]',
        b'["https://blog.example.org/\xff"]',
        b"[" * 10_000,
    ],
)
async def test_a_body_that_lists_no_pages_is_refused(blog: Stage, body: bytes) -> None:
    web = await blog.visitor(PROGRAM)
    answer = await web.post(COUNTS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith((".", "article"))


async def test_a_page_elsewhere_may_ask_and_send(blog: Stage) -> None:
    web = await blog.visitor({**PROGRAM, "Origin": BLOG})
    before = await web.options(COUNTS, headers={"Access-Control-Request-Method": "POST"})
    assert before.status_code == 204
    assert "POST" in before.headers["Access-Control-Allow-Methods"]
    for answer in (before, await web.post(COUNTS, json=[PAGE]), await web.get(f"{COUNTS}?url={PAGE}")):
        assert answer.headers["Access-Control-Allow-Origin"] == BLOG
