"""Isso's doors, for a page that keeps Isso's own script and names us as its host. Under them all is as elsewhere.

After Isso 0.14's API (isso/views/comments.py). What differs: ids are text, an address is always asked for, nobody
votes, and no cookie is set. The script itself is not served: the page keeps its copy.
"""

from asyncio import to_thread
from typing import Any

import msgspec
from litestar import Request, Response, get, post, route

from newsletter.addresses import canonical
from newsletter.clock import SECOND
from newsletter.comments import EDITABLE, MOST_URLS, Draft, Written
from newsletter.errors import BadInput
from newsletter.web.kit import commenting
from newsletter.web.kit.origins import client_network
from newsletter.web.kit.policy import isso_cors, isso_preflight
from newsletter.web.kit.site import Site, site_of
from newsletter.web.kit.text import clean
from newsletter.web.public.comment_fields import FIELDS, MULTILINE, read_draft
from newsletter.web.public.feeds import ATOM, FeedSource
from newsletter.web.public.isso_page import (
    asked_page,
    asked_part,
    comment_id,
    origin_of,
    own_name,
    place,
    sent,
)
from newsletter.web.public.isso_thread import IssoSource, config, said
from newsletter.web.public.thread_query import TOO_MANY, Asked
from newsletter.web.public.threads import JSON, fresh, on_shelf
from newsletter.words import gettext

OURS = {"text": "comment", "author": "name", "email": "email", "website": "website", "title": "title"}
"""Each field of theirs, and ours."""

_THEIRS = {ours: theirs for theirs, ours in OURS.items()}


class New(msgspec.Struct):
    """What the script sends; whatever else it may send is not read."""

    text: str | None = None
    author: str | None = None
    email: str | None = None
    website: str | None = None
    title: str | None = None
    parent: int | str | None = None
    notification: int | bool | None = None


def told(request: Request[Any, Any, Any], what: Any, status: int = 200) -> Response[bytes]:
    """An answer that the script of an allowed page may read, and no cache keeps."""
    headers = isso_cors(request.headers.get("origin", ""), site_of(request).settings)
    return Response(
        msgspec.json.encode(what),
        status_code=status,
        media_type=JSON,
        headers={"Cache-Control": "no-store", **headers},
    )


@get("/isso/")
async def thread(request: Request[Any, Any, Any]) -> Response[bytes]:
    site = site_of(request)
    part = asked_part(request, site)
    kept = await on_shelf(site, (part, "isso"), IssoSource(site, part))
    answer = fresh(request, site, kept, JSON)
    answer.headers.update(isso_cors(request.headers.get("origin", ""), site.settings))
    answer.headers["Vary"] = "Origin, Referer"  # they say whose path it is
    return answer


@get("/isso/config")
async def settings(request: Request[Any, Any, Any]) -> Response[bytes]:
    return told(request, {"config": config(site_of(request))})


@post("/isso/new", status_code=202)
async def new(request: Request[Any, Any, Any]) -> Response[bytes]:
    site = site_of(request)
    url = asked_page(request, site)
    brought = await sent(request, New)
    parent = str(brought.parent or "")
    answers = comment_id(parent, site) if parent else None
    draft = await to_thread(_draft, site, request, url, brought, answers)
    site.gate.admit_comment(request, draft.address.key, "")
    written = await site.db.write_in_crowd(
        canonical(draft.address.key), commenting.keep, site, draft, None, None
    )
    return await _answer(request, site, draft, written, parent)


def _draft(site: Site, request: Request[Any, Any, Any], url: str, brought: New, parent: int | None) -> Draft:
    """Raises BadInput that names the fields as Isso does."""
    values = {"url": url, "parent": str(parent or ""), "follow": "replies" if brought.notification else ""}
    errors: dict[str, str] = {}
    for theirs, ours in OURS.items():
        try:
            values[ours] = clean(
                getattr(brought, theirs) or "", max_length=FIELDS[ours], multiline=ours in MULTILINE
            )
        except BadInput as error:
            errors[ours] = error.sentence
    network = client_network(request.scope, site.settings.trusted_proxies)
    try:
        return read_draft(values, errors, site.settings, network)
    except BadInput as error:
        raise BadInput(
            error.sentence, {_THEIRS.get(ours, ours): text for ours, text in error.fields.items()}
        ) from None


async def _answer(
    request: Request[Any, Any, Any], site: Site, draft: Draft, written: Written, parent: str
) -> Response[bytes]:
    """What waits gets one answer, whatever it waits for: it would tell whether an address is known.

    The header makes the script, not the browser, keep a cookie of the page's own: without one it offers no change.
    """
    comment, _ = await site.db.read(site.comments.placed, written.id)
    top = await site.db.read(site.threads.top, comment)
    if top is not None and top == draft.parent_id:
        above: str | int | None = parent  # as the page calls it, so that it finds the place
    else:
        above = top
    name = own_name(site, request, comment.id)
    answer = told(
        request,
        said(site, comment, above, id=name),
        status=201 if comment.status == "approved" else 202,
    )
    lives = EDITABLE // SECOND
    answer.headers["X-Set-Cookie"] = f"isso-{name}=1; Max-Age={lives}; Path=/; SameSite=Lax"
    return answer


@post("/isso/count", status_code=200)
async def count(request: Request[Any, Any, Any]) -> Response[bytes]:
    """How many comments stand under each path, in the order asked; 0 under what can't be a page."""
    site = site_of(request)
    origin = origin_of(request, site)
    uris = await sent(request, list[str])
    if len(uris) > MOST_URLS:
        raise BadInput(gettext(TOO_MANY) % {"most": MOST_URLS})
    pages = [_page(origin, uri, site) for uri in uris]
    found = await site.db.read(site.threads.counts, list(dict.fromkeys(page for page in pages if page)))
    return told(request, [found.get(page, 0) for page in pages])


def _page(origin: str, uri: str, site: Site) -> str:
    try:
        return place(origin, uri, site)
    except BadInput:
        return ""


@get("/isso/feed")
async def feed(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The page's feed; readers of feeds name no origin, so they find it where there is but one."""
    site = site_of(request)
    asked = Asked(asked_page(request, site))
    kept = await on_shelf(site, (asked, "feed"), FeedSource(site, asked))
    return fresh(request, site, kept, ATOM)


@get("/isso/css/isso.css")
async def style(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Our own, for what Isso's script builds; it loads it from its host unless `data-isso-css-url` names another."""
    headers = {"Cache-Control": "public, max-age=3600", "Cross-Origin-Resource-Policy": "cross-origin"}
    content = site_of(request).pages.assets.named("isso.css")
    return Response(content, media_type="text/css", headers=headers)


@route(
    ["/isso/", "/isso/config", "/isso/new", "/isso/count", "/isso/feed"],
    http_method="OPTIONS",
    status_code=204,
)
async def before(request: Request[Any, Any, Any]) -> Response[None]:
    """A browser's question before the script asks for anything."""
    return Response(None, status_code=204, headers=isso_preflight(request, site_of(request).settings))


# Litestar answers OPTIONS by itself where no handler came first.
ROUTES = [before, thread, settings, new, count, feed, style]
