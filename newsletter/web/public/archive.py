"""The archive: broadcasts that their owner made public, as pages, as a list and as an Atom feed (RFC 4287).

Nothing in it is about anybody: what was filled in for each person is its default here.
"""

from collections.abc import Hashable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

from litestar import Request, Response, get
from litestar.params import FromPath

from newsletter.broadcasts import TOPIC
from newsletter.broadcasts import archive as public
from newsletter.clock import iso
from newsletter.ids import EPOCH
from newsletter.owners import settings_store
from newsletter.settings import Settings
from newsletter.storage import Tx
from newsletter.web.kit.shelf import Source
from newsletter.web.kit.site import Site, site_of
from newsletter.web.public.feeds import ATOM
from newsletter.web.public.threads import HTML, fresh
from newsletter.xml_text import xml_text, xml_value

PAGE = 30  # entries
NEWEST = 30  # of the feed
_LONGEST_SLUG = 100


class ListSource:
    """Makes a page of the list (kit/shelf.py). It hangs on which they are and where, and on what stands above it."""

    def __init__(self, site: Site, before: str) -> None:
        self._site = site
        self._before = before

    async def basis(self) -> Hashable:
        return _basis(await self._entries(), await self._site.db.read(about))

    async def make(self) -> tuple[Hashable, bytes]:
        entries, said = await self._entries(), await self._site.db.read(about)
        shown = entries[:PAGE]
        more = shown[-1].slug if len(entries) > PAGE else ""
        text = self._site.pages.render(
            "public/archive.html",
            {
                "entries": shown,
                "about": said,
                "more": more and _list(more),
                "start": _list() if self._before else "",
                "canonical": self._site.settings.public_url + _list(self._before),
            },
        )
        return _basis(entries, said), text.encode()

    async def _entries(self) -> list[public.Entry]:
        return await self._site.db.read(public.page, PAGE + 1, self._before)


class ArticleSource:
    """Makes the page of one (kit/shelf.py). Beside itself it shows which stand before and after it."""

    def __init__(self, site: Site, slug: str) -> None:
        self._site = site
        self._slug = slug

    async def basis(self) -> Hashable:
        one, newer, older = await self._site.db.read(public.find, self._slug)
        return one.id, newer, older

    async def make(self) -> tuple[Hashable, bytes]:
        one, newer, older = await self._site.db.read(public.find, self._slug)
        context = {
            "article": public.article(one),
            "newer": newer,
            "older": older,
            "canonical": _address(self._site.settings, self._slug),
        }
        return (one.id, newer, older), self._site.pages.render(
            "public/archive_article.html", context
        ).encode()


class FeedSource:
    """Makes the feed (kit/shelf.py)."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def basis(self) -> Hashable:
        return _basis(await self._site.db.read(public.page, NEWEST), await self._site.db.read(about))

    async def make(self) -> tuple[Hashable, bytes]:
        newest, said = await self._site.db.read(public.newest, NEWEST), await self._site.db.read(about)
        articles = [public.article(one) for one in newest]
        text = "".join(atom(self._site.settings, articles, said))
        return _basis([article.entry for article in articles], said), text.encode()


def _basis(entries: list[public.Entry], said: str) -> Hashable:
    return tuple((entry.id, entry.slug) for entry in entries), said


async def about(tx: Tx) -> str:
    """What the owner says of the archive; '' where they say nothing."""
    return await settings_store.one(tx, settings_store.ARCHIVE_ABOUT)


@get("/archive")
async def show(request: Request[Any, Any, Any]) -> Response[bytes]:
    before = request.query_params.get("before", "")[:_LONGEST_SLUG]
    return await _answer(request, before, ListSource(site_of(request), before), HTML)


@get("/archive/{slug:str}")
async def show_article(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[bytes]:
    return await _answer(request, slug, ArticleSource(site_of(request), slug), HTML)


@get("/archive/feed.xml")
async def feed(request: Request[Any, Any, Any]) -> Response[bytes]:
    return await _answer(request, "", FeedSource(site_of(request)), ATOM)


async def _answer(
    request: Request[Any, Any, Any], which: str, source: Source, media_type: str
) -> Response[bytes]:
    """Raises NotFound for what is not public."""
    site = site_of(request)
    kept = await site.shelf.get(("archive", type(source), which), site.db.woken(TOPIC), source)
    return fresh(request, site, kept, media_type)


def atom(settings: Settings, articles: list[public.Article], said: str = "") -> Iterator[str]:
    """The feed's text; its ids stay for good, so that readers show nothing twice."""
    own = f"{settings.public_url}/archive/feed.xml"
    updated = max((article.entry.sent_at for article in articles), default=EPOCH)
    yield '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
    yield f"  <id>{xml_text(own)}</id>\n  <title>{xml_text(settings.from_name)}</title>\n"
    if said:
        yield f"  <subtitle>{xml_text(said)}</subtitle>\n"
    yield f"  <updated>{iso(updated)}</updated>\n"
    yield f"  <link rel={xml_value('self')} type={xml_value(ATOM)} href={xml_value(own)}/>\n"
    yield f"  <link href={xml_value(settings.public_url + _list())}/>\n"
    yield f"  <author><name>{xml_text(settings.from_name)}</name></author>\n"
    for article in articles:
        yield from _entry(settings, article)
    yield "</feed>\n"


def _entry(settings: Settings, article: public.Article) -> Iterator[str]:
    entry = article.entry
    name = f"tag:{urlsplit(settings.public_url).hostname},2026:broadcast-{entry.id}"  # RFC 4151
    yield f"  <entry>\n    <id>{xml_text(name)}</id>\n    <title>{xml_text(entry.title)}</title>\n"
    yield f"    <link href={xml_value(_address(settings, entry.slug))}/>\n"
    yield f"    <published>{iso(entry.sent_at)}</published>\n    <updated>{iso(entry.sent_at)}</updated>\n"
    if entry.preheader:
        yield f"    <summary>{xml_text(entry.preheader)}</summary>\n"
    yield f'    <content type="html">{xml_text(article.html)}</content>\n  </entry>\n'


def _address(settings: Settings, slug: str) -> str:
    return f"{settings.public_url}/archive/{slug}"


def _list(before: str = "") -> str:
    return "/archive" + (f"?{urlencode({'before': before})}" if before else "")


ROUTES = [show, show_article, feed]
