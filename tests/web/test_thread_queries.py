"""What a request for a thread may say, who may read the answer, and what is refused."""

import re
from collections.abc import AsyncIterator
from html import unescape
from urllib.parse import quote

import httpx
import pytest

from tests.web.conftest import Serve
from tests.web.said import PAGE
from tests.web.stage import BLOG, FIREFOX, HOST, PROGRAM, Stage
from tests.web.wire import ask

ASKED = f"/threads?url={quote(PAGE, safe='')}"
EMBED = f"/threads/embed?url={quote(PAGE, safe='')}"


@pytest.fixture
async def blog(serve: Serve) -> AsyncIterator[Stage]:
    async with serve(worker=False, allowed_origins=(BLOG,)) as running:
        yield running


@pytest.fixture
async def web(blog: Stage) -> httpx.AsyncClient:
    return await blog.visitor()


async def test_pages_of_allowed_origins_may_read_it_and_hold_it(blog: Stage, web: httpx.AsyncClient) -> None:
    for path in (ASKED, EMBED, f"/threads/counts?url={PAGE}", "/threads/feed"):
        near = await web.get(path, headers={**FIREFOX, "Origin": BLOG})
        assert near.headers["Access-Control-Allow-Origin"] == BLOG
        far = await web.get(path, headers={**FIREFOX, "Origin": "https://mallory.example.com"})
        assert "Access-Control-Allow-Origin" not in far.headers
        for answer in (near, far):
            assert "Set-Cookie" not in answer.headers
            assert {"Accept", "Origin"} <= set(re.split(", *", answer.headers["Vary"]))
    policy = (await web.get(EMBED)).headers["Content-Security-Policy"]
    assert f"frame-ancestors 'self' {BLOG}" in policy
    assert "X-Frame-Options" not in (await web.get(EMBED)).headers
    assert "frame-ancestors 'none'" in (await web.get(ASKED)).headers["Content-Security-Policy"]
    refused = await web.get("/threads?url=x", headers={**FIREFOX, "Origin": BLOG})
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (422, BLOG)


LONG = "https://blog.example.org/" + "x" * 9_000


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?url=",
        "?url=%20",
        "?URL=https://blog.example.org/on-work",
        f"?url={PAGE}&url={PAGE}",
        f"?url={PAGE}&url=",
        f"?url={PAGE}%00",
        f"?url={PAGE}%0d%0aSet-Cookie:x",
        f"?url={PAGE}%ff",
        f"?url={PAGE}%E2%80%AE",
        "?url=javascript:alert(1)",
        "?url=data:text/html,x",
        "?url=file://localhost/on-work",
        "?url=//blog.example.org/on-work",
        "?url=/on-work",
        "?url=on-work",
        "?url=https://mallory.example.com/on-work",
        "?url=https://blog.example.org.mallory.example.com/",
        "?url=https://blog.example.org@mallory.example.com/",
        "?url=https://mallory.example.com%5C@blog.example.org/",
        "?url=http://blog.example.org/on-work",
        "?url=https://blog.example.org:444/on-work",
        "?url=https://[::1/",
        f"?url={LONG}",
        f"?url={PAGE}&after=x",
        f"?url={PAGE}&after={'0' * 15}",
        f"?url={PAGE}&after={'0' * 16}&after={'0' * 16}",
        f"?url={PAGE}&after={'0' * 16_000}",
        "?" + "&".join(f"a{n}=1" for n in range(300)),
    ],
)
async def test_a_query_that_names_no_page_is_refused_with_a_sentence(blog: Stage, query: str) -> None:
    web = await blog.visitor()
    paths = ("/threads", "/threads/embed") + (() if "after" in query else ("/threads/counts",))
    for path in paths:
        if path == "/threads/counts" and query.count("url=") == 2 and "url=https" in query:
            continue  # it takes several, and one that is none must not cost the others theirs
        for headers in (FIREFOX, PROGRAM):
            answer = await web.get(path + query, headers=headers)
            assert 400 <= answer.status_code < 500, (path, answer.status_code)
            said = answer.json()["detail"] if headers is PROGRAM else unescape(answer.text)
            assert re.search(r"[A-Z][^.?]{15,}[.?]", said)


async def test_an_address_of_ten_megabytes_is_refused(blog: Stage) -> None:
    head = f"GET /threads?url={PAGE}/".encode() + b"x" * 10_000_000
    answer = await ask(blog.port, head + f" HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    assert answer.startswith((b"HTTP/1.1 414", b"HTTP/1.1 431"))
    web = await blog.visitor()
    assert (await web.get(ASKED)).status_code == 200
