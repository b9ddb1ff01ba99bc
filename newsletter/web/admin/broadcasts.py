"""The desk's list of broadcasts: what is being written, what is on its way, what was sent."""

from typing import Any

from litestar import Request, Response, get
from litestar.response import Redirect

from newsletter.broadcasts import Broadcast
from newsletter.errors import NotFound
from newsletter.ids import read_id
from newsletter.mail import Tally
from newsletter.storage import Tx
from newsletter.web.admin.door import form_key, refresh, session_of
from newsletter.web.kit.broadcasting import title_of
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _
from newsletter.words import marked, told

PER_PAGE = 20

STATES = {
    "draft": marked("Draft"),
    "scheduled": "Goes out",
    "sending": "On its way",
    "paused": marked("Paused"),
    "cancelled": marked("Cancelled"),
    "sent": marked("Sent"),
}
"""Each state as its owner reads it."""

DONE = {
    "deleted": "The draft is deleted.",
    "copied": "This is a copy, and a draft. Nothing of it is sent until you say so.",
    "saved": marked("Saved."),
    "tested": "Saved. One copy goes to your own address.",
    "sent": "You have sent it off.",
    "already": "It was sent off already, and goes out once.",
    "unscheduled": "It is a draft again, and goes out at no time.",
    "pause": "It is paused. Nobody else gets it until you go on.",
    "resume": "It goes on.",
    "cancel": "It is cancelled. Who has not got it never does.",
    "retry": "What failed goes out once more.",
    "nothing": "There is nothing of it to send once more.",
    "doubt": "What was in doubt goes out once more.",
}
"""What the last press did, by its name in the address of the page that follows."""


def read_number(text: str) -> int:
    """Raises NotFound for what is no broadcast's number."""
    id = read_id(text)
    if id is None:
        raise NotFound("There is no such broadcast.")
    return id


def to(id: int, done: str = "", place: str = "") -> Redirect:
    """The page of a broadcast, after a POST."""
    said = f"?done={done}" if done else ""
    return Redirect(
        f"/admin/broadcasts/{id}{place}{said}", status_code=303, headers={"Cache-Control": "no-store"}
    )


def to_list(done: str) -> Redirect:
    return Redirect(f"/admin/broadcasts?done={done}", status_code=303, headers={"Cache-Control": "no-store"})


def notice(request: Request[Any, Any, Any]) -> str:
    return DONE.get(request.query_params.get("done", ""), "")


def moment_of(site: Site, one: Broadcast) -> str:
    """What follows the word for its state: since when, or at what time."""
    zone = site.settings.time_zone
    if one.state == "scheduled" and one.send_at:
        return _("on %(moment)s") % {"moment": told(one.send_at, zone)}
    if one.sent_at is None:
        return _("begun on %(moment)s") % {"moment": told(one.created_at, zone)}
    words = {"sent": _("on %(moment)s"), "sending": _("since %(moment)s")}
    return words.get(one.state, _("sent off on %(moment)s")) % {"moment": told(one.sent_at, zone)}


@get("/admin/broadcasts")
async def index(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    before = read_id(request.query_params.get("before", "")) or 0
    rows = await site.db.read(_rows, site, before)
    page = site.pages.page(
        "admin/broadcasts.html",
        rows=[(one, title_of(one), tally, moment_of(site, one)) for one, tally in rows[:PER_PAGE]],
        states=STATES,
        before=before,
        next=rows[PER_PAGE - 1][0].id if len(rows) > PER_PAGE else 0,
        done=notice(request),
        csrf=form_key(site, session),
    )
    await refresh(request, session, page)
    return page


async def _rows(tx: Tx, site: Site, before: int) -> list[tuple[Broadcast, Tally | None]]:
    """One more than a page, each with how far it has come."""
    rows: list[tuple[Broadcast, Tally | None]] = []
    for one in await site.broadcasts.newest(tx, PER_PAGE + 1, before):
        _, counts, _ = await site.broadcasts.standing(tx, one.id)
        rows.append((one, Tally(**counts) if counts else None))
    return rows


ROUTES = [index]
