"""The subscribers at the desk: the newest first, some of them by status or in a segment's words, or found by name."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get

from newsletter.errors import BadInput
from newsletter.ids import read_id
from newsletter.owners import Session
from newsletter.subscribers import STATUSES
from newsletter.web.admin.door import form_key, refresh, session_of
from newsletter.web.kit.policy import ASKS_AGAIN
from newsletter.web.kit.rostering import LONGEST_SEARCH, Asked, Seen, look
from newsletter.web.kit.site import Site, site_of

DONE = {"erased": "They are erased, from every table and file."}
LONGEST_SEGMENT = 1_000


@get("/admin/subscribers")
async def people(request: Request[Any, Any, Any]) -> Response[str]:
    """Raises SignedOut, BadInput."""
    site = site_of(request)
    session = await session_of(request)
    query = request.query_params
    done = DONE.get(query.get("done", ""), "")
    page = await listed(site, session, asked_of(query), read_id(query.get("before", "")) or 0, done=done)
    await refresh(request, session, page)
    return page


def asked_of(sent: Mapping[str, str]) -> Asked:
    """Raises BadInput."""
    asked = Asked(*(_clean(sent.get(name, "")) for name in Asked._fields))
    if asked.status not in ("", *STATUSES):
        raise BadInput("Please choose one of the lists from the page.")
    return asked


async def listed(
    site: Site,
    session: Session,
    asked: Asked,
    before: int,
    *,
    done: str = "",
    many: Mapping[str, str] | None = None,
    ticked: Collection[int] = (),
    errors: Mapping[str, str] | None = None,
) -> Response[str]:
    """A page of the list; with what was sent to do to many of them, and what is wrong with that."""
    error = ""
    try:
        seen = await site.db.read(look, site.settings, asked, before)
    except BadInput as wrong:
        seen, error = Seen([], {}), wrong.sentence
    return site.pages.page(
        "admin/subscribers.html",
        422 if error or errors else 200,
        ASKS_AGAIN,
        asked=asked,
        seen=seen,
        before=before,
        error=error,
        statuses=STATUSES,
        here_again=_query(asked),
        next=_query(asked, before=str(seen.before)) if seen.before else "",
        longest=LONGEST_SEARCH,
        done=done,
        many=many or {},
        ticked=ticked,
        errors=errors or {},
        csrf=form_key(site, session),
    )


def _clean(text: str) -> str:
    """What no storage would refuse."""
    return text.strip().encode(errors="ignore").decode().replace("\0", "")[:LONGEST_SEGMENT]


def _query(asked: Asked, **more: str) -> str:
    given = {**asked._asdict(), **more}
    return urlencode({name: value for name, value in given.items() if value})


ROUTES = [people]
