"""Telling those who have an older version of a guide: how many they are is said before anybody is mailed."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.errors import BadInput, NotFound
from newsletter.magnets import Magnet, all_magnets, telling
from newsletter.owners import Session
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.kit.site import Site, site_of
from newsletter.words import day

LONGEST = {"number": 9, "words": telling.LONGEST}


@get("/admin/magnets/{slug:str}/tell")
async def ask(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    page = await _page(site, session, await _found(site, slug), {}, {})
    await refresh(request, session, page)
    return page


@post("/admin/magnets/{slug:str}/tell")
async def tell(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound, Conflict."""
    site = site_of(request)
    sent = await own_fields(request, LONGEST, multiline=("words",))
    magnet = await _found(site, slug)
    number = sent.values.get("number", "")
    if not (number.isascii() and number.isdigit()):
        raise BadInput("Please load the page again: it says which version you would tell of.")
    if sent.errors:
        return await _page(site, sent.session, magnet, sent.values, sent.errors)
    await site.db.write(telling.begin, site.magnets, slug, int(number), sent.values.get("words", ""))
    to = f"/admin/magnets/{slug}/tell"
    return Redirect(to, status_code=303, headers={"Cache-Control": "no-store"})


async def _found(site: Site, slug: str) -> Magnet:
    magnet = next((one for one in await site.db.read(all_magnets) if one.slug == slug), None)
    if magnet is None:
        raise NotFound("There is no such guide.")
    return magnet


async def _page(
    site: Site, session: Session, magnet: Magnet, values: dict[str, str], errors: dict[str, str]
) -> Response[str]:
    standing = await site.db.read(telling.standing, magnet)
    return site.pages.page(
        "admin/magnet_tell.html",
        422 if errors else 200,
        magnet=magnet,
        people=0 if standing or magnet.number == 1 else await site.db.read(telling.audience, magnet),
        standing=standing,
        began=day(standing.began_at, site.settings.time_zone) if standing else "",
        values=values,
        errors=errors,
        longest=LONGEST,
        csrf=form_key(site, session),
    )


ROUTES = [ask, tell]
