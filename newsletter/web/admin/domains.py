"""Domains with trouble at the desk: what each mailbox provider took, what came back, and what to do."""

from typing import Any

from litestar import Request, Response, get

from newsletter.mail import trouble
from newsletter.web.admin.door import form_key, refresh, session_of
from newsletter.web.kit.site import site_of


@get("/admin/domains")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    """Raises SignedOut."""
    site = site_of(request)
    session = await session_of(request)
    page = site.pages.page(
        "admin/domains.html",
        headers={"Cache-Control": "no-store"},
        report=await site.db.read(trouble.report),
        days=trouble.DAYS,
        csrf=form_key(site, session),
    )
    await refresh(request, session, page)
    return page


ROUTES = [show]
