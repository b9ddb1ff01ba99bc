"""One subscriber at the desk: all that happened, the proof of consent, and what their owner may change."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.errors import BadInput, NotFound
from newsletter.ids import read_id
from newsletter.owners import Session
from newsletter.storage import Tx
from newsletter.subscribers import records
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.kit import people
from newsletter.web.kit.rostering import whole
from newsletter.web.kit.site import Site, site_of

LONGEST_NAME = 200
LONGEST_TAG = 100
DONE = {
    "rename": "It is saved.",
    "tag": "They have the tag.",
    "untag": "They have it no more.",
    "unsubscribe": "They are mailed nothing any more, unless they sign up again.",
    "suppress": "This address is on the suppression list: it is mailed nothing, whatever is asked in its name.",
}


@get("/admin/subscribers/{id:str}")
async def show(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    page = await _page(site, session, _id(id), done=DONE.get(request.query_params.get("done", ""), ""))
    await refresh(request, session, page)
    return page


def _id(text: str) -> int:
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
    sure: bool = False,
    done: str = "",
) -> Response[str]:
    person = await site.db.read(records.find, id)
    known, events = await site.db.read(whole, site, id)
    listed = await site.db.read(site.post.suppressed, person.email.lower())
    return site.pages.page(
        "admin/subscriber.html",
        422 if errors else 200,
        person=person,
        fields=known["fields"],
        intact=known["consent_chain_intact"],
        events=events,
        listed=bool(listed),
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
    known = await site.db.read(people.own_data, site, _id(id))
    headers = {
        "Content-Disposition": 'attachment; filename="subscriber.json"',
        "Cache-Control": "private, no-store",
    }
    body = msgspec.json.format(msgspec.json.encode(known), indent=2)
    return Response(body, media_type="application/json", headers=headers)


@post("/admin/subscribers/{id:str}")
async def change(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    site, own = site_of(request), _id(id)
    sent = await own_fields(request, {"action": 20, "name": LONGEST_NAME, "tag": LONGEST_TAG, "sure": 1})
    verb, values = sent.values.get("action", ""), sent.values
    if verb == "erase":
        if values.get("sure") != "1":
            return await _page(site, sent.session, own, sure=True)
        await site.scrub(await site.db.write(people.erase, site, own))
        return _to("/admin/subscribers?done=erased")
    if verb not in DONE:
        raise BadInput("Please use one of the buttons. Nothing was changed.")
    try:
        if sent.errors:
            raise BadInput("Please look again.", sent.errors)
        await site.db.write(_do, site, verb, own, values)
    except BadInput as error:
        errors = error.fields or {"tag" if verb in ("tag", "untag") else "name": error.sentence}
        return await _page(site, sent.session, own, errors=errors)
    return _to(f"/admin/subscribers/{own}?done={verb}")


async def _do(tx: Tx, site: Site, verb: str, id: int, values: dict[str, str]) -> None:
    """Raises BadInput, NotFound."""
    person = await records.find(tx, id)
    match verb:
        case "rename":
            await records.change(tx, id, values.get("name", ""), None)
        case "tag":
            await records.put_tag(tx, id, values.get("tag", ""))
        case "untag":
            await records.take_tag(tx, id, values.get("tag", ""))
        case "unsubscribe":
            await site.subscribers.unsubscribe(tx, id, "desk")
        case _:
            await site.subscribers.unsubscribe(tx, id, "desk")
            await site.post.suppress(tx, person.email.lower(), "owner")


def _to(place: str) -> Redirect:
    return Redirect(place, status_code=303, headers={"Cache-Control": "no-store"})


ROUTES = [show, data, change]
