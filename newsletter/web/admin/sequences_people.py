"""Who is in a sequence, and where each of them stands."""

import re
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.params import FromPath

from newsletter.errors import BadInput
from newsletter.ids import read_id
from newsletter.sequences import BEFORE_THE_FIRST, edits
from newsletter.web.admin.door import form_key, refresh, session_of
from newsletter.web.kit.site import site_of
from newsletter.words import marked

PER_PAGE = 50
STATES = {
    "running": marked("on the way"),
    "finished": marked("through"),
    "stopped": marked("goes no further"),
}
"""Each state of one person in a sequence, as its owner reads it."""

_PLACE = re.compile("([0-9]{1,18})-([0-9]{1,18})")


@get("/admin/sequences/{slug:str}/people")
async def people(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
    """Raises SignedOut, BadInput, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    now = await site.db.read(site.sequences.standing, slug)
    step, state = _asked(request)
    found = _PLACE.fullmatch(request.query_params.get("before", ""))
    before = (int(found[1]), int(found[2])) if found else (0, 0)
    id = now.sequence.id
    if step is None:
        rows = await site.db.read(edits.everybody, id, before[1], PER_PAGE + 1)
    else:
        rows = await site.db.read(edits.standing_at, id, step, state, before, PER_PAGE + 1)
    last = rows[PER_PAGE - 1] if len(rows) > PER_PAGE else None
    names = {one.id: one.subject or one.slug for one in now.steps}
    page = site.pages.page(
        "admin/sequence_people.html",
        one=now.sequence,
        groups=[(c, names.get(c.step_id, "")) for c in sorted(now.people, key=_order([*names]))],
        total=sum(c.count for c in now.people),
        step=step,
        state=state,
        states=STATES,
        names=names,
        rows=rows[:PER_PAGE],
        asked=_query(step, state),
        next=_query(step, state, f"{last.reached_at}-{last.id}") if last else "",
        before=before[1],
        csrf=form_key(site, session),
    )
    await refresh(request, session, page)
    return page


def _order(steps: list[int]) -> Any:
    """By state, and in each by the place in the sequence."""
    places = {id: n for n, id in enumerate([BEFORE_THE_FIRST, *steps])}
    return lambda count: ([*STATES].index(count.state), places.get(count.step_id, 0))


def _asked(request: Request[Any, Any, Any]) -> tuple[int | None, str]:
    """A step (None: all) and a state. Raises BadInput."""
    query = request.query_params
    if "at" not in query:
        return None, ""
    step, state = read_id(query["at"]), query.get("state", "running")
    if step is None or state not in STATES:
        raise BadInput("Please choose one of the lists from the page.")
    return step, state


def _query(step: int | None, state: str, before: str = "") -> str:
    given = {"at": "" if step is None else str(step), "state": state, "before": before}
    return urlencode({name: value for name, value in given.items() if value})


ROUTES = [people]
