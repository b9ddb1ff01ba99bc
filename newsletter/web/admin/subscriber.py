"""One subscriber at the desk: all that happened, the proof of consent, and what their owner may change."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.errors import BadInput, NotFound
from newsletter.ids import read_id
from newsletter.owners import Session
from newsletter.subscribers import records
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.kit import people
from newsletter.web.kit.changing import WARNED, do
from newsletter.web.kit.rostering import when, whole
from newsletter.web.kit.site import Site, site_of

FIELDS = {"action": 20, "name": 200, "tag": 100, "field": 100, "value": 1_000, "guide": 20, "sure": 1}
"""What the page's forms send, and how long it may be."""

BESIDE = {
    "rename": "name",
    "tag": "tag",
    "untag": "tag",
    "keep": "field",
    "mail": "mail",
    "unsuppress": "mail",
}
"""Where a sentence stands that isn't about one field."""

DONE = {
    "rename": "It is saved.",
    "keep": "It is saved.",
    "tag": "They have the tag.",
    "untag": "They have it no more.",
    "mail": "It is on its way to them.",
    "unsubscribe": "They are mailed nothing any more, unless they sign up again.",
    "suppress": "This address is on the suppression list: it is mailed nothing, whatever is asked in its name.",
    "unsuppress": "This address is off the suppression list. Nobody is subscribed by that: they may sign up again.",
}
WHY = {
    "not_me": "they said that a sign-up here wasn’t theirs",
    "erased": "they asked to be erased",
    "bounced": "mail to it came back",
    "complained": "they called mail from here spam",
    "owner": "you put it there",
}


@get("/admin/subscribers/{id:str}")
async def show(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    page = await _page(site, session, id_of(id), done=DONE.get(request.query_params.get("done", ""), ""))
    await refresh(request, session, page)
    return page


def id_of(text: str) -> int:
    """Raises NotFound."""
    id = read_id(text)
    if id is None:
        raise NotFound(records.GONE)
    return id


async def _page(
    site: Site,
    session: Session,
    id: int,
    *,
    errors: dict[str, str] | None = None,
    sure: str = "",
    done: str = "",
) -> Response[str]:
    person = await site.db.read(records.find, id)
    known, events = await site.db.read(whole, site, id)
    return site.pages.page(
        "admin/subscriber.html",
        422 if errors else 200,
        person=person,
        fields=known["fields"],
        intact=known["consent_chain_intact"],
        events=[(event, when(event, site.settings.time_zone)) for event in events],
        listed=await site.db.read(site.suppressions.why, person.email.lower()),
        guides=await site.db.read(records.guides, id),
        why=WHY,
        warned=WARNED,
        errors=errors or {},
        sure=sure,
        done=done,
        csrf=form_key(site, session),
    )


@get("/admin/subscribers/{id:str}/data.json")
async def data(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[bytes]:
    """All of it as a file: the proof of consent, and what they may ask for. Raises SignedOut, NotFound."""
    site = site_of(request)
    await session_of(request)
    known = await site.db.read(people.own_data, site, id_of(id))
    headers = {
        "Content-Disposition": 'attachment; filename="subscriber.json"',
        "Cache-Control": "private, no-store",
    }
    body = msgspec.json.format(msgspec.json.encode(known), indent=2)
    return Response(body, media_type="application/json", headers=headers)


@post("/admin/subscribers/{id:str}")
async def change(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    site, own = site_of(request), id_of(id)
    sent = await own_fields(request, FIELDS)
    verb, values = sent.values.get("action", ""), sent.values
    if verb == "erase":
        if values.get("sure") != "1":
            return await _page(site, sent.session, own, sure=verb)
        await site.scrub(await site.db.write(people.erase, site, own))
        return _to("/admin/subscribers?done=erased")
    if verb not in DONE:
        raise BadInput("Please use one of the buttons. Nothing was changed.")
    try:
        if sent.errors:
            raise BadInput("Please look again.", sent.errors)
        done = await site.db.write(do, site, verb, own, values)
    except BadInput as error:
        errors = error.fields or {BESIDE.get(verb, "name"): error.sentence}
        return await _page(site, sent.session, own, errors=errors)
    if not done:
        return await _page(site, sent.session, own, sure=verb)
    return _to(f"/admin/subscribers/{own}?done={verb}")


def _to(place: str) -> Redirect:
    return Redirect(place, status_code=303, headers={"Cache-Control": "no-store"})


ROUTES = [show, data, change]
