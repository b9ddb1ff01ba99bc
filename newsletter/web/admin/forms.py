"""The signup forms at the desk: what became of those who filled them in, their texts, and how a page gets one."""

import re
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.errors import BadInput
from newsletter.ids import new_id
from newsletter.magnets import Magnet, all_magnets
from newsletter.owners import Session
from newsletter.signups import Field, Form
from newsletter.subscribers import tag_name
from newsletter.web.admin.door import Sent, form_key, own_fields, refresh, session_of
from newsletter.web.admin.forms_embedding import codes
from newsletter.web.kit.policy import known_target
from newsletter.web.kit.site import Site, site_of

LONGEST = {
    "slug": 60,
    "title": 120,
    "intro": 600,
    "button": 60,
    "wording": 1000,
    "tags": 300,
    "thanks_url": 500,
}
NEEDED = {
    "title": "Please give the form a title.",
    "button": "Please write what stands on the button.",
    "wording": "Please write what readers agree to.",
}
MOST_TAGS = 10

_SLUG = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
_NAME = Field("name", "First name", help="So that we can greet you. Optional.", autocomplete="given-name")
_NEW = Form(
    id=0,
    slug="",
    title="",
    intro="",
    button="Sign up",
    thanks_url="",
    wording_id=0,
    wording="Yes, send me the newsletter. I can leave at any time with one click in every mail.",
    fields=(Field("email", "Email", required=True, type="email"), _NAME),
    tags=(),
    magnets=(),
)


@get("/admin/forms")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    tallies = await site.db.read(site.forms.tallies)
    page = site.pages.page("admin/forms.html", tallies=tallies, csrf=form_key(site, session))
    await refresh(request, session, page)
    return page


@get("/admin/forms/new")
async def begin(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    page = await _page(site, session, _NEW, _values(_NEW))
    await refresh(request, session, page)
    return page


@get("/admin/forms/{slug:str}")
async def edit(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    form = await site.db.read(site.forms.stored, slug)
    page = await _page(site, session, form, _values(form), saved="saved" in request.query_params)
    await refresh(request, session, page)
    return page


@post("/admin/forms/new")
async def make(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput."""
    site = site_of(request)
    sent, magnets = await _sent(request)
    new = msgspec.structs.replace(_NEW, id=new_id(), wording_id=new_id(), slug=sent.values.get("slug", ""))
    if not _SLUG.fullmatch(new.slug) or new.slug == "new":
        sent.errors.setdefault(
            "slug", "Please use small letters a to z, digits and single hyphens, and not just “new”."
        )
    form = _filled(site, new, sent, magnets)
    if not sent.errors:
        try:
            await site.db.write(site.forms.make, form)
        except BadInput as error:
            sent.errors.update(error.fields or {"slug": error.sentence})
    if sent.errors:
        return await _page(site, sent.session, _NEW, sent.values, errors=sent.errors)
    return _saved(form)


@post("/admin/forms/{slug:str}")
async def save(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    site = site_of(request)
    sent, magnets = await _sent(request)
    old = await site.db.read(site.forms.stored, slug)
    form = _filled(site, old, sent, magnets)
    if sent.errors:
        return await _page(site, sent.session, old, sent.values, errors=sent.errors)
    await site.db.write(site.forms.change, form)
    site.forms.forget(form)
    return _saved(form)


def _saved(form: Form) -> Redirect:
    to = f"/admin/forms/{form.slug}?saved=1"
    return Redirect(to, status_code=303, headers={"Cache-Control": "no-store"})


async def _sent(request: Request[Any, Any, Any]) -> tuple[Sent, list[Magnet]]:
    await session_of(request)  # before anything is read for who is nobody
    magnets = await site_of(request).db.read(all_magnets)
    allowed = LONGEST | {f"magnet-{magnet.slug}": 1 for magnet in magnets}
    return await own_fields(request, allowed, multiline=("intro", "wording")), magnets


def _filled(site: Site, form: Form, sent: Sent, magnets: list[Magnet]) -> Form:
    """`form` as it was filled in; what is wrong joins `sent.errors`."""
    values = sent.values
    for name, sentence in NEEDED.items():
        if not values.get(name):
            sent.errors.setdefault(name, sentence)
    thanks = values.get("thanks_url", "")
    if thanks and not known_target(thanks, site.settings):
        sent.errors.setdefault(
            "thanks_url", "Please give the full address of a page on one of the sites listed here, or none."
        )
    return msgspec.structs.replace(
        form,
        title=values.get("title", ""),
        intro=values.get("intro", ""),
        button=values.get("button", ""),
        wording=values.get("wording", ""),
        thanks_url=thanks,
        tags=_tags(sent),
        magnets=tuple(magnet for magnet in magnets if values.get(f"magnet-{magnet.slug}")),
    )


def _tags(sent: Sent) -> tuple[str, ...]:
    named = [tag for tag in sent.values.get("tags", "").split(",") if tag.strip()]
    if len(named) > MOST_TAGS:
        sent.errors.setdefault("tags", f"Please give at most {MOST_TAGS} tags.")
    try:
        return tuple(dict.fromkeys(tag_name(tag) for tag in named))
    except BadInput as error:
        sent.errors.setdefault("tags", error.sentence)
        return ()


def _values(form: Form) -> dict[str, str]:
    values = {name: str(getattr(form, name)) for name in LONGEST if name != "tags"}
    return values | {"tags": ", ".join(form.tags)} | {f"magnet-{one.slug}": "1" for one in form.magnets}


async def _page(
    site: Site,
    session: Session,
    form: Form,
    values: dict[str, str],
    *,
    errors: dict[str, str] | None = None,
    saved: bool = False,
) -> Response[str]:
    """`form` as it is stored, or one without a slug that is to be made."""
    return site.pages.page(
        "admin/form.html",
        422 if errors else 200,
        form=form,
        values=values,
        errors=errors or {},
        longest=LONGEST,
        magnets=await site.db.read(all_magnets),
        origins=[site.settings.public_origin, *site.settings.allowed_origins],
        codes=codes(form, site.settings.public_url) if form.slug else [],
        saved=saved,
        csrf=form_key(site, session),
    )


ROUTES = [show, begin, edit, make, save]
