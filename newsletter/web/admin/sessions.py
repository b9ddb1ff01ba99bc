"""Signing out, here or everywhere."""

from typing import Any

from litestar import Request, Response, post
from litestar.response import Redirect

from newsletter.web.admin.door import cookie, own_form
from newsletter.web.kit.site import site_of


@post("/admin/sign-out")
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


ROUTES = [sign_out]
