"""Readers asked whether they still want letters: a draft in our words, who said yes, and an end for who did not."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter.broadcasts import Broadcast, Draft
from newsletter.clock import DAY, now
from newsletter.errors import BadInput, NotFound
from newsletter.owners import Session
from newsletter.storage import Tx
from newsletter.subscribers import segments, staying
from newsletter.web.admin.door import form_key, own_fields, refresh, session_of
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _
from newsletter.words import marked

PATIENCE = 14 * DAY
"""So long readers have to answer."""

AT_ONCE = 2_000
"""Readers who are unsubscribed with one press."""

_SLICE = 100
CHANGED = "They are not as many as were asked about any more. Please look again."
EARLY = "Readers have two weeks to answer. Please wait for those."
SUBJECT = "Shall I keep writing to you?"
BODY = marked("""Hello {{ first_name | "there" }},

you have been getting my letters for a while, and I only want to write to people who like to read them.

If you would like to stay, press “Change your preferences” at the end of this mail, tick **%(topic)s**, and save.

If you do nothing, I stop writing to you in two weeks. You can come back whenever you like.
""")


class Standing(msgspec.Struct, frozen=True):
    """How the open question stands."""

    broadcast: Broadcast | None  # None: its draft was deleted
    stay: int = 0
    silent: int = 0
    until: int = 0  # ms: so long they may answer; 0: it was not sent yet


@get("/admin/ask-again")
async def show(request: Request[Any, Any, Any]) -> Response[str]:
    """Raises SignedOut."""
    session = await session_of(request)
    page = await _page(site_of(request), session, done=request.query_params.get("done", "")[:7])
    await refresh(request, session, page)
    return page


async def _page(
    site: Site, session: Session, *, done: str = "", audience: str = "", error: str = "", asks: bool = False
) -> Response[str]:
    standing = await site.db.read(_look, site)
    return site.pages.page(
        "admin/ask_again.html",
        422 if error else 200,
        headers={"Cache-Control": "no-store"},
        standing=standing,
        over=bool(standing and standing.until and standing.until <= now()),
        done=int(done) if done.isdigit() else None,
        asks=asks,
        audience=audience,
        error=error,
        at_once=AT_ONCE,
        csrf=form_key(site, session),
    )


async def _look(tx: Tx, site: Site) -> Standing | None:
    id = await staying.asked(tx)
    if not id:
        return None
    try:
        broadcast = await site.broadcasts.find(tx, id)
    except NotFound:
        return Standing(None)
    if broadcast.sent_at is None:
        return Standing(broadcast)
    stay = await segments.count(tx, staying.staying(id))
    silent = await segments.count(tx, staying.silent(id))
    return Standing(broadcast, stay, silent, broadcast.sent_at + PATIENCE)


@post("/admin/ask-again", status_code=200)
async def act(request: Request[Any, Any, Any]) -> Response[Any]:
    """Writes the draft, ends the question, or unsubscribes who did not answer. Raises SignedOut, BadInput, Conflict."""
    site = site_of(request)
    sent = await own_fields(request, {"action": 7, "audience": 1_000, "sure": 9})
    if sent.errors:
        raise BadInput(" ".join(sent.errors.values()), sent.errors)
    action, sure = sent.values.get("action", ""), sent.values.get("sure", "")
    if action == "write":
        audience = sent.values.get("audience", "").strip()
        try:
            segments.parse(audience)
        except BadInput as wrong:
            return await _page(site, sent.session, audience=audience, error=wrong.sentence)
        return _to(f"/admin/broadcasts/{await site.db.write(_write, site, audience)}")
    if action == "end":
        await site.db.write(staying.end)
        return _to("/admin/ask-again")
    if action != "leave":
        raise BadInput("Please press one of the buttons.")
    if not sure:
        return await _page(site, sent.session, asks=True)
    return _to(f"/admin/ask-again?done={await _let_go(site, sure)}")


async def _write(tx: Tx, site: Site, audience: str) -> int:
    body = _(BODY) % {"topic": _(staying.TITLE)}
    made = await site.broadcasts.new(tx, Draft(subject=_(SUBJECT), body=body, audience=audience))
    await staying.begin(tx, made.id)
    return made.id


async def _let_go(site: Site, sure: str) -> int:
    """How many were unsubscribed, `AT_ONCE` at most. Raises BadInput."""
    standing = await site.db.read(_look, site)
    if standing is None or standing.broadcast is None or not standing.until or standing.until > now():
        raise BadInput(EARLY)
    if sure != str(standing.silent):
        raise BadInput(CHANGED)
    segment, zone = staying.silent(standing.broadcast.id), ZoneInfo("UTC")
    total = 0
    while total < AT_ONCE:
        ids = await site.db.read(segments.ids_after, segment, 0, _SLICE, zone=zone)
        if not ids:
            break
        await site.db.write(_unsubscribe, site, ids)
        total += len(ids)
    return total


async def _unsubscribe(tx: Tx, site: Site, ids: list[int]) -> None:
    for id in ids:
        await site.subscribers.unsubscribe(tx, id, "asked again, and did not answer")


def _to(path: str) -> Response[Any]:
    return Redirect(path, status_code=303, headers={"Cache-Control": "no-store"})


ROUTES = [show, act]
