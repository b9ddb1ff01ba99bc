"""One's own comment by Isso's script: looked at before and after, changed and taken back, in the page that wrote it."""

from asyncio import to_thread
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, post, put, route
from litestar.params import FromPath

from newsletter.comments import Comment, Words, render
from newsletter.errors import BadInput
from newsletter.web.kit.policy import isso_preflight
from newsletter.web.kit.site import Site, site_of
from newsletter.web.kit.text import clean
from newsletter.web.public.comment_fields import AGAIN, FIELDS, NO_TEXT
from newsletter.web.public.isso import told
from newsletter.web.public.isso_page import origin_of, own_id, sent
from newsletter.web.public.isso_thread import Said, said

NO_VOTES = {"likes": 0, "dislikes": 0}


class Text(msgspec.Struct):
    text: str


@post("/isso/preview", status_code=200)
async def preview(request: Request[Any, Any, Any]) -> Response[bytes]:
    site = site_of(request)
    origin_of(request, site)
    text = _checked(await sent(request, Text))
    site.gate.admit_preview(request)
    return told(request, {"text": await to_thread(render, text)})


def _checked(brought: Text) -> str:
    """Raises BadInput."""
    try:
        text = clean(brought.text, max_length=FIELDS["comment"], multiline=True)
    except BadInput as error:
        raise BadInput(AGAIN, {"text": error.sentence}) from None
    if not text:
        raise BadInput(AGAIN, {"text": NO_TEXT})
    return text


async def _told(site: Site, comment: Comment, name: str) -> Said:
    return said(site, comment, await site.db.read(site.threads.top, comment), id=name)


@get("/isso/id/{token:str}")
async def show(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[bytes]:
    """With ``plain=1`` as it was typed, to be changed."""
    site = site_of(request)
    comment, _ = await site.db.read(site.comments.placed, own_id(site, request, token))
    answer = await _told(site, comment, token)
    if request.query_params.get("plain") == "1":
        answer.text = comment.raw
    return told(request, answer)


@put("/isso/id/{token:str}", status_code=200)
async def save(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[bytes]:
    site = site_of(request)
    comment_id = own_id(site, request, token)
    text = _checked(await sent(request, Text))
    site.gate.admit_preview(request)
    comment = await site.db.write(site.comments.edit, comment_id, await to_thread(Words, text))
    return told(request, await _told(site, comment, token))


@delete("/isso/id/{token:str}", status_code=200)
async def remove(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[bytes]:
    """``null``, or the empty place where others answered it."""
    site = site_of(request)
    comment_id = own_id(site, request, token)
    await site.db.write(site.comments.remove, comment_id)
    place = await site.db.read(site.threads.find, comment_id)
    return told(request, await _told(site, place, token) if place else None)


@post(["/isso/id/{token:str}/like", "/isso/id/{token:str}/dislike"], status_code=200)
async def vote(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[bytes]:  # noqa: ARG001  Litestar's path
    """Nobody votes here, and nothing is kept of who tries."""
    return told(request, NO_VOTES)


@route("/isso/preview", http_method="OPTIONS", status_code=204)
async def before_preview(request: Request[Any, Any, Any]) -> Response[None]:
    return Response(None, status_code=204, headers=isso_preflight(request, site_of(request).settings))


@route(
    ["/isso/id/{token:str}", "/isso/id/{token:str}/like", "/isso/id/{token:str}/dislike"],
    http_method="OPTIONS",
    status_code=204,
)
async def before(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[None]:  # noqa: ARG001  Litestar's path
    """A browser's question before the script changes a comment."""
    return Response(None, status_code=204, headers=isso_preflight(request, site_of(request).settings))


ROUTES = [before_preview, before, preview, show, save, remove, vote]
