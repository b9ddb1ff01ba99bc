"""Signing in by a mailed one-time link, and signing out."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.addresses import parse
from newsletter.clock import now
from newsletter.errors import BadInput, TooMany
from newsletter.owners import LINK_LIVES
from newsletter.web.admin.door import cookie, own_form
from newsletter.web.kit.body import read_fields
from newsletter.web.kit.site import site_of


@get("/admin/sign-in")
async def ask(request: Request[Any, Any, Any]) -> Response[str]:
    return site_of(request).pages.page("admin/sign_in.html", sent=False, errors={}, values={})


@post("/admin/sign-in", status_code=200)
async def mail_link(request: Request[Any, Any, Any]) -> Response[str]:
    """Mails a link to an owner; the page is the same for everybody else."""
    site = site_of(request)
    body = await read_fields(request, {"email": 254})
    try:
        if body.errors:
            raise BadInput(body.errors.get("email", "Please look again."))
        address = parse(body.values.get("email", ""))
    except BadInput as error:
        errors = {"email": error.sentence}
        return site.pages.page("admin/sign_in.html", 422, sent=False, errors=errors, values=body.values)
    if wait := site.gate.sign_in(request):
        raise TooMany("Too many tries from here. Please wait a little.", wait)
    await site.db.write(site.owners.mail_link, address)
    return site.pages.page("admin/sign_in.html", sent=True, errors={}, values={})


@get("/admin/enter/{token:str}")
async def show(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """Where the mailed link leads: one button, so that a scanner does not use it up."""
    site = site_of(request)
    site.tokens.read("sign-in", token, now(), LINK_LIVES)
    return site.pages.page("admin/enter.html")


@post("/admin/enter/{token:str}")
async def enter(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
    site = site_of(request)
    (link_id,) = site.tokens.read("sign-in", token, now(), LINK_LIVES)
    secret = await site.db.write(site.owners.enter, link_id, request.headers.get("user-agent", ""))
    response = Redirect("/admin", status_code=303)
    response.set_cookie(cookie(site, secret))
    return response


@post("/admin/sign-out")
async def sign_out(request: Request[Any, Any, Any]) -> Response[Any]:
    site = site_of(request)
    sent = await own_form(request, {"everywhere": 1})
    if sent.values.get("everywhere"):
        await site.db.write(site.owners.leave_everywhere, sent.session.owner_id)
    else:
        await site.db.write(site.owners.leave, sent.session.id, sent.session.owner_id)
    response = Redirect("/admin/sign-in", status_code=303)
    response.set_cookie(cookie(site, "", 0))
    return response


ROUTES = [ask, mail_link, show, enter, sign_out]
