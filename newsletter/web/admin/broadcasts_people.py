"""Who got a broadcast: each person with the state of their message and what their server said, as pages and as CSV."""

import csv
import io
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response import Stream

from newsletter import clock
from newsletter.errors import BadInput
from newsletter.mail import Delivery, Tally
from newsletter.subscribers import guard
from newsletter.web.admin.broadcasts import read_number
from newsletter.web.admin.broadcasts_report import KINDS
from newsletter.web.admin.door import form_key, refresh, session_of
from newsletter.web.kit.broadcasting import title_of
from newsletter.web.kit.site import Site, is_head, site_of
from newsletter.words import told

PER_PAGE = 50
AT_ONCE = 1_000
"""Rows of the file that are looked up in one go."""

LONGEST_SEARCH = 100
HEADER = ("email", "state", "settled_at", "attempts", "resends", "reply")
_PLACE = re.compile("([0-9]{1,18})-([0-9]{1,18})")


@get("/admin/broadcasts/{id:str}/people")
async def people(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[str]:
    """Raises SignedOut, BadInput, NotFound."""
    site = site_of(request)
    session = await session_of(request)
    one, counts, _ = await site.db.read(site.broadcasts.standing, read_number(id))
    state, search = _asked(request)
    after = request.query_params.get("after", "")
    rows = await site.db.read(site.broadcasts.deliveries, one.id, state, search, _place(after), PER_PAGE + 1)
    last = rows[PER_PAGE - 1].place if len(rows) > PER_PAGE else None
    page = site.pages.page(
        "admin/broadcast_people.html",
        one=one,
        title=title_of(one),
        tally=Tally(**counts),
        kinds=KINDS,
        state=state,
        search=search,
        after=after,
        rows=[(row, told(row.at, site.settings.time_zone) if row.at else "") for row in rows[:PER_PAGE]],
        asked=_query(state, search),
        next=_query(state, search, after=f"{last[0]}-{last[1]}") if last else "",
        csrf=form_key(site, session),
    )
    await refresh(request, session, page)
    return page


def _asked(request: Request[Any, Any, Any]) -> tuple[str, str]:
    """A state ('': any) and a piece of an address. Raises BadInput."""
    query = request.query_params
    state = query.get("state", "")
    if state not in ("", *KINDS):
        raise BadInput("Please choose one of the lists from the page.")
    search = query.get("search", "").strip()[:LONGEST_SEARCH]
    return state, search.encode(errors="ignore").decode().replace("\0", "")


def _place(text: str) -> tuple[int, int]:
    found = _PLACE.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _query(state: str, search: str, **more: str) -> str:
    given = {"state": state, "search": search, **more}
    return urlencode({name: value for name, value in given.items() if value})


@get("/admin/broadcasts/{id:str}/people.csv")
async def people_csv(request: Request[Any, Any, Any], id: FromPath[str]) -> Response[Any]:
    """The same as a file, all of it. Raises SignedOut, BadInput, NotFound."""
    site = site_of(request)
    await session_of(request)
    one = await site.db.read(site.broadcasts.find, read_number(id))
    state, search = _asked(request)
    headers = {
        "Content-Disposition": f'attachment; filename="{one.slug}{"-" + state if state else ""}.csv"',
        "Cache-Control": "private, no-store",
    }
    body = () if is_head(request) else _lines(site, one.id, state, search)
    return Stream(body, media_type="text/csv", headers=headers)


async def _lines(site: Site, id: int, state: str, search: str) -> AsyncIterator[bytes]:
    """For spreadsheets: with a BOM, and nothing that one would run."""
    yield b"\xef\xbb\xbf" + _csv([HEADER])
    rows = await site.db.read(site.broadcasts.deliveries, id, state, search, (0, 0), AT_ONCE)
    while rows:
        yield _csv([_cells(row) for row in rows])
        rows = await site.db.read(site.broadcasts.deliveries, id, state, search, rows[-1].place, AT_ONCE)


def _cells(row: Delivery) -> Sequence[str]:
    at = clock.iso(row.at) if row.at else ""
    return guard(row.email), row.state, at, str(row.attempts), str(row.resends), guard(row.reply)


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    """RFC 4180."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


ROUTES = [people, people_csv]
