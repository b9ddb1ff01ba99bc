"""The subscribers at the desk: the newest first, some of them by status or in a segment's words, or found by name."""

from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get

from newsletter.errors import BadInput
from newsletter.ids import read_id
from newsletter.subscribers import STATUSES
from newsletter.web.admin.door import form_key, refresh, session_of
from newsletter.web.kit.policy import ASKS_AGAIN
from newsletter.web.kit.rostering import LONGEST_SEARCH, Asked, Seen, look
from newsletter.web.kit.site import site_of

DONE = {"erased": "They are erased, from every table and file."}


@get("/admin/subscribers")
async def people(request: Request[Any, Any, Any]) -> Response[str]:
    """Raises SignedOut, BadInput."""
    site = site_of(request)
    session = await session_of(request)
    query = request.query_params
    asked = Asked(*(_clean(query.get(name, "")) for name in Asked._fields))
    before = read_id(query.get("before", "")) or 0
    if asked.status not in ("", *STATUSES):
        raise BadInput("Please choose one of the lists from the page.")
    error = ""
    try:
        seen = await site.db.read(look, site.settings, asked, before)
    except BadInput as wrong:
        seen, error = Seen([], {}), wrong.sentence
    page = site.pages.page(
        "admin/subscribers.html",
        422 if error else 200,
        ASKS_AGAIN,
        asked=asked,
        seen=seen,
        before=before,
        error=error,
        statuses=STATUSES,
        here_again=_query(asked),
        next=_query(asked, before=str(seen.before)) if seen.before else "",
        longest=LONGEST_SEARCH,
        done=DONE.get(query.get("done", ""), ""),
        csrf=form_key(site, session),
    )
    await refresh(request, session, page)
    return page


def _clean(text: str) -> str:
    """What no storage would refuse."""
    return text.strip().encode(errors="ignore").decode().replace("\0", "")[:1_000]


def _query(asked: Asked, **more: str) -> str:
    given = {**asked._asdict(), **more}
    return urlencode({name: value for name, value in given.items() if value})


ROUTES = [people]
