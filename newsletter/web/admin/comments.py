"""The desk's queue: what waits for the owner, many at a time or one by one. A look changes nothing."""

import re
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from newsletter.comments import MOST_AT_ONCE, Status, excerpt, unlinked
from newsletter.errors import BadInput, Conflict
from newsletter.ids import read_id
from newsletter.owners import Session
from newsletter.web.admin.door import Sent, form_key, own_form, refresh, session_of
from newsletter.web.kit.moderating import ACTS, LONGEST_SEEN, act, seen
from newsletter.web.kit.site import Site, site_of
from newsletter.words import gettext as _
from newsletter.words import marked, ngettext

QUEUES: dict[str, tuple[Status, str]] = {
    "pending": ("pending", "Waiting for you"),
    "unverified": ("unverified", "Address not confirmed"),
    "spam": ("spam", marked("Spam")),
    "newest": ("approved", "Newest approved"),
}
PER_PAGE = 50
EXCERPT = 1_200
"""Characters of a comment in the queue where it is too long for that; its own page shows all of it."""

_TICKED = re.compile(rb"(?:^|&)c(\d{1,19})=")
_ONE = re.compile(r"(\w+)-([0-9]{1,19})(?:-([0-9]{1,15}))?")

NONE_TICKED = "No comment was ticked. Nothing was changed."


@get("/admin/comments")
async def queue(request: Request[Any, Any, Any]) -> Response[str]:
    site = site_of(request)
    session = await session_of(request)
    show = request.query_params.get("show", "pending")
    before, count, changed = (
        read_id(request.query_params.get(name, "")) or 0 for name in ("before", "done", "changed")
    )
    if show not in QUEUES:
        raise BadInput("Please choose one of the lists from the page.")
    done = notice(request.query_params.get("act", ""), count, changed)
    page = await _page(site, session, show, before, done=done)
    await refresh(request, session, page)
    return page


async def _page(
    site: Site, session: Session, show: str, before: int, *, done: str = "", error: str = ""
) -> Response[str]:
    status, title = QUEUES[show]
    rows = await site.db.read(site.moderation.queue, status, before, PER_PAGE + 1)
    return site.pages.page(
        "admin/comments.html",
        422 if error else 200,
        title=title,
        show=show,
        before=before,
        queues={name: words for name, (_, words) in QUEUES.items()},
        waiting=await site.db.read(site.moderation.waiting),
        rows=[(row, unlinked(excerpt(row.html, EXCERPT), told=True)) for row in rows[:PER_PAGE]],
        next=rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else 0,
        done=done,
        error=error,
        csrf=form_key(site, session),
    )


def notice(verb: str, count: int, changed: int = 0) -> str:
    """What the last press did, and to how many not, since their authors changed them; '' where there was none."""
    if verb not in ACTS:
        return ""
    said = [_did(verb, count)] if count else []
    if changed:
        said.append(
            ngettext(
                "1 comment was changed by its author since you read it. Please look again: this is what it says now.",
                "%(n)s comments were changed by their authors since you read them. Please look again.",
                changed,
            )
            % {"n": changed}
        )
    return " ".join(said)


def _did(verb: str, count: int) -> str:
    said = {
        "approve": ngettext("1 comment approved.", "%(n)s comments approved.", count),
        "spam": ngettext("1 comment marked as spam.", "%(n)s comments marked as spam.", count),
        "delete": ngettext("1 comment deleted.", "%(n)s comments deleted.", count),
        "block": ngettext(
            "1 comment marked as spam, as is all that comes from its author.",
            "%(n)s comments marked as spam, as is all that comes from their authors.",
            count,
        ),
    }
    return said[verb] % {"n": count}


@post("/admin/comments")
async def bulk(request: Request[Any, Any, Any]) -> Response[Any]:
    """`action` is a verb for all that is ticked, or ``verb-id-seen`` of a row's own button; a tick says what was seen
    of its comment. Raises BadInput.
    """
    ticked = list(dict.fromkeys(_TICKED.findall(await request.body())))
    fields = {f"c{id.decode()}": LONGEST_SEEN for id in ticked}
    sent = await own_form(request, {"action": 60, "show": 20, "before": 19, "sure": 1, **fields})
    verb, ids = sent.values.get("action", ""), [read_id(id.decode()) or 0 for id in ticked]
    read = {id: seen(sent.values.get(f"c{id}", "")) for id in ids}
    if one := _ONE.fullmatch(verb):
        verb, ids = one[1], [read_id(one[2]) or 0]
        read = {ids[0]: seen(one[3] or "")}
    if verb not in ACTS:
        raise BadInput("Please use one of the buttons. Nothing was changed.")
    site = site_of(request)
    if not ids:
        return await _page(site, sent.session, *_place(sent), error=NONE_TICKED)
    if len(ids) > MOST_AT_ONCE:
        raise BadInput(_("These are too many at once: %(most)s at most.") % {"most": MOST_AT_ONCE})
    if verb == "delete" and sent.values.get("sure") != "1":
        return _sure(site, sent, ids)
    done, changed = await _act(site, verb, read)
    show, before = _place(sent)
    status = QUEUES[show][0]
    place = f"show={show}" + (f"&before={before}" if before else "")
    below = await site.db.read(site.moderation.queue, status, min(ids), 1)
    row = f"#row-{below[0].id}" if below and not changed else ""
    told = f"act={verb}&done={done}" + (f"&changed={changed}" if changed else "")
    return Redirect(f"/admin/comments?{place}&{told}{row}", status_code=303, headers=_NEVER_KEPT)


async def _act(site: Site, verb: str, read: dict[int, int | None]) -> tuple[int, int]:
    """How many it was done to, and how many say something else than was read. Each by itself: one that fails holds up
    no other."""
    done = changed = 0
    for id in sorted(read):
        try:
            done += await act(site, verb, id, read[id])
        except Conflict:
            changed += 1
    return done, changed


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
