"""A page's comments as its readers get them: the same in every shape, up to date, and nothing of theirs runs."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from newsletter.clock import DAY, iso
from newsletter.comments import PER_PAGE
from newsletter.comments.avatars import avatar
from newsletter.storage import open_database
from tests.comments.payloads import PAYLOADS, is_inert
from tests.conftest import ON_ONE
from tests.mail.conftest import eventually
from tests.shares import share
from tests.web.conftest import Serve
from tests.web.said import FLOWER, PAGE, say, stands
from tests.web.stage import BLOG, FIREFOX, PROGRAM, URL, Stage

ASKED = f"/threads?url={quote(PAGE, safe='')}"
EMBED = f"/threads/embed?url={quote(PAGE, safe='')}"
ITEM = re.compile(r'<li id="comment-(\d+)" class="([^"]*)" data-depth="(\d+)">')
SHAPES = ("/threads", "/threads/page", "/threads/embed")
TEXT = re.compile(r'<div class="comment-text said" dir="auto">(.*?)</div>', re.DOTALL)


@pytest.fixture
async def blog(serve: Serve) -> AsyncIterator[Stage]:
    async with serve(worker=False, allowed_origins=(BLOG,)) as running:
        yield running


@pytest.fixture
async def web(blog: Stage) -> httpx.AsyncClient:
    return await blog.visitor()


async def data(web: httpx.AsyncClient, path: str = ASKED) -> dict[str, Any]:
    answer = await web.get(path, headers=PROGRAM)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json"), answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_json_and_html_show_the_same(blog: Stage, web: httpx.AsyncClient) -> None:
    first = await say(blog, "I *agree*.", website="https://ada.example.org/")
    answer = await say(blog, "Thank you.", parent_id=first, by_owner=1, name="Olga")
    await say(blog, "Me too.", name="Ben")
    await say(blog, "later", parent_id=first, name="Cleo")
    thread = await data(web)
    html = (await web.get(ASKED)).text
    frame = (await web.get(EMBED)).text
    assert f'href="{URL}{EMBED.replace("embed", "page")}"' in frame

    assert {key: thread[key] for key in ("url", "title", "count", "closed", "depth", "next")} == {
        "url": PAGE, "title": "On work", "count": 4, "closed": False, "depth": 3, "next": "",
    }  # fmt: skip
    comments = thread["comments"]
    assert [c["name"] for c in comments] == ["Ada", "Olga", "Cleo", "Ben"]
    assert comments[1] == {
        "id": str(answer), "parent": str(first), "depth": 1, "name": "Olga", "website": "",
        "html": "<p>Thank you.</p>", "avatar": avatar(FLOWER), "by_owner": True, "deleted": False,
        "edited": False, "created_at": iso(blog.clock.now() - 2_000),
    }  # fmt: skip
    for page in (html, frame):
        assert [found[0] for found in ITEM.findall(page)] == [c["id"] for c in comments]
        assert [int(found[2]) for found in ITEM.findall(page)] == [c["depth"] for c in comments]
        assert TEXT.findall(page) == [c["html"] for c in comments]
        assert re.findall(r'<time datetime="([^"]+)"', page) == [c["created_at"] for c in comments]
        assert page.count(avatar(FLOWER)) == 4
    assert html.count("comment-owner") == html.count(">Author<") == 1
    assert "4 comments" in html


async def test_what_nobody_may_see_is_in_no_shape(blog: Stage, web: httpx.AsyncClient) -> None:
    await say(blog, "in sight")
    for status in ("unverified", "pending", "spam"):
        await say(blog, f"unseen {status}", status=status, name="Mallory")
    for answer in (await web.get(ASKED), await web.get(EMBED), await web.get(ASKED, headers=PROGRAM)):
        assert "in sight" in answer.text
        assert not re.search(f"unseen|Mallory|{FLOWER}|email_key|status", answer.text)
    assert (await data(web))["count"] == 1


async def test_a_deleted_comment_leaves_an_empty_place(blog: Stage, web: httpx.AsyncClient) -> None:
    first = await say(blog, "a secret", website="https://ada.example.org/")
    await say(blog, "an answer", parent_id=first, name="Ben")
    await blog.site.db.write(blog.site.moderation.delete, first)
    thread = await data(web)
    gone = {"name": "", "website": "", "html": "", "avatar": "", "deleted": True, "id": str(first)}
    assert thread["comments"][0].items() >= gone.items()
    assert (thread["count"], len(thread["comments"])) == (1, 2)
    html = (await web.get(ASKED)).text
    assert "This comment was deleted." in html
    assert "secret" not in html
    assert html.count('class="reply"') == 1


async def test_a_page_without_comments_has_its_form(web: httpx.AsyncClient) -> None:
    thread = await data(web, f"{ASKED}%2Fnew%2F%3Futm_source=x%23top")
    assert thread == {
        "url": f"{PAGE}/new", "title": "", "count": 0, "closed": False, "depth": 3, "next": "", "comments": [],
    }  # fmt: skip
    html = (await web.get(f"{ASKED}/new")).text
    assert "No comments yet" in html
    assert "<form" in html


async def test_a_closed_page_takes_no_answers(blog: Stage, web: httpx.AsyncClient) -> None:
    await say(blog, "One")
    assert (await data(web))["closed"] is False
    await blog.site.db.write(blog.site.moderation.set_options, "first", 2, 2, 14, "")
    blog.clock.forward(15 * DAY)

    async def closed() -> bool:
        return bool((await data(web))["closed"])

    await eventually(closed)
    html = (await web.get(ASKED)).text
    assert "Comments are closed" in html
    assert not re.search('class="reply"|<form', html)
    assert (await data(web))["depth"] == 2


async def test_a_long_thread_comes_in_pages(blog: Stage, web: httpx.AsyncClient) -> None:
    ids: list[int] = []
    for start in range(0, 2 * PER_PAGE + 5, 50):

        async def some(tx: Any, start: int = start) -> list[int]:
            numbers = range(start, min(start + 50, 2 * PER_PAGE + 5))
            return [await stands(tx, f"Number {n}", created_at=tx.now + n, id=10_000 + n) for n in numbers]

        ids += await blog.site.db.write(some)
    seen: list[str] = []
    after, sizes = "", []
    while True:
        thread = await data(web, f"{ASKED}&after={after}")
        html = (await web.get(f"{ASKED}&after={after}")).text
        page = [comment["id"] for comment in thread["comments"]]
        assert [found[0] for found in ITEM.findall(html)] == page
        seen += page
        sizes.append(len(page))
        more = re.search(r'class="thread-more" href="([^"]+)"', html)
        after = thread["next"]
        if not after:
            break
        assert more
        link = urlsplit(unescape(more[1]))
        assert (link.path, parse_qs(link.query)) == ("/threads/embed", {"url": [PAGE], "after": [after]})
    assert more is None
    assert sizes == [PER_PAGE, PER_PAGE, 5]
    assert seen == [str(id) for id in ids]


async def test_who_opens_a_thread_as_a_page_gets_one(blog: Stage, web: httpx.AsyncClient) -> None:
    await say(blog, "One")
    opened = await web.get(ASKED, headers={"Sec-Fetch-Dest": "document"})
    assert opened.status_code == 303
    page = await web.get(opened.headers["Location"])
    assert "<h1>Comments on “On work”</h1>" in page.text
    assert f'<a href="{PAGE}">Back to the article</a>' in page.text
    assert TEXT.findall(page.text) == ["<p>One</p>"]
    assert f"form-action 'self' {BLOG}" in " ".join(page.headers["Content-Security-Policy"].split())
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    fetched = await web.get(ASKED, headers={"Sec-Fetch-Dest": "empty"})
    assert (fetched.status_code, "<h1" in fetched.text) == (200, False)


async def test_a_write_of_this_process_is_seen_at_once(blog: Stage, web: httpx.AsyncClient) -> None:
    for n in range(1, 6):
        await say(blog, f"Number {n}")
        assert (await data(web))["count"] == n
        assert f"Number {n}" in (await web.get(ASKED)).text


async def test_another_process_s_write_is_seen_soon(
    blog: Stage, web: httpx.AsyncClient, database_url: str
) -> None:
    await say(blog, "One")
    assert (await data(web))["count"] == 1
    other = await open_database(database_url)
    try:
        await other.write(stands, "Two")
    finally:
        await other.close()

    async def there() -> bool:
        return "Two" in (await web.get(ASKED)).text

    await eventually(there, 5)


async def test_who_has_it_already_gets_only_that_it_is_the_same(blog: Stage, web: httpx.AsyncClient) -> None:
    await say(blog, "One")
    for headers in (FIREFOX, PROGRAM):
        first = await web.get(ASKED, headers=headers)
        etag = first.headers["ETag"]
        assert first.headers["Cache-Control"] == "no-cache"
        for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            again = await web.get(ASKED, headers={**headers, "If-None-Match": known})
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
        assert (await web.get(ASKED, headers={**headers, "If-None-Match": '"other"'})).content
        await say(blog, "Two")
        changed = await web.get(ASKED, headers={**headers, "If-None-Match": etag})
        assert changed.status_code == 200
        assert "Two" in changed.text


async def test_head_is_get_without_a_body(blog: Stage, web: httpx.AsyncClient) -> None:
    await say(blog, "One")
    shown = await web.get(ASKED)
    head = await web.head(ASKED)
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", shown.headers["ETag"])


@ON_ONE
@pytest.mark.whole
async def test_nothing_that_is_written_runs(blog: Stage, web: httpx.AsyncClient) -> None:
    """Also where it came past the checks of names and websites, as from an import."""
    plain, written = f"{PAGE}/plain", share(PAYLOADS, 4)
    await say(blog, "a word", url=plain, website="https://ada.example.org/")

    async def all_at_once(tx: Any) -> None:
        for n, payload in enumerate(written):
            text = payload[:10_000].replace("\0", "").encode("utf-8", "replace").decode()
            await stands(tx, text, name=text[:500], website=text[:500], title=PAYLOADS[5], id=n + 1)

    await blog.site.db.write(all_at_once)
    known = {shape: set(is_inert((await web.get(f"{shape}?url={plain}")).text)) for shape in SHAPES}
    seen = 0
    after = ""
    while True:
        thread = await data(web, f"{ASKED}&after={after}")
        seen += len(thread["comments"])
        for shape in SHAPES:
            page = (await web.get(f"{shape}?url={PAGE}&after={after}")).text
            assert set(is_inert(page)) <= known[shape] | {"target on <a> may run or load."}  # the pager's
            assert page.count("</html>") == (shape != "/threads")
            assert len(ITEM.findall(page)) == len(thread["comments"])
        for comment in thread["comments"]:
            assert is_inert(comment["html"]) == []
            assert comment["website"] == "" or comment["website"].startswith(("https://", "http://"))
        after = thread["next"]
        if not after:
            break
    assert seen == len(written)


async def test_a_page_s_form_is_never_a_day_old(blog: Stage, web: httpx.AsyncClient) -> None:
    """Its token counts as our own form's for 24 hours; kept bytes would hold it for good."""
    await say(blog, "One")
    first = (await web.get(ASKED)).headers["ETag"]
    plain = (await web.get(ASKED, headers=PROGRAM)).headers["ETag"]
    blog.clock.forward(DAY)

    async def renewed() -> bool:
        return (await web.get(ASKED)).headers["ETag"] != first

    await eventually(renewed)
    assert (await web.get(ASKED, headers=PROGRAM)).headers["ETag"] == plain


async def test_the_newsletter_s_words_are_those_that_hold_now(blog: Stage, web: httpx.AsyncClient) -> None:
    """People agree to what stands beside the tick: no kept page shows the words of before."""
    await say(blog, "One")
    first = {shape: await web.get(f"{shape}?url={PAGE}") for shape in SHAPES}
    plain = (await web.get(ASKED, headers=PROGRAM)).headers["ETag"]

    async def other(tx: Any) -> None:
        await tx.run("UPDATE wordings SET text = 'Yes, other words.'")

    await blog.site.db.write(other)
    for shape in SHAPES:
        known = {"If-None-Match": first[shape].headers["ETag"]}

        async def renewed(shape: str = shape, known: dict[str, str] = known) -> bool:
            return "Yes, other words." in (await web.get(f"{shape}?url={PAGE}", headers=known)).text

        assert "Yes, other words." not in first[shape].text
        await eventually(renewed)
    assert (await web.get(ASKED, headers=PROGRAM)).headers["ETag"] == plain
