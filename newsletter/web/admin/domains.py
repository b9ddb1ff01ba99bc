"""Domains with trouble at the desk: what each mailbox provider took, what came back, and what to do; and mailboxes that
take nothing of late, which are mailed no more for a while when the owner wants it so."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter.errors import BadInput
from newsletter.mail import trouble
from newsletter.owners import Session
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.kit import giving_up
from newsletter.web.kit.site import Site, site_of

SHOWN = 20


@get("/admin/domains")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    """Raises SignedOut."""
    session = await session_of(request)
    page = await _page(site_of(request), session, done=request.query_params.get("done", "")[:7])
    await refresh(request, session, page)
    return page


async def _page(site: Site, session: Session, *, done: str = "", asks: bool = False) -> Response[str]:
    wavering = await site.db.read(site.returns.wavering, giving_up.MOST)
    return site.pages.page(
        "admin/domains.html",
        headers={"Cache-Control": "no-store"},
        report=await site.db.read(trouble.report),
        days=trouble.DAYS,
        wavering=wavering[:SHOWN],
        count=len(wavering),
        done=int(done) if done.isdigit() else None,
        asks=asks and bool(wavering),
        csrf=form_key(site, session),
    )


@post("/admin/domains", status_code=200)
async def give_up(request: Request[Any, Any, Any]) -> Response[Any]:
    """Asks first, and then mails them nothing for 90 days. Raises SignedOut, BadInput."""
    site = site_of(request)
    sent = await own_fields(request, {"sure": 7})
    if sent.errors:
        raise BadInput(" ".join(sent.errors.values()), sent.errors)
    sure = sent.values.get("sure", "")
    if not sure:
        return await _page(site, sent.session, asks=True)
    total = await giving_up.give_up(site, sure)
    headers = {"Cache-Control": "no-store"}
    return Redirect(f"/admin/domains?done={total}", status_code=303, headers=headers)


ROUTES = [show, give_up]
