"""The subscribers as a file, streamed, for the signed-in owner only."""

import logging
from collections.abc import AsyncIterator
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, get
from litestar.response import Stream

from newsletter.errors import BadInput
from newsletter.subscribers import STATUSES, Choice, export_csv, export_ndjson, segments
from newsletter.web.admin.door import session_of
from newsletter.web.kit.site import is_head, site_of

log = logging.getLogger(__name__)

_TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


@get("/admin/export")
async def export(request: Request[Any, Any, Any]) -> Response[Any]:
    """Whom a list at the desk shows: its `status` and `where` go on to here. Raises SignedOut, BadInput."""
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
    )
    db = site.db
    lines = export_csv(db, choice, raw="raw" in query) if form == "csv" else export_ndjson(db, choice)
    headers = {
        "Content-Disposition": f'attachment; filename="subscribers.{form}"',
        "Cache-Control": "private, no-store",
    }
    body = () if is_head(request) else _bytes(lines)
    if not is_head(request):
        log.info("Owner %d exports subscribers as %s.", session.owner_id, form)
    return Stream(body, media_type=_TYPES[form], headers=headers)


async def _bytes(lines: AsyncIterator[tuple[int, bytes]]) -> AsyncIterator[bytes]:
    async for _, piece in lines:
        yield piece


ROUTES = [export]
