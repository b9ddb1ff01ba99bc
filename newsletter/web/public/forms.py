"""The signup form: hosted, in an iframe, as a plain cross-site form, for programs. One way in for all."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post, route
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.addresses import canonical, suggestion
from newsletter.errors import BadInput, NewsletterError, NotFound
from newsletter.signups import CLOSED, Field, Form, Submission, check, testing
from newsletter.web.kit import colours, problems
from newsletter.web.kit.body import Body, arrived, read_fields
from newsletter.web.kit.counting import count, is_for_a_page
from newsletter.web.kit.failures import wants_json
from newsletter.web.kit.origins import client_ip
from newsletter.web.kit.policy import (
    Sites,
    cors,
    embeddable,
    foreign_page,
    heed,
    hosted,
    known_target,
    page_origin,
    preflight,
    sites_of,
)
from newsletter.web.kit.site import Site, site_of

HIDDEN = {"token": 200, "leave_blank": 200, "altcha": 2_000, "page_url": 2_000, "variant": 25}
"""What our own forms send along beside their fields, with the longest of each."""

SENT = (
    "Please look at your inbox: we have sent you a mail with a link to follow. "
    "Not there after a few minutes? Look in your spam folder."
)
FOREIGN = (
    "This form isn’t open to the page that sent it. Its author can allow it at the desk, under Settings."
)
NOT_AMONG_ITS_OWN = (
    "This form isn’t open to the page that sent it. Its author can allow it where the form is edited."
)


@get("/")
async def home(request: Request[Any, Any, Any]) -> Response[Any]:
    """Who comes to the service's own address meets the form that every installation starts with."""
    return await _show(request, "guide", embedded=False)


async def _found(request: Request[Any, Any, Any], slug: str) -> tuple[Site, Form]:
    """From here on the pages that this form is for are answered, whatever goes wrong. Raises NotFound."""
    site = site_of(request)
    form = await site.forms.find(slug)
    heed(request.scope, sites_of(form, site.settings))
    return site, form


@get("/forms/{slug:str}")
async def show(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    site, form = await _found(request, slug)
    if wants_json(request.scope):
        answered = _cors(request, site, form)
        if is_for_a_page(request, answered):
            count(request, site, form.id, "seen")
        return Response(_definition(site, form), headers={"Cache-Control": "no-store", **answered})
    return await _show(request, slug, embedded=False)


@get("/forms/{slug:str}/embed")
async def show_embedded(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    return await _show(request, slug, embedded=True)


async def _show(request: Request[Any, Any, Any], slug: str, *, embedded: bool) -> Response[str]:
    site, form = await _found(request, slug)
    count(request, site, form.id, "seen")
    return _page(site, form, embedded=embedded)


@get("/forms/{slug:str}/sent")
async def sent(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    return await _sent(request, slug, embedded=False)


@get("/forms/{slug:str}/embed/sent")
async def sent_embedded(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    return await _sent(request, slug, embedded=True)


async def _sent(request: Request[Any, Any, Any], slug: str, *, embedded: bool) -> Response[str]:
    site, form = await _found(request, slug)
    hint = suggestion("x@" + request.query_params.get("typed", ""))
    css = colours.style(form.accent, form.background)
    policy = _policy(site, form, css, embedded=embedded)
    back = known_target(request.query_params.get("back", ""), sites_of(form, site.settings))
    return site.pages.page(
        "public/sent.html", headers=policy, form=form, hint=hint, embedded=embedded, back=back, css=css
    )


async def _arrived(request: Request[Any, Any, Any]) -> None:
    """Whose pages are answered is known before anything can be wrong with what they sent."""
    with suppress(NotFound):
        await _found(request, request.path_params["slug"])
    await arrived(request)


@post("/forms/{slug:str}", status_code=202, before_request=_arrived)
async def submit(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    return await _submit(request, slug, embedded=False)


@post("/forms/{slug:str}/embed", status_code=202, before_request=_arrived)
async def submit_embedded(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    return await _submit(request, slug, embedded=True)


@route("/forms/{slug:str}", http_method="OPTIONS", status_code=204)
async def before_json(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[None]:
    """A browser's question before our script posts JSON from another origin."""
    site = site_of(request)
    sites: Sites = site.settings
    with suppress(NotFound):  # that there is none is said to what it sends then
        sites = sites_of(await site.forms.find(slug), site.settings)
    return Response(None, status_code=204, headers=preflight(request, sites))


async def _submit(request: Request[Any, Any, Any], slug: str, *, embedded: bool) -> Response[Any]:
    """The same answer, and the same work, whoever the address belongs to."""
    site, form = await _found(request, slug)
    if foreign_page(request, sites_of(form, site.settings)):
        why = NOT_AMONG_ITS_OWN if form.allowed_origins else FOREIGN
        return problems.refuse(request, 403, "Not from here", why)
    body = await read_fields(request, {field.name: field.max_length for field in form.fields} | HIDDEN)
    for name in ("page_url", "variant"):  # nobody typed them, and neither keeps anybody from signing up
        body.errors.pop(name, None)
    try:
        typed = await _keep(request, site, form, body)
    except NewsletterError as error:
        return _refused(request, site, form, body, error, embedded=embedded)
    if body.is_json:
        told = {"message": SENT, "hint": suggestion(typed)}
        return Response(
            told, status_code=202, headers={"Cache-Control": "no-store", **_cors(request, site, form)}
        )
    return Redirect(
        _thanks(site, form, typed, body.values.get("page_url", ""), embedded=embedded),
        status_code=303,
        headers={"Cache-Control": "no-store"},
    )


async def _keep(request: Request[Any, Any, Any], site: Site, form: Form, body: Body) -> str:
    """Stores the sign-up, and returns the address's domain as typed. What fills the honeypot is thanked, not kept."""
    address, answers = check(form, body.values, body.errors)
    proof = site.gate.proof(body.values.get("altcha", "")) if body.is_json else None
    site.gate.admit(request, form.id, body.values.get("token", ""))
    if not body.values.get("leave_blank"):
        ip = client_ip(request.scope, site.settings.trusted_proxies) if site.settings.store_ip else ""
        variant = testing.known(form, body.values.get("variant", ""))
        submission = Submission(address, answers, page_origin(request), ip, variant, proof)
        await site.db.write_in_crowd(canonical(address.key), site.signups.sign_up, form, submission)
        count(request, site, form.id, "submitted")
    await site.veil.wait()
    return address.email


def _refused(
    request: Request[Any, Any, Any],
    site: Site,
    form: Form,
    body: Body,
    error: NewsletterError,
    *,
    embedded: bool,
) -> Response[Any]:
    """A program gets the problem as it is; people get their form back, with all that they typed."""
    if body.is_json:
        return problems.answer(request, error)
    status, _, headers = problems.outcome(error)
    errors = (error.fields if isinstance(error, BadInput) else {}) or {"": error.sentence}
    page = _page(site, form, embedded=embedded, values=body.values, errors=errors, status=status)
    page.headers.update(headers)
    return page


def _cors(request: Request[Any, Any, Any], site: Site, form: Form) -> dict[str, str]:
    return cors(request.headers.get("origin", ""), sites_of(form, site.settings))


def _thanks(site: Site, form: Form, typed: str, page: str, *, embedded: bool) -> str:
    """Where the reader goes next; from there back to the `page` that the form stood in, if that is the owner's."""
    sites = sites_of(form, site.settings)
    if not embedded and (own := known_target(form.thanks_url, sites)):
        return own
    path = f"/forms/{form.slug}/embed/sent" if embedded else f"/forms/{form.slug}/sent"
    told = {"typed": typed.rpartition("@")[2]} if suggestion(typed) else {}
    if not embedded and (back := known_target(page, sites)):
        told["back"] = back
    return f"{path}?{urlencode(told)}" if told else path


def _page(
    site: Site,
    form: Form,
    *,
    embedded: bool,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response[str]:
    values = values or {}
    css = colours.style(form.accent, form.background)
    form, variant = testing.varied(form, values.get("variant", ""))
    return site.pages.page(
        "public/embed.html" if embedded else "public/form.html",
        status,
        _policy(site, form, css, embedded=embedded),
        form=form,
        closed=CLOSED if form.closed else "",
        css=css,
        values=values,
        errors=errors or {},
        hint=suggestion(values.get("email", "")),
        token=site.gate.token(form.id),
        variant=variant,
        action=f"/forms/{form.slug}/embed" if embedded else f"/forms/{form.slug}",
    )


def _policy(site: Site, form: Form, css: str, *, embedded: bool) -> dict[str, str]:
    own, sites = colours.allowed(css), sites_of(form, site.settings)
    return embeddable(sites, style=own) if embedded else hosted(known_target(form.thanks_url, sites), own)


def _definition(site: Site, form: Form) -> dict[str, Any]:
    """What our script draws the form from."""
    form, variant = testing.varied(form)
    token = site.gate.token(form.id)
    return {
        "slug": form.slug,
        "title": form.title,
        "intro": form.intro,
        "button": form.button,
        "wording": form.wording,
        "closed": CLOSED if form.closed else "",
        "colours": colours.embedded(form.accent),
        "fields": [_field(field) for field in form.fields],
        "magnets": [{"title": m.title, "description": m.description, "size": m.size} for m in form.magnets],
        "action": f"{site.settings.public_url}/forms/{form.slug}",
        "token": token,
        "variant": variant,
        "hidden": [_hidden("token", token), *([_hidden("variant", variant)] if variant else [])],
    }


def _hidden(name: str, value: str) -> dict[str, str]:
    """As our script puts it there."""
    return {"name": name, "type": "hidden", "value": value}


def _field(field: Field) -> dict[str, Any]:
    """`caption`, `html` and `options`, with the empty one that nobody has chosen yet, are as our script shows them."""
    name = field.name
    html: dict[str, Any] = {
        "id": name,
        "name": name,
        "required": field.required,
        "aria-describedby": f"{name}-help",
    }
    if not field.choices:
        html |= {"maxlength": field.max_length, "autocomplete": field.autocomplete}
        html["type"] = field.type if field.type in ("email", "date") else "text"
    if field.type == "number":
        html["inputmode"] = "decimal"
    return {
        "name": name,
        "label": field.label,
        "type": field.type,
        "required": field.required,
        "help": field.help,
        "max_length": field.max_length,
        "autocomplete": field.autocomplete,
        "options": ("", *field.choices) if field.choices else (),
        "caption": f"{field.label} (required)" if field.required else field.label,
        "html": html,
    }


# Litestar answers OPTIONS by itself where no handler came first.
ROUTES = [home, before_json, show, show_embedded, sent, sent_embedded, submit, submit_embedded]
