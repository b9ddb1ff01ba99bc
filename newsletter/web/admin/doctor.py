"""What stands between this service and its readers' inboxes, at the desk: looked at when the owner asks for it."""

import asyncio
from importlib import import_module
from typing import Any

from litestar import Request, Response, get, post

from newsletter.errors import BadInput
from newsletter.web.admin.door import form_key, own_form, refresh, session_of
from newsletter.web.kit import relaying
from newsletter.web.kit.site import site_of
from newsletter.words import marked

SIGNS = {"wrong": marked("Wrong"), "note": "Look at this", "well": marked("Well")}
BUSY = "A look is under way already. It takes half a minute at most; please press the button again then."

_under_way = asyncio.Lock()


@get("/admin/doctor")
async def ask(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    page = site.pages.page("admin/doctor.html", found=[], csrf=form_key(site, session))
    await refresh(request, session, page)
    return page


@post("/admin/doctor", status_code=200)
async def look(request: Request[Any, Any, Any]) -> Response[str]:
    """One at a time: each asks the DNS, the relay and the public address. Raises SignedOut, BadInput."""
    site = site_of(request)
    sent = await own_form(request)
    if _under_way.locked():
        raise BadInput(BUSY)
    async with _under_way:
        doctor = import_module("newsletter.doctor")  # `serve` shall not wait for it
        named = await site.db.read(relaying.named, site.settings)
        found = await doctor.examine(site.settings, doctor.Names(), named.source, relay_lost=named.lost)
    return site.pages.page(
        "admin/doctor.html",
        headers={"Cache-Control": "no-store"},
        found=found,
        wrong=sum(one.level == "wrong" for one in found),
        signs=SIGNS,
        csrf=form_key(site, sent.session),
    )


ROUTES = [ask, look]
