"""Where one is signed in: seen, and ended one by one or all at once; and signing out."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter.clock import DAY
from newsletter.errors import BadInput
from newsletter.ids import read_id
from newsletter.owners import LONGEST_SESSION, SESSION_LIVES
from newsletter.web.admin.browsers import in_words
from newsletter.web.admin.door import STEPLESS, cookie, form_key, own_form, refresh, session_of
from newsletter.web.kit.site import site_of

DONE = {
    "one": "It is signed out there.",
    "others": "You are signed in here only.",
}


@get("/admin/sessions")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    """One's own, and nobody else's. Raises SignedOut."""
    site, session = site_of(request), await session_of(request)
    found = await site.db.read(site.owners.sessions, session.owner_id)
    page = site.pages.page(
        "admin/sessions.html",
        sessions=[(one, in_words(one.browser)) for one in found],
        own=session,
        idle_days=SESSION_LIVES // DAY,
        most_days=LONGEST_SESSION // DAY,
        done=DONE.get(request.query_params.get("done", ""), ""),
        csrf=form_key(site, session),
    )
    await refresh(request, session, page)
    return page


@post("/admin/sessions")
async def end(request: Request[Any, Any, Any]) -> Response[Any]:
    """One of the others by its number, or all of them. Pressed twice it ends once. Raises SignedOut, BadInput."""
    site = site_of(request)
    sent = await own_form(request, {"end": 30})
    which, own = sent.values.get("end", ""), sent.session
    id = read_id(which)
    if which == "others":
        await site.db.write(site.owners.leave_elsewhere, own)
    elif id is not None and id != own.id:
        await site.db.write(site.owners.leave, id, own.owner_id)
    else:
        raise BadInput("Please use one of the buttons. Nothing was changed.")
    place = f"/admin/sessions?done={'others' if which == 'others' else 'one'}"
    return Redirect(place, status_code=303, headers={"Cache-Control": "no-store"})


@post("/admin/sign-out", opt={STEPLESS: True})
async def sign_out(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput."""
    site = site_of(request)
    sent = await own_form(request, {"everywhere": 1})
    if sent.values.get("everywhere"):
        await site.db.write(site.owners.leave_everywhere, sent.session.owner_id)
    else:
        await site.db.write(site.owners.leave, sent.session.id, sent.session.owner_id)
    response = Redirect("/admin/sign-in", status_code=303)
    response.set_cookie(cookie(site, "", 0))
    return response


ROUTES = [show, end, sign_out]
