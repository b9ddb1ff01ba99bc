"""The newest comments as a feed that every reader understands, and in which nothing runs."""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import httpx
import pytest

from newsletter.clock import iso
from newsletter.comments import Words
from newsletter.comments.reading import NEWEST
from tests.comments.payloads import PAYLOADS, is_inert
from tests.conftest import ON_ONE
from tests.shares import share
from tests.web.conftest import Serve
from tests.web.said import FLOWER, PAGE, say, stands
from tests.web.stage import BLOG, HOST, URL, Stage

ALL = "/threads/feed"
OF_PAGE = f"{ALL}?url={quote(PAGE, safe='')}"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
async def blog(serve: Serve) -> AsyncIterator[Stage]:
    async with serve(worker=False, allowed_origins=(BLOG,)) as running:
        yield running


@pytest.fixture
async def web(blog: Stage) -> httpx.AsyncClient:
    return await blog.visitor({"Accept": "application/atom+xml, */*;q=0.1"})


async def feed(web: httpx.AsyncClient, path: str) -> Element:
    answer = await web.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        200,
        "application/atom+xml; charset=utf-8",
    )
    return ElementTree.fromstring(answer.content)


def said(entry: Element, name: str) -> str:
    found = entry.find("/".join(ATOM + part for part in name.split("/")))
    assert found is not None, name
    return found.text or ""


async def test_the_newest_come_first_with_all_that_a_reader_needs(
    blog: Stage, web: httpx.AsyncClient
) -> None:
    first = await say(blog, "I *agree*.", website="https://ada.example.org/")
    other = await say(blog, "Elsewhere", url=f"{BLOG}/other", title="", name="Ben")
    await say(blog, "hidden", status="pending")
    whole = await feed(web, ALL)
    entries = whole.findall(f"{ATOM}entry")
    name = f"tag:{HOST},2026:comment-"
    assert [said(entry, "id") for entry in entries] == [f"{name}{other}", f"{name}{first}"]
    assert [said(entry, "title") for entry in entries] == [f"Ben on {BLOG}/other", "Ada on On work"]
    link = entries[1].find(f"{ATOM}link")
    assert link is not None
    assert link.attrib == {"href": f"{PAGE}#comment-{first}"}
    assert said(entries[1], "content") == "<p>I <em>agree</em>.</p>"
    assert said(entries[1], "author/name") == "Ada"
    assert said(entries[1], "author/uri") == "https://ada.example.org/"
    assert said(entries[1], "published") == iso(blog.clock.now() - 2_000)
    assert said(whole, "updated") == said(entries[0], "updated") == iso(blog.clock.now() - 1_000)
    own = whole.find(f"{ATOM}link[@rel='self']")
    assert own is not None
    assert own.attrib["href"] == said(whole, "id") == f"{URL}/threads/feed"

    of_page = await feed(web, OF_PAGE)
    assert [said(entry, "id") for entry in of_page.findall(f"{ATOM}entry")] == [f"{name}{first}"]
    assert said(of_page, "id") == URL + OF_PAGE
    assert said(of_page, "title") == "Comments on On work"
    text = (await web.get(ALL)).text
    assert not re.search(f"{FLOWER}|hidden|@", text.replace("tag:", ""))


async def test_an_edited_comment_is_told_as_updated(blog: Stage, web: httpx.AsyncClient) -> None:
    id = await say(blog, "One")
    await feed(web, OF_PAGE)
    blog.clock.forward(60_000)
    await blog.site.db.write(blog.site.moderation.edit, id, Words("Two"))
    (entry,) = (await feed(web, OF_PAGE)).findall(f"{ATOM}entry")
    assert said(entry, "content") == "<p>Two</p>"
    assert said(entry, "published") < said(entry, "updated") == iso(blog.clock.now())


@pytest.mark.parametrize("path", [ALL, OF_PAGE])
async def test_a_feed_without_comments_is_a_feed(blog: Stage, path: str) -> None:
    web = await blog.visitor()
    whole = await feed(web, path)
    assert whole.findall(f"{ATOM}entry") == []
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", said(whole, "updated"))


@pytest.mark.parametrize("path", [ALL, OF_PAGE])
async def test_who_has_it_gets_only_what_is_new(blog: Stage, path: str) -> None:
    web = await blog.visitor()
    for n in range(NEWEST + 3):
        await say(blog, f"Number {n}")
    first = await web.get(path)
    assert first.text.count("<entry>") == NEWEST
    again = await web.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    await say(blog, "New")
    changed = await web.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert "New" in changed.text


@ON_ONE
@pytest.mark.whole
async def test_nothing_that_is_written_breaks_it_or_runs(blog: Stage, web: httpx.AsyncClient) -> None:
    payloads = share(PAYLOADS, 4)
    for start in range(0, len(payloads), NEWEST):
        some = payloads[start : start + NEWEST]

        async def written(tx: Any, some: Sequence[str] = some) -> None:
            for payload in some:
                text = payload[:10_000].replace("\0", "").encode("utf-8", "replace").decode()
                await stands(tx, text, name=text[:500], website=text[:500], created_at=tx.now)

        blog.clock.forward(1_000)
        await blog.site.db.write(written)
        for path in (ALL, OF_PAGE):
            newest = (await feed(web, path)).findall(f"{ATOM}entry")[: len(some)]
            assert len(newest) == len(some)
            for entry in newest:
                assert is_inert(said(entry, "content")) == []
                uri = entry.find(f"{ATOM}author/{ATOM}uri")
                assert uri is None or (uri.text or "").startswith(("https://", "http://"))
            assert "<![CDATA[" not in (await web.get(path)).text


@pytest.mark.parametrize(
    "query", [f"url={PAGE}&url={PAGE}", "url=", "url=https://mallory.example.com/", "url=x"]
)
async def test_a_feed_of_no_page_is_refused(blog: Stage, query: str) -> None:
    web = await blog.visitor()
    assert (await web.get(f"{ALL}?{query}")).status_code == 422
