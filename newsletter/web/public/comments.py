"""A comment's way in: a plain form of any page, our own form, a script. One way in for all."""

from asyncio import to_thread
from typing import Any
from urllib.parse import urldefrag

from litestar import Request, Response, get, post, route
from litestar.response import Redirect

from newsletter.addresses import canonical
from newsletter.clock import now
from newsletter.comments import TWICE, Draft, Written
from newsletter.errors import BadInput, NewsletterError, Refused, Repeated, TooMany
from newsletter.ids import new_id
from newsletter.signups import Form, Submission, check
from newsletter.web.kit import commenting, problems
from newsletter.web.kit.body import Body, read_fields
from newsletter.web.kit.origins import client_ip, client_network
from newsletter.web.kit.policy import cors, known_target, page_origin, page_url, preflight
from newsletter.web.kit.site import Site, site_of
from newsletter.web.kit.text import clean
from newsletter.web.public.comment_fields import FIELDS, MULTILINE, check_page, read_draft
from newsletter.web.public.comment_form import form_page, offered

WAITING = (
    "Thank you. Your comment is kept. If we don’t know your address yet, look at your inbox for a mail with one "
    "button; otherwise the author looks at it first."
)
ASKED = ("url", "title", "parent", "redirect_to")
"""What a link to the hosted form says."""


@get("/comments/new")
async def new(request: Request[Any, Any, Any]) -> Response[str]:
    """The form on a page of its own, for who answers without a script."""
    site = site_of(request)
    values = {name: _asked(request, name) for name in ASKED if name in request.query_params}
    page_url(values.get("url", ""), site.settings)
    return await form_page(site, values)


def _asked(request: Request[Any, Any, Any], name: str) -> str:
    """Raises BadInput for what stands there twice, or is no text."""
    given: list[str] = request.query_params.getall(name)
    if len(given) > 1:
        raise BadInput("This address is not complete. Please go back to the article and try again.")
    return clean(given[0], max_length=FIELDS[name])


@post("/comments", status_code=202)
async def submit(request: Request[Any, Any, Any]) -> Response[Any]:
    body = await read_fields(request, FIELDS, multiline=MULTILINE)
    return await take(request, body)


@route(["/comments", "/comments/preview"], http_method="OPTIONS", status_code=204)
async def before_json(request: Request[Any, Any, Any]) -> Response[None]:
    """A browser's question before our script posts JSON from another origin."""
    return Response(None, status_code=204, headers=preflight(request, site_of(request).settings))


async def take(request: Request[Any, Any, Any], body: Body) -> Response[Any]:
    """Keeps the comment of a form with the fields of ours, and answers whoever sent it."""
    site = site_of(request)
    check_page(request, site.settings)
    try:
        network = _network(request, site)
        draft = await to_thread(read_draft, body.values, body.errors, site.settings, network)
        written = await _keep(request, site, body, draft)
    except NewsletterError as error:
        return await _refused(request, site, body, error)
    return _answer(request, site, body, draft.url, written)


def _network(request: Request[Any, Any, Any], site: Site) -> str:
    return client_network(request.scope, site.settings.trusted_proxies)


async def _keep(request: Request[Any, Any, Any], site: Site, body: Body, draft: Draft) -> Written:
    """What fills the honeypot is thanked, not kept."""
    wish = await _wish(request, site, draft) if body.values.get("newsletter") else None
    proof = site.gate.proof(body.values.get("altcha", "")) if body.is_json else None
    try:
        site.gate.admit_comment(request, draft.address.key, body.values.get("token", ""))
    except TooMany:
        if await site.db.read(site.comments.has, draft):
            raise Repeated(TWICE) from None
        raise
    if body.values.get("leave_blank"):
        return Written(new_id(), "pending")
    return await site.db.write_in_crowd(
        canonical(draft.address.key), commenting.keep, site, draft, wish, proof
    )


async def _wish(request: Request[Any, Any, Any], site: Site, draft: Draft) -> tuple[Form, Submission] | None:
    """The newsletter, ticked. Raises BadInput for an address that gets no letters."""
    form = await offered(site)
    if form is None:
        return None
    fields = {"name": draft.name}
    address, _ = check(form, {"email": draft.address.email, **fields}, {})
    ip = client_ip(request.scope, site.settings.trusted_proxies) if site.settings.store_ip else ""
    return form, Submission(address, fields, page_origin(request), ip)


async def _refused(
    request: Request[Any, Any, Any], site: Site, body: Body, error: NewsletterError
) -> Response[Any]:
    """A program gets the problem as it is; people get their form back, with all that they typed."""
    if body.is_json:
        return problems.answer(request, error)
    status, _, headers = problems.outcome(error)
    errors = (error.fields if isinstance(error, BadInput) else {}) or {"": error.sentence}
    values = dict(body.values)
    if isinstance(error, Refused) or "parent" in errors:
        values.pop("parent", None)  # so that it can be sent as a comment of its own
    page = await form_page(site, values, errors=errors, status=status)
    page.headers.update(headers)
    return page


def _answer(
    request: Request[Any, Any, Any], site: Site, body: Body, url: str, written: Written
) -> Response[Any]:
    """What waits gets one answer, whatever it waits for: it would tell whether an address is known."""
    edit = site.tokens.make("comment-edit", written.id, now=now())
    approved = written.status == "approved"
    private = {"Cache-Control": "no-store"}
    if body.is_json:
        told = {"status": "approved", "id": str(written.id)} if approved else _WAITS
        headers = {**private, **cors(request.headers.get("origin", ""), site.settings)}
        return Response({**told, "edit": edit}, status_code=201 if approved else 202, headers=headers)
    there = f"/comments/sent/{edit}"
    if approved:
        back = known_target(body.values.get("redirect_to", ""), site.settings) or url
        there = f"{urldefrag(back).url}#comment-{written.id}"
    return Redirect(there, status_code=303, headers=private)


_WAITS = {"status": "waiting", "message": WAITING}

# Litestar answers OPTIONS by itself where no handler came first.
ROUTES = [before_json, new, submit]
