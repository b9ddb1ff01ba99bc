"""Many subscribers at once: first whom it is about and what happens, then the button, then how far it is.

What goes on by itself is loaded when somebody comes here: no start needs it.
"""

import logging
import re
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.errors import BadInput, NotFound
from newsletter.ids import read_id
from newsletter.subscribers import bulk
from newsletter.web.admin.door import Sent, form_key, own_fields, own_form, refresh, session_of
from newsletter.web.admin.subscribers import LONGEST_SEGMENT, asked_of, listed
from newsletter.web.kit.policy import ASKS_AGAIN
from newsletter.web.kit.rostering import LONGEST_SEARCH, segment_of
from newsletter.web.kit.site import Site, site_of

log = logging.getLogger(__name__)

NEWEST = 20
_TICKED = re.compile(rb"(?:^|&)s(\d{1,19})=")
GONE = "There is nothing of this number."
FIELDS = {
    "action": 10,
    "tag": 100,
    "who": 10,
    "status": 20,
    "where": LONGEST_SEGMENT,
    "search": LONGEST_SEARCH,
    "before": 19,
}


@get("/admin/subscribers/many")
async def latest(request: Request[Any, Any, Any]) -> Response[str]:
    """Raises SignedOut."""
    site = site_of(request)
    session = await session_of(request)
    page = site.pages.page(
        "admin/subscribers_many_latest.html",
        latest=await site.db.read(bulk.latest, NEWEST),
        csrf=form_key(site, session),
    )
    await refresh(request, session, page)
    return page


@post("/admin/subscribers/many")
async def ask(request: Request[Any, Any, Any]) -> Response[Any]:
    """Writes down whom it is about; nothing is changed yet. Raises SignedOut, BadInput."""
    site = site_of(request)
    ticked = [read_id(id.decode()) or 0 for id in dict.fromkeys(_TICKED.findall(await request.body()))]
    sent = await own_fields(request, FIELDS | {f"s{id}": 1 for id in ticked})
    if sent.errors.keys() - {"tag"}:
        raise BadInput("Please use the form on the page. Nothing was changed.", sent.errors)
    asked, before = asked_of(sent.values), read_id(sent.values.get("before", "")) or 0
    try:
        id = await _ask(site, sent, ticked)
    except BadInput as error:
        errors = error.fields or {"who": error.sentence}
        return await listed(site, sent.session, asked, before, many=sent.values, ticked=ticked, errors=errors)
    return _to(id)


async def _ask(site: Site, sent: Sent, ticked: list[int]) -> int:
    """Its number, with the first who are meant: few are all there at once. Raises BadInput."""
    if sent.errors:
        raise BadInput("Please look again.", sent.errors)
    values, asked = sent.values, asked_of(sent.values)
    verb, tag = values.get("action", ""), values.get("tag", "")
    if values.get("who") != "all" or asked.search:
        return await site.db.write(bulk.ask_for, verb, tag, ticked)
    zone = ZoneInfo(site.settings.time_zone)
    id = await site.db.write(bulk.ask, verb, tag, segment_of(asked), zone)
    await bulk.gather(site.db, await site.db.read(bulk.find, id))
    return id


@get("/admin/subscribers/many/{id:str}")
async def show(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    one = await site.db.read(bulk.find, _id_of(id))
    page = site.pages.page(
        "admin/subscribers_many.html",
        headers=ASKS_AGAIN if one.moves else None,
        one=one,
        csrf=form_key(site, session),
    )
    await refresh(request, session, page)
    return page


@post("/admin/subscribers/many/{id:str}")
async def press(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    site = site_of(request)
    sent = await own_form(request, {"action": 10})
    number, verb = _id_of(id), sent.values.get("action", "")
    await site.db.write(bulk.press, number, verb)
    log.info("Owner %d presses %s on the change of many subscribers %d.", sent.session.owner_id, verb, number)
    return _to(number)


def _id_of(text: str) -> int:
    """Raises NotFound."""
    id = read_id(text)
    if id is None:
        raise NotFound(GONE)
    return id


def _to(id: int) -> Redirect:
    return Redirect(f"/admin/subscribers/many/{id}", status_code=303, headers={"Cache-Control": "no-store"})


ROUTES = [latest, ask, show, press]
