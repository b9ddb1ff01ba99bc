"""Signing in: by a one-time link that was mailed, or by the invitation of an owner; and a code, of who wants that."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.addresses import parse
from newsletter.clock import now
from newsletter.errors import BadInput, TooMany
from newsletter.owners import LINK_LIVES, Session, people, second_step
from newsletter.tokens import Purpose
from newsletter.web.admin.door import begun_session, cookie, fields_of, form_key
from newsletter.web.kit.body import read_fields
from newsletter.web.kit.site import Site, site_of

LIVES: dict[Purpose, int] = {"sign-in": LINK_LIVES, "invite": people.INVITATION_LIVES}


@get("/admin/sign-in")
async def ask(request: Request[Any, Any, Any]) -> Response[str]:
    return site_of(request).pages.page("admin/sign_in.html", sent=False, errors={}, values={})


@post("/admin/sign-in", status_code=200)
async def mail_link(request: Request[Any, Any, Any]) -> Response[str]:
    """Mails a link to whoever comes to the desk; the page is the same for everybody else."""
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
    """Where the mailed link leads: one button, so that a scanner does not use it up. Raises NotFound, Expired."""
    return _button(request, "sign-in", token)


@get("/admin/join/{token:str}")
async def show_invitation(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """As `show`, for who was invited. Raises NotFound, Expired."""
    return _button(request, "invite", token)


def _button(request: Request[Any, Any, Any], purpose: Purpose, token: str) -> Response[str]:
    site = site_of(request)
    site.tokens.read(purpose, token, now(), LIVES[purpose])
    return site.pages.page("admin/enter.html", invited=purpose == "invite")


@post("/admin/enter/{token:str}")
async def enter(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
    """Raises NotFound, Expired."""
    return await _enter(request, "sign-in", token)


@post("/admin/join/{token:str}")
async def join(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
    """Raises NotFound, Expired."""
    return await _enter(request, "invite", token)


async def _enter(request: Request[Any, Any, Any], purpose: Purpose, token: str) -> Response[Any]:
    site = site_of(request)
    (link_id,) = site.tokens.read(purpose, token, now(), LIVES[purpose])
    secret = await site.db.write(site.owners.enter, link_id, request.headers.get("user-agent", ""))
    response = Redirect("/admin", status_code=303)
    response.set_cookie(cookie(site, secret))
    return response


@get("/admin/code")
async def ask_code(request: Request[Any, Any, Any]) -> Response[str]:
    """For who has a second step before them. Raises SignedOut."""
    return _code_page(site_of(request), await begun_session(request))


def _code_page(site: Site, session: Session, error: str = "") -> Response[str]:
    key = form_key(site, session)
    return site.pages.page("admin/code.html", 422 if error else 200, due=session.waits, error=error, key=key)


@post("/admin/code")
async def take_code(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput, TooMany."""
    site, session = site_of(request), await begun_session(request)
    sent = await fields_of(request, session, {"code": second_step.LONGEST})
    try:
        if sent.errors:
            raise BadInput("Please look again.", sent.errors)
        if not session.waits:
            return Redirect("/admin", status_code=303)
        code = sent.values.get("code", "")
        second_step.refuse(await site.db.write(second_step.check, site.tokens, session.owner_id, code))
    except BadInput as error:
        return _code_page(site, session, error.sentence)
    response = Redirect("/admin", status_code=303)
    response.set_cookie(cookie(site, await site.db.write(site.owners.let_in, session, "code")))
    return response


ROUTES = [ask, mail_link, show, enter, show_invitation, join, ask_code, take_code]
