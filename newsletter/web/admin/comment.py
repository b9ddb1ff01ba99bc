"""One comment at the desk: all of it, its author, and everything that can be done about it."""

from asyncio import to_thread
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.comments import LONGEST, Words
from newsletter.errors import BadInput, Conflict, NotFound, Repeated
from newsletter.ids import read_id
from newsletter.owners import Session
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.kit import moderating
from newsletter.web.kit.site import Site, site_of

DONE = {
    **moderating.DONE,
    "edit": "It is saved.",
    "close": "Nobody can comment on this page any more.",
    "open": "Comments are open on this page again.",
}
EMPTY = "A comment has words in it. To take it away, delete it."


@get("/admin/comments/{id:str}")
async def show(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    page = await _page(site, session, _id(id), done=DONE.get(request.query_params.get("done", ""), ""))
    await refresh(request, session, page)
    return page


def _id(text: str) -> int:
    """Raises NotFound for what is no row's id."""
    id = read_id(text)
    if id is None:
        raise NotFound("There is no such comment.")
    return id


async def _page(site: Site, session: Session, id: int, **more: Any) -> Response[str]:
    return await moderating.page(site, "admin/comment.html", id, csrf=form_key(site, session), **more)


@post("/admin/comments/{id:str}")
async def change(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    site, own = site_of(request), _id(id)
    sent = await own_fields(
        request,
        {"action": 20, "read": moderating.LONGEST_SEEN, "comment": LONGEST, "raw": LONGEST},
        multiline=("comment", "raw"),
    )
    verb = sent.values.get("action", "")
    if verb not in DONE:
        raise BadInput("Please use one of the buttons. Nothing was changed.")
    try:
        if sent.errors:
            raise BadInput("Please look again.", sent.errors)
        await _do(site, sent.session, verb, own, sent.values)
    except (BadInput, Conflict, Repeated) as error:
        field = "raw" if verb == "edit" else "comment"
        return await _page(site, sent.session, own, values=sent.values, error=error, field=field)
    to = "/admin/comments?act=delete&done=1" if verb == "delete" else f"/admin/comments/{own}?done={verb}"
    return Redirect(to, status_code=303, headers={"Cache-Control": "no-store"})


async def _do(site: Site, session: Session, verb: str, id: int, values: dict[str, str]) -> None:
    """Raises BadInput, Conflict, NotFound, Repeated."""
    if verb in moderating.DONE:
        await moderating.do(site, verb, id, session.email, values)
    elif verb == "edit":
        raw = values.get("raw", "")
        if not raw:
            raise BadInput(EMPTY, {"raw": EMPTY})
        await site.db.write(site.moderation.edit, id, await to_thread(Words, raw))
    else:
        comment = await site.db.read(site.moderation.look, id)
        await site.db.write(site.moderation.close, comment.thread_id, closed=verb == "close")


ROUTES = [show, change]
