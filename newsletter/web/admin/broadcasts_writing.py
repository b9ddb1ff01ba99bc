"""The page on which a broadcast is written. Nothing that was typed is lost, whatever is wrong with it."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from newsletter.broadcasts import Broadcast, Draft, draft_of
from newsletter.errors import BadInput, Conflict
from newsletter.owners import Session
from newsletter.storage import Tx
from newsletter.web.admin.broadcasts import moment_of, read_number, to
from newsletter.web.admin.broadcasts_fields import (
    FIELDS,
    Looked,
    Typed,
    draft_typed,
    look,
    read_typed,
    values_of,
)
from newsletter.web.admin.broadcasts_preview import HOLDER, LONGEST_VERSION, LOOKS
from newsletter.web.admin.door import form_key, refresh, session_of
from newsletter.web.kit import broadcasting
from newsletter.web.kit.broadcasting import title_of
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _

VERBS = ("save", "look", "test", "next", "keep")
"""What the buttons say, and `keep`: a draft as it is being typed, by the page's script."""

SENT = "It was sent off meanwhile, and what was sent can’t be changed. What you typed was not kept."
CONFLICT = 409


@get("/admin/broadcasts/new")
async def begin(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    looked, _ = await look(site, draft_typed({}))
    page = written(site, Typed(session, {}, {}), Looked(looked.letter, [], looked.people))
    await refresh(request, session, page)
    return page


async def show(site: Site, session: Session, one: Broadcast, done: str) -> Response[str]:
    """One that can still be changed."""
    looked, errors = await look(site, draft_of(one))
    typed = Typed(session, values_of(one), errors)
    return written(site, typed, looked, one=one, version=one.version, done=done, kept=True)


def written(
    site: Site,
    typed: Typed,
    looked: Looked,
    *,
    one: Broadcast | None = None,
    version: int = 0,
    done: str = "",
    kept: bool = False,
    trouble: str = "",
    status: int = 200,
) -> Response[str]:
    """The page with what was typed. `one` is what is kept, `version` what of it the owner has seen.

    `kept`: that is what was typed. `trouble` is what went wrong with the whole.
    """
    return site.pages.page(
        "admin/broadcast_write.html",
        status,
        HOLDER,
        one=one,
        version=version,
        title=title_of(one) if one else _("A new broadcast"),
        moment=moment_of(site, one) if one else "",
        values={name: typed.values.get(name, "") for name in (*FIELDS, *LOOKS)},
        errors=typed.errors,
        longest=FIELDS,
        looked=looked,
        done=done,
        kept=kept,
        trouble=trouble,
        conflict=status == CONFLICT,
        owner=typed.session.email,
        sender=site.settings.from_email,
        csrf=form_key(site, typed.session),
    )


@post("/admin/broadcasts/new")
async def make(request: Request[Any, Any, Any]) -> Response[Any]:
    """Raises SignedOut, BadInput."""
    return await _take(request, None)


@post("/admin/broadcasts/{id:str}")
async def change(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound, Conflict."""
    return await _take(request, id)


async def _take(request: Request[Any, Any, Any], id: str | None) -> Response[Any]:
    site = site_of(request)
    typed = await read_typed(request, {**LOOKS, "action": 10, "version": LONGEST_VERSION})
    verb, version = typed.values.pop("action", ""), typed.values.pop("version", "")
    one = None if id is None else await site.db.read(site.broadcasts.find, read_number(id))
    if one and not one.editable:
        raise Conflict(SENT)
    looked, errors = await look(site, draft_typed(typed.values))
    typed.errors = errors | typed.errors
    if not typed.errors and (verb not in VERBS or (one and not version.isdecimal())):
        raise BadInput("Please use one of the buttons. Nothing was changed.")
    seen = int(version) if version.isdecimal() else 0
    if verb == "keep" and one and one.state != "draft":
        verb = "look"  # what goes out at a time changes by the button alone, never half typed
    if typed.errors or verb == "look":
        status = 422 if typed.errors else 200
        return written(site, typed, looked, one=one, version=seen, status=status)
    try:
        kept = await site.db.write(_keep, site, one.id if one else None, seen, draft_typed(typed.values))
    except Conflict as error:
        one = await site.db.read(site.broadcasts.find, one.id if one else 0)
        if not one.editable:
            raise Conflict(SENT) from None
        return written(
            site, typed, looked, one=one, version=one.version, trouble=error.sentence, status=CONFLICT
        )
    return await _go_on(site, typed, looked, kept, verb)


async def _keep(tx: Tx, site: Site, id: int | None, version: int, draft: Draft) -> Broadcast:
    if id is None:
        return await site.broadcasts.new(tx, draft)
    return await site.broadcasts.change(tx, id, version, draft)


async def _go_on(site: Site, typed: Typed, looked: Looked, kept: Broadcast, verb: str) -> Response[Any]:
    """What comes after saving."""
    if verb == "keep":
        return written(site, typed, looked, one=kept, version=kept.version)
    if verb != "test":
        return to(kept.id, place="/send") if verb == "next" else to(kept.id, "saved")
    try:
        await broadcasting.send_sample(site, draft_of(kept), typed.session.email)
    except BadInput as error:
        trouble = _("It is saved, but no copy was sent.")
        if not looked.wrong():  # else all of it is named beside the text
            trouble += f" {_(error.sentence)}"
        return written(site, typed, looked, one=kept, version=kept.version, trouble=trouble, status=422)
    return to(kept.id, "tested")


ROUTES = [begin, make, change]
