"""The last look before a broadcast goes out: to whom, to how many, and when. Pressed twice it goes once."""

from asyncio import to_thread
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath

from newsletter import clock
from newsletter.broadcasts import Broadcast, draft_of
from newsletter.errors import BadInput, Conflict
from newsletter.owners import Session
from newsletter.web.admin.broadcasts import moment_of, read_number, to
from newsletter.web.admin.broadcasts_fields import look
from newsletter.web.admin.door import form_key, own_form, refresh, session_of
from newsletter.web.kit import broadcasting
from newsletter.web.kit.broadcasting import title_of
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _
from newsletter.words import told

NO_TIME = "Give the day and the time, like 2026-12-01 09:00."
FIELDS = {"action": 10, "version": 9, "at": 30, "offset": 5}


class Answer(msgspec.Struct, frozen=True):
    """What the last press came to, where it did not send."""

    status: int = 200
    trouble: str = ""
    at: str = ""  # the time as it was typed
    error: str = ""  # of that field
    twice: Sequence[datetime] = ()  # the two moments that it may mean


@get("/admin/broadcasts/{id:str}/send")
async def ask(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    one = await site.db.read(site.broadcasts.find, read_number(id))
    if not one.editable:
        return to(one.id)
    page = await _asked(site, session, one, Answer())
    await refresh(request, session, page)
    return page


async def _asked(site: Site, session: Session, one: Broadcast, answer: Answer) -> Response[str]:
    looked, errors = await look(site, draft_of(one))
    same = await site.db.read(site.broadcasts.same, draft_of(one))
    letter, zone = looked.letter, site.settings.time_zone
    return site.pages.page(
        "admin/broadcast_send.html",
        answer.status,
        one=one,
        title=title_of(one),
        moment=moment_of(site, one),
        subject=letter.marks.fill(letter.subject, "subject", {"email": session.email}) if letter else "",
        sender=str(letter.sender) if letter else "",
        people=looked.people,
        errors=[*errors.values(), *looked.wrong()],
        warnings=looked.doubtful(),
        before=told(same.sent_at, zone) if same and same.sent_at else "",
        zone=zone,
        now=told(clock.now(), zone),
        answer=answer,
        twice=[(f"{when:%z}", f"{when:%H:%M %Z}") for when in answer.twice],
        csrf=form_key(site, session),
    )


@post("/admin/broadcasts/{id:str}/send")
async def send(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Any]:
    """Raises SignedOut, BadInput, NotFound."""
    site = site_of(request)
    sent = await own_form(request, FIELDS)
    verb, version = sent.values.get("action", ""), sent.values.get("version", "")
    if verb not in ("now", "later") or not version.isdecimal():
        raise BadInput("Please use one of the buttons. Nothing was changed.")
    one = await site.db.read(site.broadcasts.find, read_number(id))
    try:
        if verb == "now":
            return await _now(site, one, int(version))
        answer = await _later(
            site, one, int(version), sent.values.get("at", ""), sent.values.get("offset", "")
        )
    except BadInput as error:
        answer = Answer(422, error.sentence)
    except Conflict as error:
        one = await site.db.read(site.broadcasts.find, one.id)
        if not one.editable:
            return to(one.id, "already")
        answer = Answer(409, error.sentence)
    return await _asked(site, sent.session, one, answer) if isinstance(answer, Answer) else answer


async def _now(site: Site, one: Broadcast, version: int) -> Response[Any]:
    """Of the version that its owner has seen, or not at all. Raises BadInput, Conflict."""
    await broadcasting.send_off(site, msgspec.structs.replace(one, version=version))
    return to(one.id, "sent")


async def _later(site: Site, one: Broadcast, version: int, at: str, offset: str) -> Response[Any] | Answer:
    """Raises BadInput, Conflict."""
    try:
        typed = datetime.fromisoformat(at).replace(tzinfo=None)
        moments = broadcasting.moments(site.settings, typed)
        if len(at) <= len("2026-12-01"):
            raise ValueError("a day has no time")
    except (ValueError, OverflowError):
        return Answer(422, at=at, error=NO_TIME)
    if not moments:
        after = broadcasting.moment(site.settings, typed)
        return Answer(
            422,
            at=f"{after:%Y-%m-%dT%H:%M}",
            error=_("Clocks skip %(time)s on that day. The same moment is %(after)s: is that what you mean?")
            % {"time": f"{typed:%H:%M}", "after": f"{after:%H:%M %Z}"},
        )
    meant = [when for when in moments if f"{when:%z}" == offset] or moments
    if len(meant) > 1:
        return Answer(at=at, twice=meant)
    ms = int(meant[0].timestamp() * 1000)
    if one.state == "scheduled" and one.send_at == ms:
        return to(one.id)
    if ms <= clock.now():
        return Answer(422, at=at, error=site.broadcasts.OVER)
    await to_thread(broadcasting.frozen, site, draft_of(one))
    await site.db.write(site.broadcasts.schedule, one.id, ms, version)
    return to(one.id)


ROUTES = [ask, send]
