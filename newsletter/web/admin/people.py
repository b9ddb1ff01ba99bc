"""Who comes to the desk: invited, given another role, removed after a question. For owners."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from newsletter.addresses import parse
from newsletter.errors import BadInput, Conflict, NotFound
from newsletter.ids import read_id
from newsletter.owners import Person, Session, people, second_step
from newsletter.storage import Tx
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.kit.site import Site, site_of

SAID = {
    "moderator": "Comments: reads, approves, answers and deletes them. Nothing else.",
    "editor": "Also writes and sends broadcasts, makes forms, and looks after subscribers, imports and exports.",
    "owner": "Everything, also the rules for comments, people, and tokens for programs.",
}
DONE = {
    "invited": "The invitation is on its way. Its link works once, for a week.",
    "role": "It is saved, and holds from their next step on.",
    "again": "The invitation is on its way again. The older link works no more.",
    "remove": "They can come in no more. Where they were signed in they are not.",
    "end": "They are signed in nowhere any more. The next link or passkey lets them in again.",
    "forget": "Their second step is off. They come in by a link alone, and can set it up anew.",
}
NAMED = "The settings name this address as the owner’s (NEWSLETTER_OWNER_EMAIL). Change it there first."


@get("/admin/people")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    """Raises SignedOut."""
    session = await session_of(request)
    page = await _page(site_of(request), session, done=request.query_params.get("done", ""))
    await refresh(request, session, page)
    return page


async def _page(
    site: Site,
    session: Session,
    *,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    done: str = "",
) -> Response[str]:
    return site.pages.page(
        "admin/people.html",
        422 if errors else 200,
        people=await site.db.read(people.everyone),
        own=session.owner_id,
        roles=SAID,
        values=values or {},
        errors=errors or {},
        done=DONE.get(done, ""),
        csrf=form_key(site, session),
    )


@post("/admin/people")
async def invite(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput."""
    site = site_of(request)
    sent = await own_fields(request, {"email": 254, "role": 20})
    try:
        if sent.errors:
            raise BadInput("Please look again.", sent.errors)
        await site.db.write(_invite, site, sent.values)
    except (BadInput, Conflict) as error:
        fields = error.fields if isinstance(error, BadInput) else {}
        errors = fields or {"email": error.sentence}
        return await _page(site, sent.session, values=sent.values, errors=errors)
    return _to("/admin/people?done=invited")


async def _invite(tx: Tx, site: Site, values: dict[str, str]) -> Person:
    """Raises BadInput, Conflict."""
    return await people.invite(tx, site.post, parse(values.get("email", "")), values.get("role", ""))


def _to(place: str) -> Redirect:
    return Redirect(place, status_code=303, headers={"Cache-Control": "no-store"})


@get("/admin/people/{id:str}")
async def one(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[str]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    page = _one(site, session, await site.db.read(people.find, _id(id)))
    await refresh(request, session, page)
    return page


def _id(text: str) -> int:
    id = read_id(text)
    if id is None:
        raise NotFound(people.GONE)
    return id


def _one(
    site: Site, session: Session, person: Person, *, error: str = "", sure: bool = False
) -> Response[str]:
    return site.pages.page(
        "admin/person.html",
        422 if error else 200,
        person=person,
        own=session.owner_id,
        roles=SAID,
        error=error,
        sure=sure,
        csrf=form_key(site, session),
    )


@post("/admin/people/{id:str}")
async def change(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    site, own = site_of(request), _id(id)
    sent = await own_fields(request, {"action": 10, "role": 20, "sure": 1})
    verb, values = sent.values.get("action", ""), sent.values
    if verb not in DONE or verb == "invited" or sent.errors:
        raise BadInput("Please use one of the buttons. Nothing was changed.", sent.errors)
    person = await site.db.read(people.find, own)
    if verb == "remove" and values.get("sure") != "1":
        return _one(site, sent.session, person, sure=True)
    try:
        await site.db.write(_do, site, verb, person, values)
    except (BadInput, Conflict) as error:
        return _one(site, sent.session, person, error=error.sentence)
    return _to(f"/admin/people?done={verb}")


async def _do(tx: Tx, site: Site, verb: str, person: Person, values: dict[str, str]) -> None:
    """Raises BadInput, Conflict, NotFound."""
    if verb == "forget":
        await second_step.forget(tx, person.id)
        return
    if verb == "end":
        await site.owners.leave_everywhere(tx, person.id)
        return
    role = values.get("role", "")
    named = site.settings.owner_email
    if verb != "again" and named and role != "owner" and parse(named).key == person.email_key:
        raise Conflict(NAMED)
    if verb == "again":
        await people.invite(tx, site.post, parse(person.email), role or person.role)
    elif verb == "role":
        await people.change_role(tx, person.id, role)
    else:
        await people.remove(tx, person.id)


ROUTES = [show, invite, one, change]
