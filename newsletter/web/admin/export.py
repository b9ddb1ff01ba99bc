"""The subscribers as a file, streamed, for the signed-in owner only."""

import logging
from collections.abc import AsyncIterator
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, get
from litestar.response import Stream

from newsletter.errors import BadInput
from newsletter.storage import Database
from newsletter.subscribers import STATUSES, Choice, export_csv, export_ndjson, export_xlsx, segments
from newsletter.web.admin.door import session_of
from newsletter.web.kit.rostering import LONGEST_SEARCH
from newsletter.web.kit.site import is_head, site_of

log = logging.getLogger(__name__)

_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ndjson": "application/x-ndjson",
}
FORMATS = tuple(_TYPES)


@get("/admin/export")
async def export(request: Request[Any, Any, Any]) -> Response[Any]:
    """Whom a list at the desk shows: its `status`, `where` and `search` go on to here. Raises SignedOut, BadInput."""
    site, session = site_of(request), await session_of(request)
    query = request.query_params
    form, status = query.get("format", "csv"), query.get("status", "")
    if form not in _TYPES or status not in ("", *STATUSES):
        raise BadInput("Please choose a format and a status from the page.")
    choice = Choice(
        status=status,
        tag=query.get("tag", ""),
        form=query.get("form", ""),
        segment=segments.parse(query.get("where", "")),
        zone=ZoneInfo(site.settings.time_zone),
        search=query.get("search", "").strip()[:LONGEST_SEARCH],
    )
    headers = {
        "Content-Disposition": f'attachment; filename="subscribers.{form}"',
        "Cache-Control": "private, no-store",
    }
    if is_head(request):
        return Stream((), media_type=_TYPES[form], headers=headers)
    lines = _lines(site.db, choice, form, raw="raw" in query)
    try:
        _, first = await anext(lines)  # what can't be done is said before anything is sent
    except StopAsyncIteration:
        first = b""
    log.info("Owner %d exports subscribers as %s.", session.owner_id, form)
    return Stream(_bytes(first, lines), media_type=_TYPES[form], headers=headers)


def _lines(db: Database, choice: Choice, form: str, *, raw: bool) -> AsyncIterator[tuple[int, bytes]]:
    if form == "csv":
        return export_csv(db, choice, raw=raw)
    return export_ndjson(db, choice) if form == "ndjson" else export_xlsx(db, choice)


async def _bytes(first: bytes, lines: AsyncIterator[tuple[int, bytes]]) -> AsyncIterator[bytes]:
    yield first
    async for _, piece in lines:
        yield piece


ROUTES = [export]
