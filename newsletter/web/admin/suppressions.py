"""The suppression list at the desk: who is mailed nothing and why, put on it, taken off it, in and out as a file."""

import io
from asyncio import to_thread
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter.addresses import Address, parse
from newsletter.errors import BadInput
from newsletter.ids import read_id
from newsletter.mail.suppression import is_key
from newsletter.owners import Session
from newsletter.subscribers import suppression_file
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.admin.imports_upload import receive
from newsletter.web.kit.body import WrongType
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _
from newsletter.words import number

SHOWN = 50
LONGEST_LIST = 15_000
MOST_REFUSED = 20
WHY = {
    "not_me": "Said that a sign-up wasn’t theirs",
    "erased": "Asked to be erased",
    "bounced": "Mail came back",
    "complained": "Called mail from here spam",
    "owner": "Put there by you",
}
DONE = {
    "add": "It is on the list.",
    "lift": "It is off the list. Nobody is subscribed by that: they may sign up again.",
    "none": "It was not on the list.",
}


@get("/admin/suppressions")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    """Raises SignedOut."""
    site = site_of(request)
    session = await session_of(request)
    query = request.query_params
    at, _, key = query.get("before", "").partition("-")
    before = (read_id(at) or 0, key) if is_key(key) else (0, "")
    page = await _page(
        site, session, before, email=query.get("email", "")[:300], done=DONE.get(query.get("done", ""), "")
    )
    await refresh(request, session, page)
    return page


async def _page(
    site: Site,
    session: Session,
    before: tuple[int, str] = (0, ""),
    *,
    email: str = "",
    done: str = "",
    errors: dict[str, str] | None = None,
    refused: list[tuple[int, str]] | None = None,
    lines: str = "",
) -> Response[str]:
    errors = dict(errors or {})
    asked: Address | None = None
    if email.strip() and not errors:
        try:
            asked = parse(email)
        except BadInput as wrong:
            errors["email"] = wrong.sentence
    rows = await site.db.read(site.suppressions.newest, before, SHOWN + 1)
    last = rows[SHOWN - 1][0] if len(rows) > SHOWN else None
    return site.pages.page(
        "admin/suppressions.html",
        422 if errors else 200,
        headers={"Cache-Control": "no-store"},
        rows=rows[:SHOWN],
        next=f"{last.created_at}-{last.key}" if last else "",
        before=before[0],
        counts=await site.db.read(site.suppressions.counts),
        asked=asked,
        found=await site.db.read(site.suppressions.why, asked.key) if asked else [],
        email=email,
        done=done,
        errors=errors,
        refused=refused or [],
        lines=lines,
        longest=LONGEST_LIST,
        most=site.settings.import_mb,
        words=WHY,
        csrf=form_key(site, session),
    )


@post("/admin/suppressions")
async def add(request: Request[Any, Any, Any]) -> Response[Any]:
    """Whoever is active there is unsubscribed. Raises SignedOut, BadInput."""
    site, sent, address = await _sent(request)
    if isinstance(address, dict):
        return await _page(site, sent.session, email=sent.values.get("email", ""), errors=address)
    await site.db.write(site.suppressions.add, address)
    return _back("add")


@post("/admin/suppressions/lift")
async def lift(request: Request[Any, Any, Any]) -> Response[Any]:
    """Nobody is subscribed by it. Raises SignedOut, BadInput."""
    site, sent, address = await _sent(request)
    if isinstance(address, dict):
        return await _page(site, sent.session, email=sent.values.get("email", ""), errors=address)
    return _back("lift" if await site.db.write(site.suppressions.remove, address) else "none")


async def _sent(request: Request[Any, Any, Any]) -> tuple[Site, Any, Address | dict[str, str]]:
    """The address of a form, or what is wrong by field."""
    sent = await own_fields(request, {"email": 300})
    if sent.errors:
        return site_of(request), sent, sent.errors
    try:
        return site_of(request), sent, parse(sent.values.get("email", ""))
    except BadInput as wrong:
        return site_of(request), sent, {"email": wrong.sentence}


def _back(done: str) -> Response[Any]:
    return Redirect(
        f"/admin/suppressions?done={done}", status_code=303, headers={"Cache-Control": "no-store"}
    )


@post("/admin/suppressions/import", status_code=200)
async def take_in(request: Request[Any, Any, Any]) -> Response[Any]:
    """The lines that can be read are taken, the others come back with why. Raises SignedOut, BadInput."""
    site = site_of(request)
    sent = await own_fields(request, {"lines": LONGEST_LIST}, multiline=("lines",))
    lines = sent.values.get("lines", "")
    if sent.errors:
        return await _page(site, sent.session, errors=sent.errors, lines=lines)
    entries, refused = suppression_file.read(io.StringIO(lines, newline=""), "owner")
    return await _taken(site, sent.session, entries, refused)


@post("/admin/suppressions/file", status_code=200)
async def take_in_file(request: Request[Any, Any, Any]) -> Response[Any]:
    """As `take_in`, of a file. Raises SignedOut, BadInput."""
    site = site_of(request)
    session = await session_of(request)
    try:
        sent = await receive(request, session)
        try:
            entries, refused = await to_thread(suppression_file.read_file, sent.path, "owner")
        finally:
            sent.path.unlink()
    except BadInput as wrong:
        if isinstance(wrong, WrongType):
            raise
        return await _page(site, session, errors={"file": wrong.sentence})
    return await _taken(site, session, entries, refused)


async def _taken(
    site: Site, session: Session, entries: list[suppression_file.Entry], refused: list[tuple[int, str]]
) -> Response[Any]:
    await site.suppressions.take_in(site.db, entries)
    taken, out = number(len(entries)), number(len(refused))
    said = _("%(taken)s taken in.") % {"taken": taken}
    if refused:
        said = _("%(taken)s taken in, %(out)s could not be read:") % {"taken": taken, "out": out}
    return await _page(site, session, done=said, refused=refused[:MOST_REFUSED])


@get("/admin/suppressions/export")
async def export(request: Request[Any, Any, Any]) -> Response[bytes]:
    """As `newsletter suppressions export`. Raises SignedOut."""
    await session_of(request)
    site = site_of(request)
    file = io.StringIO(newline="")
    suppression_file.write(file, await site.suppressions.listed(site.db))
    headers = {
        "Content-Disposition": 'attachment; filename="suppressions.csv"',
        "Cache-Control": "private, no-store",
    }
    return Response(file.getvalue().encode(), media_type="text/csv", headers=headers)


ROUTES = [show, add, lift, take_in, take_in_file, export]
