"""What an owner sees of the guides, and what becomes of a file that they send."""

import re
from asyncio import to_thread
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.response import Redirect

from newsletter.errors import BadInput
from newsletter.magnets import Magnet, Version, all_magnets, all_versions
from newsletter.owners import Session
from newsletter.storage import StoredFile, Tx
from newsletter.web.admin.door import form_key, refresh, session_of
from newsletter.web.admin.imports_upload import NO_FILE, Sent, receive
from newsletter.web.kit import guides
from newsletter.web.kit.site import Site, site_of
from newsletter.web.kit.text import clean
from newsletter.words import day
from newsletter.words import gettext as _

LONGEST = {"magnet": 60, "slug": 60, "title": 120, "description": 600, "notes": 200, "attach": 1}

_SLUG = re.compile("[a-z0-9]+(-[a-z0-9]+)*")


async def show(request: Request[Any, Any, Any]) -> Response[Any]:
    site = site_of(request)
    session = await session_of(request)
    page = await _page(site, session, {}, saved=request.query_params.get("saved", ""))
    await refresh(request, session, page)
    return page


async def take(request: Request[Any, Any, Any]) -> Response[Any]:
    """A new version of the magnet that is named, or a new magnet where none is."""
    site = site_of(request)
    session = await session_of(request)
    try:
        sent = await receive(request, session, longest=4 * max(LONGEST.values()))
    except BadInput as error:
        if error.sentence != NO_FILE:
            raise
        return await _page(site, session, {}, errors={"file": NO_FILE})
    try:
        values, errors = await _judged(site, sent)
        if not errors:
            try:
                slug = await _keep(site, sent, values)
            except BadInput as error:
                errors = error.fields or {"file": error.sentence}
    finally:
        sent.path.unlink(missing_ok=True)
    if errors:
        return await _page(site, session, values, errors=errors)
    to = f"/admin/magnets?saved={slug}"
    return Redirect(to, status_code=303, headers={"Cache-Control": "no-store"})


async def _judged(site: Site, sent: Sent) -> tuple[dict[str, str], dict[str, str]]:
    """What was filled in, and what is wrong with it or with the file."""
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    for name, text in sent.fields.items():
        if name not in LONGEST:
            raise BadInput(_("This form has no field %(name)s.") % {"name": repr(name[:60])})
        try:
            values[name] = clean(text, max_length=LONGEST[name], multiline=name == "description")
        except BadInput as error:
            values[name], errors[name] = "", error.sentence
    if values.get("magnet"):
        if not any(one.slug == values["magnet"] for one in await site.db.read(all_magnets)):
            raise BadInput("There is no such guide. Please load the page again.")
    else:
        if not values.get("title"):
            errors.setdefault("title", "Please give the guide a title.")
        if not _SLUG.fullmatch(values.get("slug", "")):
            errors.setdefault("slug", "Please use small letters a to z, digits and single hyphens.")
    if not await to_thread(guides.is_pdf, sent.path):
        errors["file"] = guides.NO_PDF
    return values, errors


async def _keep(site: Site, sent: Sent, values: dict[str, str]) -> str:
    """The slug of the magnet whose newest version it is. Raises BadInput, and leaves nothing then."""

    async def offer(tx: Tx, file: StoredFile) -> None:
        if slug := values.get("magnet"):
            await site.magnets.renew(tx, slug, file, values.get("notes", ""))
            return
        about = values["slug"], values["title"], values.get("description", "")
        await site.magnets.make(tx, *about, file, attach=bool(values.get("attach")))

    await guides.keep(site, sent.path, sent.name, offer)
    return values.get("magnet") or values["slug"]


class _Listed(msgspec.Struct):
    magnet: Magnet
    versions: list[tuple[Version, str]]  # with their days


async def _page(
    site: Site,
    session: Session,
    values: dict[str, str],
    *,
    errors: dict[str, str] | None = None,
    saved: str = "",
) -> Response[Any]:
    zone = site.settings.time_zone
    versions = [(one, day(one.created_at, zone)) for one in await site.db.read(all_versions)]
    return site.pages.page(
        "admin/magnets.html",
        422 if errors else 200,
        listed=[
            _Listed(magnet, [pair for pair in versions if pair[0].magnet_id == magnet.id])
            for magnet in await site.db.read(all_magnets)
        ],
        values=values,
        errors=errors or {},
        longest=LONGEST,
        saved=saved,
        most=site.settings.import_mb,
        csrf=form_key(site, session),
    )
