"""Tokens for programs at the desk: made and shown once, looked over, revoked after a question."""

from contextlib import suppress
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.errors import BadInput, NotFound
from newsletter.owners import LONGEST_NAME, MOST_DAYS, SCOPES, Session
from newsletter.web.admin.door import form_key, own_fields, own_form, refresh, session_of
from newsletter.web.kit.site import Site, site_of

SAID = {
    "subscribers:read": "Read subscribers, tags and segments, and export them",
    "subscribers:write": "Add, change, unsubscribe and erase subscribers",
    "broadcasts:read": "Read broadcasts and their numbers",
    "broadcasts:write": "Write drafts",
    "broadcasts:send": "Send, pause and cancel broadcasts",
    "sequences:read": "Read sequences",
    "sequences:write": "Make, write and change sequences, turn them on and off",
    "comments:read": "Read comments, with their authors’ addresses",
    "comments:moderate": "Approve and delete comments",
    "forms:read": "Read forms and guides",
    "forms:write": "Make and change forms",
    "webhooks:read": "Read webhooks, and what became of their deliveries",
    "webhooks:write": "Make and change webhooks, which are told of subscribers with their addresses",
    "settings:read": "Read the settings",
    "settings:write": "Change the settings: who mails are from, how fast they go, the limits",
    "audit:read": "Read who did what, with the addresses of those who come here",
}
_FIELDS: dict[str, int] = {"name": LONGEST_NAME, "days": 5} | dict.fromkeys(SCOPES, 1)


@get("/admin/tokens")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    page = await _page(site, session, revoked="revoked" in request.query_params)
    await refresh(request, session, page)
    return page


async def _page(
    site: Site,
    session: Session,
    *,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    token: str = "",
    revoked: bool = False,
) -> Response[str]:
    return site.pages.page(
        "admin/tokens.html",
        422 if errors else 200,
        headers={"Cache-Control": "no-store"},
        tokens=await site.db.read(site.api_tokens.all),
        scopes=SAID,
        values=values or {},
        errors=errors or {},
        longest=LONGEST_NAME,
        most=MOST_DAYS,
        csrf=form_key(site, session),
        token=token,
        revoked=revoked,
    )


@post("/admin/tokens", status_code=200)
async def make(request: Request[Any, Any, Any]) -> Response[str]:
    """The page that shows the new token, once. Raises SignedOut, BadInput."""
    site = site_of(request)
    sent = await own_fields(request, _FIELDS)
    values = sent.values
    scopes = [scope for scope in SCOPES if values.get(scope)]
    try:
        if sent.errors:
            raise BadInput("Please look again.", sent.errors)
        token = await site.db.write(site.api_tokens.new, values.get("name", ""), scopes, _days(values))
    except BadInput as error:
        return await _page(site, sent.session, values=values, errors=error.fields)
    return await _page(site, sent.session, token=token)


def _days(values: dict[str, str]) -> int | None:
    """None for one that never ends; 0, which is refused, for what is no number."""
    text = values.get("days", "")
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() else 0


@get("/admin/tokens/{slug:str}")
async def ask(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Whether it is really to be revoked. Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    token = await site.db.read(site.api_tokens.named, slug)
    page = site.pages.page("admin/token_revoke.html", token=token, csrf=form_key(site, session))
    await refresh(request, session, page)
    return page


@post("/admin/tokens/{slug:str}")
async def revoke(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """Pressed twice it is revoked once. Raises SignedOut, BadInput."""
    await own_form(request)
    site = site_of(request)
    with suppress(NotFound):
        await site.db.write(site.api_tokens.revoke, slug)
    return Redirect("/admin/tokens?revoked=1", status_code=303, headers={"Cache-Control": "no-store"})


ROUTES = [show, make, ask, revoke]
