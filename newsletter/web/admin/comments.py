"""The desk's queue: what waits for the owner, many at a time or one by one. A look changes nothing."""

import re
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter.comments import MOST_AT_ONCE, Status, plain
from newsletter.errors import BadInput
from newsletter.ids import read_id
from newsletter.web.admin.door import Sent, form_key, own_form, refresh, session_of
from newsletter.web.kit.moderating import ACTS, act
from newsletter.web.kit.site import Site, site_of

QUEUES: dict[str, tuple[Status, str]] = {
    "pending": ("pending", "Waiting for you"),
    "unverified": ("unverified", "Address not confirmed"),
    "spam": ("spam", "Spam"),
    "newest": ("approved", "Newest approved"),
}
PER_PAGE = 50
EXCERPT = 1_200
"""Characters of a comment in the queue; its own page shows all of it."""

_TICKED = re.compile(rb"(?:^|&)c(\d{1,19})=")
_ONE = re.compile(r"(\w+)-([0-9]{1,19})")

DONE = {
    "approve": "approved",
    "spam": "marked as spam",
    "delete": "deleted",
    "block": "marked as spam, as is all that comes from its author",
}
"""Each verb with what it did, for the line that tells how many."""

NONE_TICKED = "No comment was ticked. Nothing was changed."
TOO_MANY = f"These are too many at once: {MOST_AT_ONCE} at most."


@get("/admin/comments")
async def queue(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    show = request.query_params.get("show", "pending")
    before, done = (read_id(request.query_params.get(name, "")) or 0 for name in ("before", "done"))
    if show not in QUEUES:
        raise BadInput("Please choose one of the lists from the page.")
    status, title = QUEUES[show]
    rows = await site.db.read(site.moderation.queue, status, before, PER_PAGE + 1)
    page = site.pages.page(
        "admin/comments.html",
        title=title,
        show=show,
        before=before,
        queues={name: words for name, (_, words) in QUEUES.items()},
        waiting=await site.db.read(site.moderation.waiting),
        rows=[(row, plain(row.html, EXCERPT)) for row in rows[:PER_PAGE]],
        next=rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else 0,
        done=notice(request.query_params.get("act", ""), done),
        csrf=form_key(site, session),
    )
    await refresh(request, session, page)
    return page


def notice(verb: str, count: int) -> str:
    """What the last press did; '' where there was none."""
    if verb not in DONE or not count:
        return ""
    did = DONE[verb] if count == 1 else DONE[verb].replace("its author", "their authors")
    return f"1 comment {did}." if count == 1 else f"{count} comments {did}."


@post("/admin/comments")
async def bulk(request: Request[Any, Any, Any]) -> Response[Any]:
    """`action` is a verb for all that is ticked, or ``verb-id`` of a row's own button. Raises BadInput."""
    ticked = list(dict.fromkeys(_TICKED.findall(await request.body())))
    fields = {f"c{id.decode()}": 8 for id in ticked}
    sent = await own_form(request, {"action": 40, "show": 20, "before": 19, "sure": 1, **fields})
    verb, ids = sent.values.get("action", ""), [read_id(id.decode()) or 0 for id in ticked]
    if one := _ONE.fullmatch(verb):
        verb, ids = one[1], [read_id(one[2]) or 0]
    if verb not in ACTS:
        raise BadInput("Please use one of the buttons. Nothing was changed.")
    if not ids:
        raise BadInput(NONE_TICKED)
    if len(ids) > MOST_AT_ONCE:
        raise BadInput(TOO_MANY)
    site = site_of(request)
    if verb == "delete" and sent.values.get("sure") != "1":
        return _sure(site, sent, ids)
    done = 0
    for id in sorted(ids):  # each by itself: one that fails holds up no other
        done += await act(site, verb, id)
    show, before = _place(sent)
    status, _ = QUEUES[show]
    place = f"show={show}" + (f"&before={before}" if before else "")
    below = await site.db.read(site.moderation.queue, status, min(ids), 1)
    row = f"#row-{below[0].id}" if below else ""
    return Redirect(
        f"/admin/comments?{place}&act={verb}&done={done}{row}", status_code=303, headers=_NEVER_KEPT
    )


def _place(sent: Sent) -> tuple[str, int]:
    """The list from which a form was sent, and where its page of it began."""
    show = sent.values.get("show", "")
    return show if show in QUEUES else "pending", read_id(sent.values.get("before", "")) or 0


def _sure(site: Site, sent: Sent, ids: list[int]) -> Response[str]:
    """The one question before comments go for good."""
    show, before = _place(sent)
    csrf = form_key(site, sent.session)
    return site.pages.page("admin/comments_delete.html", ids=ids, show=show, before=before, csrf=csrf)


_NEVER_KEPT = {"Cache-Control": "no-store"}

ROUTES = [queue, bulk]
