"""Readers asked whether they still want letters, at the desk: the draft, how it stands, and the end of it."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter.errors import BadInput
from newsletter.owners import Session
from newsletter.subscribers import segments, staying
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.kit import asking_again
from newsletter.web.kit.site import Site, site_of


@get("/admin/ask-again")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    """Raises SignedOut."""
    session = await session_of(request)
    page = await _page(site_of(request), session, done=request.query_params.get("done", "")[:7])
    await refresh(request, session, page)
    return page


async def _page(
    site: Site, session: Session, *, done: str = "", audience: str = "", error: str = "", asks: bool = False
) -> Response[str]:
    standing = await site.db.read(asking_again.look, site)
    return site.pages.page(
        "admin/ask_again.html",
        422 if error else 200,
        headers={"Cache-Control": "no-store"},
        standing=standing,
        over=bool(standing and standing.over),
        done=int(done) if done.isdigit() else None,
        asks=asks,
        audience=audience,
        error=error,
        at_once=asking_again.AT_ONCE,
        csrf=form_key(site, session),
    )


@post("/admin/ask-again", status_code=200)
async def act(request: Request[Any, Any, Any]) -> Response[Any]:
    """Writes the draft, ends the question, or unsubscribes who did not answer. Raises SignedOut, BadInput, Conflict."""
    site = site_of(request)
    sent = await own_fields(request, {"action": 7, "audience": 1_000, "sure": 9})
    if sent.errors:
        raise BadInput(" ".join(sent.errors.values()), sent.errors)
    action, sure = sent.values.get("action", ""), sent.values.get("sure", "")
    if action == "write":
        audience = sent.values.get("audience", "").strip()
        try:
            segments.parse(audience)
        except BadInput as wrong:
            return await _page(site, sent.session, audience=audience, error=wrong.sentence)
        return _to(f"/admin/broadcasts/{(await site.db.write(asking_again.write, site, audience)).id}")
    if action == "end":
        await site.db.write(staying.end)
        return _to("/admin/ask-again")
    if action != "leave":
        raise BadInput("Please press one of the buttons.")
    if not sure:
        return await _page(site, sent.session, asks=True)
    return _to(f"/admin/ask-again?done={await asking_again.let_go(site, sure)}")


def _to(path: str) -> Response[Any]:
    return Redirect(path, status_code=303, headers={"Cache-Control": "no-store"})


ROUTES = [show, act]
