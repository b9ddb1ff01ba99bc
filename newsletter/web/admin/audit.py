"""Who did what, and when, for owners: by whom, about what, the newest first."""

from typing import Any

import msgspec
from litestar import Request, Response, get

from newsletter.errors import BadInput
from newsletter.ids import read_id
from newsletter.owners import Person, audit, people
from newsletter.storage import Tx
from newsletter.web.admin.audit_names import Named, kind_of, names
from newsletter.web.admin.audit_words import AREAS, said
from newsletter.web.admin.door import form_key, refresh, session_of
from newsletter.web.kit.site import Site, site_of
from newsletter.words import marked

WAYS = {"api": marked("Programs"), "terminal": "The terminal"}


class Line(msgspec.Struct):
    """An entry as it is shown; `way` is how they came who did it."""

    at: int
    way: str
    who: str
    words: str
    verb: str
    object: str
    called: str  # as it is called now, or by its number or slug if it is no more
    href: str
    detail: str


@get("/admin/audit")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    """Raises SignedOut, BadInput."""
    site, session = site_of(request), await session_of(request)
    query = request.query_params
    who, area = query.get("who", ""), query.get("about", "")
    asked = audit.Asked(*_who(who), area, _before(query.get("before", "")))
    everyone, entries, onward, known = await site.db.read(_look, site, asked)
    page = site.pages.page(
        "admin/audit.html",
        lines=[_line(one, everyone, known) for one in entries],
        people=everyone,
        ways=WAYS,
        areas=AREAS,
        who=who,
        about=area,
        onward=onward,
        csrf=form_key(site, session),
    )
    await refresh(request, session, page)
    return page


def _who(text: str) -> tuple[str, int | None]:
    """How they came, and who of them it is. Raises BadInput."""
    if text in ("", *WAYS):
        return text, None
    return "desk", _id(text)


def _before(text: str) -> int | None:
    return _id(text) if text else None


def _id(text: str) -> int:
    """Raises BadInput."""
    id = read_id(text)
    if id is None:
        raise BadInput("Please choose from the lists on the page.")
    return id


async def _look(
    tx: Tx, site: Site, asked: audit.Asked
) -> tuple[list[Person], list[audit.Entry], int | None, dict[tuple[str, str], Named]]:
    """In one snapshot, with what those things are called now that the entries are about. Raises BadInput."""
    everyone = await people.everyone(tx)
    entries, onward = await audit.page(tx, asked)
    return everyone, entries, onward, await names(tx, site, entries, everyone)


def _line(one: audit.Entry, everyone: list[Person], known: dict[tuple[str, str], Named]) -> Line:
    emails = {str(person.id): person.email for person in everyone}
    about = known.get((kind_of(one), one.object), Named(one.object))
    return Line(
        one.at,
        one.way,
        emails.get(str(one.actor_id), one.actor_name),
        said(one.way, one.verb),
        one.verb,
        one.object,
        about.called,
        about.href,
        one.detail,
    )


ROUTES = [show]
