"""The archive shows what was sent and made public, to everybody the same, and nothing in it is about anybody."""

import re
from collections.abc import AsyncIterator
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import httpx
import msgspec
import pytest

from newsletter.broadcasts import TOPIC, Broadcast, Draft
from newsletter.clock import DAY, iso
from newsletter.ids import new_id
from newsletter.storage import Tx
from newsletter.web.kit import broadcasting
from newsletter.web.public.archive import NEWEST, PAGE
from newsletter.words import day
from tests.comments.payloads import PAYLOADS, is_inert
from tests.shares import share
from tests.web.conftest import Serve
from tests.web.stage import ADA, HOST, URL, Stage

ATOM = "{http://www.w3.org/2005/Atom}"
FEED = "/archive/feed.xml"
LETTER = Draft(
    subject='On work, {{ first_name | "dear reader" }}',
    preheader="What to look for",
    body="# On *good* work\n\nHello {{ name | \"there\" }}, you are {{ email | 'somebody' }}. [A link](https://b.de/x).",
    archive=True,
)


@pytest.fixture
async def stage(serve: Serve) -> AsyncIterator[Stage]:
    async with serve(worker=False) as running:
        yield running


@pytest.fixture
async def web(stage: Stage) -> httpx.AsyncClient:
    return await stage.visitor()


async def writes(stage: Stage, **changes: Any) -> Broadcast:
    return await stage.site.db.write(stage.site.broadcasts.new, msgspec.structs.replace(LETTER, **changes))


async def sends(stage: Stage, **changes: Any) -> Broadcast:
    """Sent off a day after the one before."""
    stage.clock.forward(DAY)
    one = await writes(stage, **changes)
    await broadcasting.send_off(stage.site, one)
    return await stage.site.db.read(stage.site.broadcasts.find, one.id)


async def many(tx: Tx, bodies: list[str]) -> None:
    """As they stand when they have been sent; all in the same moment."""
    for number, body in enumerate(bodies):
        await tx.run(
            """INSERT INTO broadcasts (id, slug, subject, preheader, body, archive, state, created_at, updated_at,
                                       sent_at)
               VALUES (:id, :slug, :subject, :subject, :body, 1, 'sent', :now, :now, :now)""",
            id=new_id(), slug=f"number-{number}", subject=body[:500] or "x", body=body, now=tx.now,
        )  # fmt: skip
    tx.wake(TOPIC)


def listed(page: str) -> list[str]:
    return re.findall(r'<h2 dir="auto"><a href="(/archive/[^"]+)">', page)


def link(page: str, rel: str) -> str:
    found = re.search(rf'<(?:a|link) rel="{rel}"[^>]* href="([^"]+)"', page)
    return found[1] if found else ""


async def feed(web: httpx.AsyncClient) -> list[Element]:
    answer = await web.get(FEED)
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        200,
        "application/atom+xml; charset=utf-8",
    )
    return ElementTree.fromstring(answer.content).findall(f"{ATOM}entry")


def said(entry: Element, name: str) -> str:
    return entry.findtext(ATOM + name) or ""


async def test_a_page_says_what_was_sent_to_nobody_in_particular(
    stage: Stage, web: httpx.AsyncClient
) -> None:
    one = await sends(stage)
    answer = await web.get("/archive/on-work")
    page = answer.text
    assert one.sent_at
    assert '<h1 dir="auto">On good work</h1>' in page
    assert ">On good work</a>" in (await web.get("/archive")).text
    assert f'<time datetime="{iso(one.sent_at)}">{day(one.sent_at)}</time>' in page
    assert '<p>Hello there, you are somebody. <a href="https://b.de/x">A link</a>.</p>' in page
    assert link(page, "canonical") == f"{URL}/archive/{one.slug}"
    assert link(page, "alternate") == URL + FEED
    assert 'href="/"' in page
    assert "noindex" not in page
    assert "Allow: /archive\n" in (await web.get("/robots.txt")).text
    assert "style=" not in page
    assert "set-cookie" not in answer.headers


async def test_it_stays_as_it_was_frozen(stage: Stage, web: httpx.AsyncClient) -> None:
    one = await sends(stage)
    before = (await web.get(f"/archive/{one.slug}")).text
    for state in ("paused", "sending"):
        verb = {"paused": "pause", "sending": "resume"}[state]
        await stage.site.db.write(getattr(stage.site.broadcasts, verb), one.id)
        assert (await web.get(f"/archive/{one.slug}")).text == before


async def test_what_is_not_public_is_not_there(stage: Stage, web: httpx.AsyncClient) -> None:
    draft = await writes(stage, subject="A draft")
    timed = await writes(stage, subject="Later")
    await stage.site.db.write(stage.site.broadcasts.schedule, timed.id, stage.clock.now() + 9 * DAY)
    private = await sends(stage, subject="Private", archive=False)
    ended = await sends(stage, subject="Cancelled")
    await stage.site.db.write(stage.site.broadcasts.cancel, ended.id)
    for path in (
        *(f"/archive/{one.slug}" for one in (draft, timed, private, ended)),
        "/archive/none",
        "/archive/%00",
    ):
        assert (await web.get(path)).status_code in (400, 404), path
    for one in (draft, private):
        assert (await web.get(f"/archive?before={one.slug}")).status_code == 404
    assert listed((await web.get("/archive")).text) == []
    assert await feed(web) == []
    assert "Follow by feed" in (await web.get("/archive")).text


async def test_one_leads_to_the_next(stage: Stage, web: httpx.AsyncClient) -> None:
    for number in (1, 2, 3):
        await sends(stage, subject=f"Number {number}")
        await sends(stage, subject=f"Private {number}", archive=False)
    pages = {n: (await web.get(f"/archive/number-{n}")).text for n in (1, 2, 3)}
    around = {n: (link(page, "prev"), link(page, "next")) for n, page in pages.items()}
    assert around == {
        1: ("", "/archive/number-2"),
        2: ("/archive/number-1", "/archive/number-3"),
        3: ("/archive/number-2", ""),
    }
    assert listed((await web.get("/archive")).text) == [f"/archive/number-{n}" for n in (3, 2, 1)]


async def test_every_one_is_on_one_page_of_the_list(stage: Stage, web: httpx.AsyncClient) -> None:
    """Of the same moment, too: the pages meet without a gap."""
    await stage.site.db.write(many, [f"Number {n}" for n in range(2 * PAGE + 1)])
    found: list[str] = []
    path = "/archive"
    while path:
        page = (await web.get(path)).text
        assert link(page, "canonical") == URL + path
        found += listed(page)
        assert len(listed(page)) <= PAGE
        more = re.search(r'<a href="(/archive\?before=[^"]+)">Older', page)
        path = more[1] if more else ""
    assert found == [f"/archive/number-{n}" for n in reversed(range(2 * PAGE + 1))]
    assert len(await feed(web)) == NEWEST


async def test_the_feed_has_all_that_a_reader_needs(stage: Stage, web: httpx.AsyncClient) -> None:
    first = await sends(stage)
    second = await sends(stage, subject="Second", body="One\n\n![A cat](https://b.de/cat.png)")
    newest, oldest = await feed(web)
    assert [said(entry, "id") for entry in (newest, oldest)] == [
        f"tag:{HOST},2026:broadcast-{one.id}" for one in (second, first)
    ]
    assert first.sent_at
    assert said(oldest, "published") == said(oldest, "updated") == iso(first.sent_at)
    assert said(oldest, "summary") == "What to look for"
    assert said(oldest, "content").startswith("<p>Hello there, you are somebody.")
    assert said(newest, "title") == "Second"
    assert said(newest, "content") == '<p>One</p>\n<p><a href="https://b.de/cat.png">A cat</a></p>\n'
    where = newest.find(f"{ATOM}link")
    assert where is not None
    assert where.attrib == {"href": f"{URL}/archive/second"}


@pytest.mark.parametrize("path", ["/archive", "/archive/second", FEED])
async def test_who_has_it_gets_only_what_is_new(stage: Stage, web: httpx.AsyncClient, path: str) -> None:
    await sends(stage, subject="Second", body="Hello")
    first = await web.get(path)
    assert first.headers["Cache-Control"] == "no-cache"
    known = {"If-None-Match": first.headers["ETag"]}
    again = await web.get(path, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    await sends(stage, subject="Third", body="Hello")
    changed = await web.get(path, headers=known)
    assert changed.status_code == 200
    assert "Third" in changed.text


async def test_nothing_in_it_is_about_anybody(stage: Stage, web: httpx.AsyncClient) -> None:
    await stage.member(web, ADA, name="Ada Lovelace")
    one = await sends(stage)
    await broadcasting.fill(stage.site, one.id)
    for path in ("/archive", f"/archive/{one.slug}", FEED):
        text = (await web.get(path)).text.replace(f"tag:{HOST}", "")
        assert not re.search(r"Ada|Lovelace|@|/u/|/preferences|nsubscribe|{{|[\ue000-\ue002]", text), path


@pytest.mark.whole
async def test_nothing_that_is_written_breaks_it_or_runs(stage: Stage, web: httpx.AsyncClient) -> None:
    payloads = share(PAYLOADS, 4)
    texts = [payload[:5_000].replace("\0", "").encode("utf-8", "replace").decode() for payload in payloads]
    texts += [
        f"[x](<https://b.de/{{{{{text[:200]}}}}}>) ![{text[:200]}](https://b.de/x)" for text in texts[:60]
    ]
    await stage.site.db.write(many, texts)
    for number, text in enumerate(texts):
        page = await web.get(f"/archive/number-{number}")
        assert page.status_code == 200
        found = re.search(r"<main>(.*)</main>", page.text, re.DOTALL)
        assert found
        assert is_inert(found[1]) == [], text
    for path in ("/archive", f"/archive?before=number-{PAGE}"):
        shown = re.search(r"<main>(.*)</main>", (await web.get(path)).text, re.DOTALL)
        assert shown
        assert is_inert(shown[1]) == []


async def test_hostile_words_leave_the_feed_whole(stage: Stage, web: httpx.AsyncClient) -> None:
    texts = [payload[:2_000].replace("\0", "").encode("utf-8", "replace").decode() for payload in PAYLOADS]
    for start in range(0, len(texts), NEWEST):
        await stage.site.db.write(_cleared)
        some = texts[start : start + NEWEST]
        await stage.site.db.write(many, some)
        entries = await feed(web)
        assert len(entries) == len(some)
        for entry in entries:
            assert is_inert(said(entry, "content")) == []


async def _cleared(tx: Tx) -> None:
    await tx.run("DELETE FROM broadcasts")
