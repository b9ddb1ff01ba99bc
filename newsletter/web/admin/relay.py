"""The mail server at the desk: what is named, another one tried and taken, and back to the machine's own."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter.errors import BadInput
from newsletter.owners import Session
from newsletter.web.admin.door import form_key, own_fields, own_form, refresh, session_of
from newsletter.web.kit import relaying
from newsletter.web.kit.owner_settings import forget
from newsletter.web.kit.relaying import NotTakenError, Wanted
from newsletter.web.kit.site import Site, site_of

FIELDS = {"host": 253, "port": 5, "tls": 10, "username": 200, "password": 500, "anyway": 3}
LABELS = {
    "host": "The server’s name",
    "port": "Its port",
    "tls": "How it is spoken to",
    "username": "Your name there (empty: it asks for none)",
    "password": "Your password there",
}


@get("/admin/settings/relay")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    page = await _page(site, session, saved="saved" in request.query_params)
    await refresh(request, session, page)
    return page


async def _page(
    site: Site,
    session: Session,
    *,
    typed: Wanted | None = None,
    errors: dict[str, str] | None = None,
    trouble: str = "",
    words: str = "",
    anyway: bool = False,
    saved: bool = False,
) -> Response[str]:
    now = relaying.standing(site.settings)
    named = await site.db.read(relaying.named, site.settings)
    shown = typed or now
    return site.pages.page(
        "admin/relay.html",
        422 if errors or trouble else 200,
        headers={"Cache-Control": "no-store"},
        now=now,
        source=named.source,
        lost=named.lost,
        values={name: getattr(shown, name) for name in LABELS if name != "password"},
        labels=LABELS,
        longest=FIELDS,
        ways=relaying.WAYS,
        errors=errors or {},
        trouble=trouble,
        words=words,
        anyway=anyway,
        saved=saved,
        to=session.email,
        csrf=form_key(site, session),
    )


@post("/admin/settings/relay")
async def save(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput."""
    site = site_of(request)
    sent = await own_fields(request, FIELDS)
    wanted = Wanted(**{name: sent.values.get(name, "").strip() for name in LABELS if name != "password"})
    wanted.password = sent.values.get("password", "")
    anyway = sent.values.get("anyway") == "yes"
    try:
        if sent.errors:
            raise BadInput("Please look again.", sent.errors)
        await relaying.take(site, wanted, sent.session.email, anyway=anyway)
    except BadInput as error:
        return await _page(
            site,
            sent.session,
            typed=wanted,
            errors=error.fields,
            trouble=error.sentence,
            words=error.words if isinstance(error, NotTakenError) else "",
            anyway=anyway,
        )
    return Redirect("/admin/settings/relay?saved=1", status_code=303, headers={"Cache-Control": "no-store"})


@post("/admin/settings/relay/forget")
async def take_back(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput."""
    site = site_of(request)
    await own_form(request)
    await forget(site, relaying.NAME)
    return Redirect("/admin/settings/relay", status_code=303, headers={"Cache-Control": "no-store"})


ROUTES = [show, save, take_back]
