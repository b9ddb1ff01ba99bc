"""Reading comments: a page's thread for scripts, frames and programs, and counts for lists of articles."""

import hashlib
from collections.abc import Hashable
from typing import Any

import msgspec
from litestar import Request, Response, get, post, route
from litestar.response import Redirect

from newsletter.comments import CHANGED
from newsletter.web.kit.failures import wants_json
from newsletter.web.kit.policy import content_policy, cors, preflight
from newsletter.web.kit.shelf import Kept, Source
from newsletter.web.kit.site import Site, site_of
from newsletter.web.public.thread_pages import Shape, ThreadSource
from newsletter.web.public.thread_query import Counted, many_pages, one_page, sent_pages

HTML = "text/html"
JSON = "application/json"


@get("/threads")
async def show(request: Request[Any, Any, Any]) -> Response[Any]:
    """The list and the form as HTML to put into an article, or the list as JSON for who accepts that.

    Who opens it as a page gets one.
    """
    if request.headers.get("sec-fetch-dest") == "document":
        to = f"/threads/page?{request.scope['query_string'].decode('ascii', 'replace')}"
        return Redirect(to, status_code=303, headers={"Cache-Control": "no-store"})
    if wants_json(request.scope):
        return await _thread(request, "json", JSON)
    return await _thread(request, "html", HTML)


@get("/threads/page")
async def show_page(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The same as a page of ours, for who reads without scripts. What it posts may end on a page of the owner's."""
    origins = " ".join(("'self'", *site_of(request).settings.page_origins))
    answer = await _thread(request, "page", HTML)
    answer.headers["Content-Security-Policy"] = content_policy(forms=origins)
    return answer


@get("/threads/embed")
async def show_embedded(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The same as a whole page for a frame. What it posts may end on a page of the owner's."""
    settings = site_of(request).settings
    origins = " ".join(("'self'", *settings.page_origins))
    answer = await _thread(request, "frame", HTML)
    answer.headers["Content-Security-Policy"] = content_policy(forms=origins, frames=origins)
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


async def _thread(request: Request[Any, Any, Any], shape: Shape, media_type: str) -> Response[bytes]:
    site = site_of(request)
    asked = one_page(request.scope["query_string"], site.settings.page_origins)
    kept = await on_shelf(site, (asked, shape), ThreadSource(site, asked, shape))
    return fresh(request, site, kept, media_type)


class CountSource:
    """Makes the counts of many pages (kit/shelf.py). They hang on too many threads to look at each."""

    def __init__(self, site: Site, asked: Counted) -> None:
        self._site = site
        self._asked = asked

    async def basis(self) -> None:
        return None

    async def make(self) -> tuple[None, bytes]:
        urls = list(dict.fromkeys(url for _, url in self._asked.pages))
        found = await self._site.db.read(self._site.threads.counts, urls)
        counts = {typed: found.get(url, 0) for typed, url in self._asked.pages}
        return None, msgspec.json.encode({"counts": counts})


@get("/threads/counts")
async def counts(request: Request[Any, Any, Any]) -> Response[bytes]:
    site = site_of(request)
    asked = many_pages(request.scope["query_string"], site.settings.page_origins)
    key = hashlib.sha256(
        request.scope["query_string"]
    ).digest()  # a query is long, and a shelf counts answers
    return fresh(request, site, await on_shelf(site, key, CountSource(site, asked)), JSON)


@post("/threads/counts", status_code=200)
async def counts_of_many(request: Request[Any, Any, Any]) -> Response[bytes]:
    """As by GET, for more addresses than a URL holds."""
    site = site_of(request)
    asked = sent_pages(await request.body(), site.settings.page_origins)
    _, body = await CountSource(site, asked).make()
    headers = {"Cache-Control": "no-store", **cors(request.headers.get("origin", ""), site.settings)}
    return Response(body, media_type=JSON, headers=headers)


@route("/threads/counts", http_method="OPTIONS", status_code=204)
async def before_counts(request: Request[Any, Any, Any]) -> Response[None]:
    return Response(None, status_code=204, headers=preflight(request, site_of(request).settings))


async def on_shelf(site: Site, key: Hashable, source: Source) -> Kept:
    return await site.shelf.get(key, site.db.woken(CHANGED), source)


def fresh(request: Request[Any, Any, Any], site: Site, kept: Kept, media_type: str) -> Response[bytes]:
    """Caches keep it, and ask each time whether it is still the same (RFC 9110 §13.1.2)."""
    given = request.headers.get
    headers = cors(given("origin", ""), site.settings)
    headers |= {"ETag": kept.etag, "Cache-Control": "no-cache", "Vary": "Accept, Origin, Sec-Fetch-Dest"}
    known = [tag.strip().removeprefix("W/") for tag in given("if-none-match", "").split(",")]
    if kept.etag in known or known == ["*"]:
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(kept.body, headers=headers, media_type=media_type)


# Litestar answers OPTIONS by itself where no handler came first.
ROUTES = [before_counts, show, show_page, show_embedded, counts, counts_of_many]
