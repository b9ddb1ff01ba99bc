"""The newest comments as an Atom feed (RFC 4287): of one page, or of all."""

from collections.abc import Hashable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

from litestar import Request, Response, get

from newsletter.clock import iso
from newsletter.comments import Comment, Thread
from newsletter.ids import EPOCH
from newsletter.settings import Settings
from newsletter.web.kit.site import Site, site_of
from newsletter.web.public.thread_pages import web_address
from newsletter.web.public.thread_query import Asked, one_page
from newsletter.web.public.threads import fresh, on_shelf
from newsletter.xml_text import xml_text, xml_value

ATOM = "application/atom+xml; charset=utf-8"


class FeedSource:
    """Makes the feed (kit/shelf.py). That of all pages hangs on too many threads to look at each."""

    def __init__(self, site: Site, asked: Asked) -> None:
        self._site = site
        self._asked = asked

    async def basis(self) -> Hashable | None:
        if not self._asked.url:
            return None
        return (await self._site.db.read(self._site.threads.standing, self._asked.url)).version

    async def make(self) -> tuple[Hashable | None, bytes]:
        basis = await self.basis()  # before the rest: what comes in between is then looked at again
        newest = await self._site.db.read(self._site.threads.latest, self._asked.url)
        return basis, "".join(atom(self._site.settings, self._asked.url, newest)).encode()


@get("/threads/feed")
async def feed(request: Request[Any, Any, Any]) -> Response[bytes]:
    site = site_of(request)
    asked = one_page(request.scope["query_string"], site.settings.page_origins, or_all=True)
    asked = Asked(asked.url)
    return fresh(request, site, await on_shelf(site, (asked, "feed"), FeedSource(site, asked)), ATOM)


def atom(settings: Settings, url: str, newest: list[tuple[Comment, Thread]]) -> Iterator[str]:
    """The feed's text; its ids stay for good, so that readers show nothing twice."""
    own = f"{settings.public_url}/threads/feed" + (f"?{urlencode({'url': url})}" if url else "")
    about = next((thread.title or thread.url for _, thread in newest), url) if url else settings.from_name
    updated = max((_changed(comment) for comment, _ in newest), default=EPOCH)
    yield '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
    yield f"  <id>{xml_text(own)}</id>\n  <title>Comments on {xml_text(about)}</title>\n"
    yield f"  <updated>{iso(updated)}</updated>\n"
    yield f'  <link rel="self" type="{ATOM}" href={xml_value(own)}/>\n'
    if url:
        yield f"  <link href={xml_value(url)}/>\n"
    for comment, thread in newest:
        yield from _entry(settings, comment, thread)
    yield "</feed>\n"


def _entry(settings: Settings, comment: Comment, thread: Thread) -> Iterator[str]:
    link = f"{thread.url}#comment-{comment.id}"
    website = web_address(comment.website)
    name = f"tag:{urlsplit(settings.public_url).hostname},2026:comment-{comment.id}"  # RFC 4151
    yield f"  <entry>\n    <id>{xml_text(name)}</id>\n"
    yield f"    <title>{xml_text(comment.name)} on {xml_text(thread.title or thread.url)}</title>\n"
    yield f"    <link href={xml_value(link)}/>\n"
    yield f"    <published>{iso(comment.created_at)}</published>\n"
    yield f"    <updated>{iso(_changed(comment))}</updated>\n"
    yield f"    <author><name>{xml_text(comment.name)}</name>"
    yield f"<uri>{xml_text(website)}</uri></author>\n" if website else "</author>\n"
    yield f'    <content type="html">{xml_text(comment.html)}</content>\n  </entry>\n'


def _changed(comment: Comment) -> int:
    return comment.edited_at or comment.created_at


ROUTES = [feed]
