"""What stands between this service and its readers' inboxes, at the desk: looked at when the owner asks for it."""

from typing import Any

from litestar import Request, Response, get, post

from newsletter.web.admin.door import form_key, own_form, refresh, session_of
from newsletter.web.kit.examining import examine
from newsletter.web.kit.site import site_of
from newsletter.words import marked

SIGNS = {"wrong": marked("Wrong"), "note": "Look at this", "well": marked("Well")}


@get("/admin/doctor")
async def ask(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    page = site.pages.page("admin/doctor.html", found=[], csrf=form_key(site, session))
    await refresh(request, session, page)
    return page


@post("/admin/doctor", status_code=200)
async def look(request: Request[Any, Any, Any]) -> Response[str]:
    """Raises SignedOut, BadInput."""
    site = site_of(request)
    sent = await own_form(request)
    found = await examine(site)
    return site.pages.page(
        "admin/doctor.html",
        headers={"Cache-Control": "no-store"},
        found=found,
        wrong=sum(one.level == "wrong" for one in found),
        signs=SIGNS,
        csrf=form_key(site, sent.session),
    )


ROUTES = [ask, look]
