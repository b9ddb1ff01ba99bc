"""One's own comment, for a quarter of an hour and in the browser that wrote it: looked at, changed, taken back."""

from asyncio import to_thread
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post, route
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.clock import MINUTE, now
from newsletter.comments import EDITABLE, LONGEST, Comment, Thread, Words, render
from newsletter.errors import BadInput, Expired, NewsletterError, NotFound
from newsletter.web.kit import problems
from newsletter.web.kit.body import Body, read_fields
from newsletter.web.kit.failures import wants_json
from newsletter.web.kit.policy import cors, known_target, preflight
from newsletter.web.kit.site import Site, site_of
from newsletter.web.public.comment_fields import AGAIN, FIELDS, MULTILINE, NO_TEXT, check_page
from newsletter.web.public.comment_form import form_page

TOO_LATE = "Comments can be changed for 15 minutes after they were sent. This one stands as it is."
TEXT = {"comment": LONGEST, "do": 10}


def _id(site: Site, token: str) -> int:
    """Raises Expired, NotFound."""
    try:
        (comment_id,) = site.tokens.read("comment-edit", token, now(), EDITABLE)
    except Expired as expired:
        raise Expired(TOO_LATE, expired.ids) from None
    return comment_id


def _plain(request: Request[Any, Any, Any], site: Site, told: dict[str, Any]) -> Response[Any]:
    headers = {"Cache-Control": "no-store", **cors(request.headers.get("origin", ""), site.settings)}
    return Response(told, headers=headers)


@get("/comments/sent/{token:str}")
async def sent(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """The same page whatever the comment waits for, and where nothing was kept.

    Only who just took their comment back is told that it is gone: the query says so, and where the way back leads.
    """
    site, query = site_of(request), request.query_params
    editable = True
    try:
        comment_id = _id(site, token)
    except Expired as expired:
        (comment_id,), editable = expired.ids, False
    thread = None
    with suppress(NotFound):
        _, thread = await site.db.read(site.comments.placed, comment_id)
    return site.pages.page(
        "public/comment_sent.html",
        thread=thread,
        saved="saved" in query,
        gone="deleted" in query and thread is None,
        back=thread.url if thread else known_target(query.get("deleted", ""), site.settings),
        edit_url=f"/comments/edit/{token}" if thread and editable else None,
        minutes=EDITABLE // MINUTE,
    )


@get("/comments/edit/{token:str}")
async def show(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
    site = site_of(request)
    comment, thread = await site.db.read(site.comments.placed, _id(site, token))
    if wants_json(request.scope):
        return _plain(request, site, _told(comment) | {"comment": comment.raw})
    return _edit_page(site, token, comment, thread, comment.raw)


def _told(comment: Comment) -> dict[str, Any]:
    status = "approved" if comment.status == "approved" else "waiting"
    return {"status": status, "id": str(comment.id), "html": comment.html}


def _edit_page(
    site: Site,
    token: str,
    comment: Comment,
    thread: Thread,
    text: str,
    *,
    preview: str = "",
    error: NewsletterError | None = None,
) -> Response[str]:
    status, _, headers = problems.outcome(error) if error else (200, "", {})
    fields = error.fields if isinstance(error, BadInput) else {}
    return site.pages.page(
        "public/comment_edit.html",
        status,
        headers,
        action=f"/comments/edit/{token}",
        leave=f"/comments/sent/{token}",
        name=comment.name,
        thread=thread,
        text=text,
        preview=preview,
        error=fields.get("comment", error.sentence) if error else "",
    )


@post("/comments/edit/{token:str}", status_code=200)
async def save(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
    site = site_of(request)
    comment_id = _id(site, token)
    check_page(request, site.settings)
    body = await read_fields(request, TEXT, multiline=MULTILINE)
    text, look = body.values.get("comment", ""), body.values.get("do") == "preview"
    try:
        _check(body)
        site.gate.admit_preview(request)
        if not look:
            comment = await site.db.write(site.comments.edit, comment_id, await to_thread(Words, text))
    except NewsletterError as error:
        if body.is_json:
            raise
        standing = await site.db.read(site.comments.placed, comment_id)
        return _edit_page(site, token, *standing, text, error=error)
    if look:
        standing = await site.db.read(site.comments.placed, comment_id)
        return _edit_page(site, token, *standing, text, preview=await to_thread(render, text))
    if body.is_json:
        return _plain(request, site, _told(comment))
    return _to_sent(token, saved="1")


def _to_sent(token: str, **told: str) -> Redirect:
    to = f"/comments/sent/{token}?{urlencode(told)}"
    return Redirect(to, status_code=303, headers={"Cache-Control": "no-store"})


def _check(body: Body) -> None:
    """Raises BadInput."""
    errors = dict(body.errors)
    if not body.values.get("comment"):
        errors.setdefault("comment", NO_TEXT)
    if errors:
        raise BadInput(AGAIN, errors)


@post("/comments/edit/{token:str}/delete", status_code=200)
async def delete(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
    site = site_of(request)
    comment_id = _id(site, token)
    check_page(request, site.settings)
    _, thread = await site.db.read(site.comments.placed, comment_id)
    await site.db.write(site.comments.remove, comment_id)
    if wants_json(request.scope):
        return _plain(request, site, {"status": "deleted"})
    return _to_sent(token, deleted=thread.url)


@post("/comments/preview", status_code=200)
async def preview(request: Request[Any, Any, Any]) -> Response[Any]:
    """What a comment would look like; nothing is kept. A program gets the HTML, people their form with it."""
    site = site_of(request)
    check_page(request, site.settings)
    body = await read_fields(request, FIELDS, multiline=MULTILINE)
    try:
        _check(body)
        site.gate.admit_preview(request)
    except NewsletterError as error:
        if body.is_json:
            raise
        errors = (error.fields if isinstance(error, BadInput) else {}) or {"": error.sentence}
        return await form_page(site, body.values, errors=errors, status=problems.outcome(error)[0])
    html = await to_thread(render, body.values["comment"])
    if body.is_json:
        return _plain(request, site, {"html": html})
    return await form_page(site, body.values, preview=html)


@route(
    ["/comments/edit/{token:str}", "/comments/edit/{token:str}/delete"],
    http_method="OPTIONS",
    status_code=204,
)
async def before_json(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[None]:  # noqa: ARG001  Litestar's path
    """A browser's question before our script changes a comment from another origin."""
    return Response(None, status_code=204, headers=preflight(request, site_of(request).settings))


ROUTES = [before_json, sent, show, save, delete, preview]
