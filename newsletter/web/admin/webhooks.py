"""Webhooks at the desk: made, tried, changed, switched off; what became of each delivery; the secret, shown once."""

from contextlib import suppress
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter import webhooks
from newsletter.errors import BadInput, NotFound
from newsletter.ids import read_id
from newsletter.owners import Session
from newsletter.storage import Tx
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.kit.site import Site, site_of
from newsletter.webhooks import EVENTS, Webhook

SAID = {
    "subscriber.confirmed": "Somebody confirmed",
    "subscriber.unsubscribed": "Somebody left",
    "subscriber.bounced": "Somebody’s mailbox is gone",
    "subscriber.complained": "Somebody called a mail spam",
    "subscriber.erased": "Somebody was erased",
    "comment.published": "A comment is public",
    "broadcast.finished": "A broadcast has gone to everybody",
}
DONE = {
    "save": "It is saved.",
    "on": "It is on: it is told of what happens from now on.",
    "off": "It is off. Nothing is sent to it.",
    "test": "A test is on its way. Load this page again in a moment.",
    "resend": "It is on its way again. Load this page again in a moment.",
}
ON_A_PAGE = 50
_FIELDS: dict[str, int] = {"url": 500} | dict.fromkeys(EVENTS, 1)
_ACTS = {"action": 40, "sure": 1, **_FIELDS}
_UNKNOWN = "Please use one of the buttons. Nothing was changed."


@get("/admin/webhooks")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    page = await _list(site, session, deleted="deleted" in request.query_params)
    await refresh(request, session, page)
    return page


async def _list(
    site: Site,
    session: Session,
    *,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    deleted: bool = False,
) -> Response[str]:
    return site.pages.page(
        "admin/webhooks.html",
        422 if errors else 200,
        hooks=await site.db.read(webhooks.everyone),
        events=SAID,
        values=values or {},
        errors=errors or {},
        deleted=deleted,
        csrf=form_key(site, session),
    )


@post("/admin/webhooks", status_code=200)
async def make(request: Request[Any, Any, Any]) -> Response[str]:
    """The page of the new one, with its secret. Raises SignedOut, BadInput."""
    site = site_of(request)
    sent = await own_fields(request, _FIELDS)
    try:
        if sent.errors:
            raise BadInput("Please look again.", sent.errors)
        made = await site.db.write(_add, site, sent.values)
    except BadInput as error:
        return await _list(site, sent.session, values=sent.values, errors=error.fields)
    return await _one(site, sent.session, made.id, secret=True)


async def _add(tx: Tx, site: Site, values: dict[str, str]) -> Webhook:
    local = webhooks.is_local(site.settings)
    return await webhooks.add(tx, values.get("url", ""), _chosen(values), local=local)


def _chosen(values: dict[str, str]) -> list[str]:
    return [event for event in EVENTS if values.get(event)]


@get("/admin/webhooks/{id:str}")
async def show_one(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    query = request.query_params
    before = read_id(query.get("before", "")) or 0
    page = await _one(site, session, _id_of(id), before=before, done=DONE.get(query.get("done", ""), ""))
    await refresh(request, session, page)
    return page


def _id_of(text: str) -> int:
    id = read_id(text)
    if id is None:
        raise NotFound(webhooks.GONE)
    return id


async def _one(
    site: Site,
    session: Session,
    id: int,
    *,
    before: int = 0,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    done: str = "",
    sure: bool = False,
    secret: bool = False,
) -> Response[str]:
    hook = await site.db.read(webhooks.find, id)
    log = await site.db.read(webhooks.log, id, ON_A_PAGE + 1, before)
    return site.pages.page(
        "admin/webhook.html",
        422 if errors else 200,
        hook=hook,
        log=log[:ON_A_PAGE],
        before=before,
        following=log[ON_A_PAGE - 1].id if len(log) > ON_A_PAGE else 0,
        events=SAID,
        values={"url": hook.url, **dict.fromkeys(hook.chosen, "1")} if values is None else values,
        errors=errors or {},
        done=done,
        sure=sure,
        secret=webhooks.secret_of(site.tokens, hook.id, hook.secret) if secret else "",
        csrf=form_key(site, session),
    )


@post("/admin/webhooks/{id:str}", status_code=200)
async def change(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    site, own = site_of(request), _id_of(id)
    sent = await own_fields(request, _ACTS)
    values = sent.values
    verb, _, of = values.get("action", "").partition("-")
    try:
        if sent.errors:
            raise BadInput("Please look again.", sent.errors)
        if verb == "delete":
            return await _delete(site, sent.session, own, sure=values.get("sure") == "1")
        if verb == "rotate":
            await site.db.write(webhooks.rotate, own)
            return await _one(site, sent.session, own, secret=True)
        await site.db.write(_do, site, own, verb, of, values)
    except BadInput as error:
        if not error.fields:
            raise
        return await _one(site, sent.session, own, values=values, errors=error.fields)
    return _to(f"/admin/webhooks/{own}?done={verb}")


async def _delete(site: Site, session: Session, id: int, *, sure: bool) -> Response[Any]:
    """Asks first; pressed twice it is deleted once."""
    if not sure:
        return await _one(site, session, id, sure=True)
    with suppress(NotFound):
        await site.db.write(webhooks.forget, id)
    return _to("/admin/webhooks?deleted=1")


async def _do(tx: Tx, site: Site, id: int, verb: str, of: str, values: dict[str, str]) -> None:
    """Raises BadInput, NotFound."""
    if verb == "test":
        await webhooks.try_out(tx, id)
    elif verb == "resend":
        await webhooks.resend(tx, id, _id_of(of))
    elif verb in ("save", "on", "off"):
        before, local = await webhooks.find(tx, id, held=True), webhooks.is_local(site.settings)
        url, chosen = before.url, before.chosen
        if verb == "save":
            url, chosen = values.get("url", ""), _chosen(values)
        state = "on" if verb == "on" else "off" if verb == "off" else before.state
        await webhooks.change(tx, id, url, chosen, state, local=local)
    else:
        raise BadInput(_UNKNOWN)


def _to(place: str) -> Redirect:
    return Redirect(place, status_code=303, headers={"Cache-Control": "no-store"})


ROUTES = [show, make, show_one, change]
