"""The signup forms at the desk: what became of those who filled them in, their texts, and how a page gets one."""

import re
from contextlib import suppress
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.errors import BadInput, SettingsError
from newsletter.ids import new_id
from newsletter.magnets import all_magnets
from newsletter.owners import Session
from newsletter.signups import MOST_FIELDS, TYPES, Form
from newsletter.web.admin import forms_mails, forms_page, forms_testing
from newsletter.web.admin.broadcasts_preview import HOLDER
from newsletter.web.admin.door import form_key, refresh, session_of
from newsletter.web.admin.forms_fields import arranged, rows_of
from newsletter.web.admin.forms_filling import LONGEST, blank, filled, sent_by, values_of
from newsletter.web.admin.forms_preview import preview
from newsletter.web.kit import colours
from newsletter.web.kit.forms_embedding import codes
from newsletter.web.kit.policy import read_sites
from newsletter.web.kit.site import Site, site_of

_SLUG = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
_RESERVED = ("new", "preview")


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
    page = await _page(site, session, blank(), values_of(blank()))
    await refresh(request, session, page)
    return page


@get("/admin/forms/{slug:str}")
async def edit(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    form = await site.db.read(site.forms.stored, slug)
    page = await _page(site, session, form, values_of(form), saved="saved" in request.query_params)
    await refresh(request, session, page)
    return page


@post("/admin/forms/new")
async def make(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput."""
    site = site_of(request)
    sent, magnets, _ = await sent_by(request)
    if (values := arranged(sent.values, sent.values.get("do", ""))) is not None:
        return await _page(site, sent.session, blank(), values)
    new = msgspec.structs.replace(blank(), id=new_id(), wording_id=new_id(), slug=sent.values.get("slug", ""))
    if not _SLUG.fullmatch(new.slug) or new.slug in _RESERVED:
        sent.errors.setdefault(
            "slug",
            "Please use small letters a to z, digits and single hyphens, and not just “new” or “preview”.",
        )
    form = filled(site, new, sent, magnets)
    if not sent.errors:
        try:
            await site.db.write(site.forms.make, form)
        except BadInput as error:
            sent.errors.update(error.fields or {"slug": error.sentence})
    if sent.errors:
        return await _page(site, sent.session, blank(), sent.values, errors=sent.errors)
    return _saved(form)


@post("/admin/forms/{slug:str}")
async def save(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    site = site_of(request)
    sent, magnets, _ = await sent_by(request)
    old = await site.db.read(site.forms.stored, slug)
    if (values := arranged(sent.values, sent.values.get("do", ""))) is not None:
        return await _page(site, sent.session, old, values)
    form = filled(site, old, sent, magnets)
    if sent.errors:
        return await _page(site, sent.session, old, sent.values, errors=sent.errors)
    await site.db.write(site.forms.change, form)
    site.forms.forget(form)
    return _saved(form)


def _saved(form: Form) -> Redirect:
    to = f"/admin/forms/{form.slug}?saved=1"
    return Redirect(to, status_code=303, headers={"Cache-Control": "no-store"})


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
        HOLDER,
        form=form,
        values=values,
        errors=errors or {},
        longest=LONGEST,
        rows=rows_of(values),
        known=[field.name for field in form.fields],
        types=TYPES,
        room=MOST_FIELDS,
        contrasts=_contrasts(values),
        magnets=await site.db.read(all_magnets),
        origins=[site.settings.public_origin, *_sites(site, values)],
        usual=site.settings.allowed_origins,
        codes=codes(form, site.settings.public_url) if form.slug else [],
        saved=saved,
        csrf=form_key(site, session),
    )


def _sites(site: Site, values: dict[str, str]) -> tuple[str, ...]:
    """Whose pages may have it, as it is typed."""
    with suppress(SettingsError):
        return read_sites(values.get("allowed_origins", "")) or site.settings.allowed_origins
    return site.settings.allowed_origins


def _contrasts(values: dict[str, str]) -> dict[str, str]:
    """As they are measured, by the field beside which they are told."""
    try:
        found = colours.measured(*(colours.read(values.get(name, "")) for name in ("accent", "background")))
    except BadInput:
        return {}
    return {name: colours.shown(ratio) for name, ratio in found.items()}


ROUTES = [
    show,
    begin,
    preview,
    edit,
    make,
    save,
    *forms_mails.ROUTES,
    *forms_page.ROUTES,
    *forms_testing.ROUTES,
]
