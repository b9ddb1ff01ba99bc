"""The guide itself: a signed, expiring link; resumable; counted once a person and version."""

import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from newsletter.clock import DAY, SECOND, now
from newsletter.errors import Expired, NotFound, Unavailable
from newsletter.magnets import Given
from newsletter.mail import last_sent
from newsletter.storage import CHUNK, ConstraintError, Database, StoredFile, Tx, files
from newsletter.web.kit import expired
from newsletter.web.kit.site import Site, is_head, site_of
from newsletter.words import gettext as _

SCANNED_WITHIN = 10 * SECOND
"""A link opened this soon after its mail was accepted was opened by a machine."""

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})\Z")
_MACHINE = re.compile(
    r"(?i)bot|crawl|spider|scan|preview|fetch|monitor|python|curl|wget|http-?client|headless"
)
_PAGE = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-store",
}


@get("/downloads/{token:str}")
async def download(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[Any]:
    site = site_of(request)
    moment = now()
    try:
        subscriber_id, magnet_id, from_page = _ids(site, token, moment)
    except Expired:
        why = _(
            "Links to the guide live for %(days)d days. We can mail a fresh one to the address that you confirmed."
        ) % {"days": site.settings.download_days}
        return expired.offer(site, why, f"/downloads/{token}/fresh")
    given, mailed_at = await site.db.read(_open, site, subscriber_id, magnet_id)
    span = _span(request, given.file)
    if _whole_new(request, given.file, span):
        automatic = not from_page and (moment - mailed_at < SCANNED_WITHIN or _looks_automatic(request))
        with suppress(
            Unavailable, ConstraintError
        ):  # a full disk, or somebody just erased: the file still goes
            await site.db.write(
                site.magnets.count, subscriber_id, given.magnet.version_id, automatic=automatic
            )
    return _file(request, site.db, given.file, span)


def _ids(site: Site, token: str, moment: int) -> tuple[int, int, bool]:
    """Subscriber, magnet, and whether the link stood on the page behind the button. Raises Expired, NotFound."""
    longest = site.settings.download_days * DAY
    try:
        subscriber_id, magnet_id = site.tokens.read("download", token, moment, longest)
    except NotFound:
        subscriber_id, magnet_id = site.tokens.read("page-download", token, moment, longest)
        return subscriber_id, magnet_id, True
    return subscriber_id, magnet_id, False


async def _open(tx: Tx, site: Site, subscriber_id: int, magnet_id: int) -> tuple[Given, int]:
    """The file, and when a mail was last accepted for this person (ms; 0 for never)."""
    await site.subscribers.find(tx, subscriber_id)
    return await site.magnets.open(tx, magnet_id), await last_sent(tx, subscriber_id)


def _whole_new(request: Request[Any, Any, Any], file: StoredFile, span: tuple[int, int] | None) -> bool:
    """Whether somebody begins to fetch the file: no HEAD, no continuation, no look whether it has changed."""
    unchanged = request.headers.get("if-none-match") == _etag(file)
    return not is_head(request) and not unchanged and (span is None or span[0] == 0)


def _looks_automatic(request: Request[Any, Any, Any]) -> bool:
    agent = request.headers.get("user-agent", "")
    mode = request.headers.get("sec-fetch-mode", "navigate")
    return not agent or bool(_MACHINE.search(agent)) or mode != "navigate"


def _span(request: Request[Any, Any, Any], file: StoredFile) -> tuple[int, int] | None:
    """First and last byte of the one range that was asked for; None for the whole file.

    Several ranges, or one for another version (If-Range), get the whole, as RFC 9110 §14.2 allows.
    An empty span (first > last) stands for one that can't be satisfied.
    """
    found = _RANGE.match(request.headers.get("range", ""))
    if found is None or request.headers.get("if-range", _etag(file)) != _etag(file):
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        return (max(0, file.size - int(last)), file.size - 1) if int(last) else (1, 0)
    if last and int(last) < int(first):
        return None
    return (int(first), min(int(last or file.size), file.size - 1))


def _file(
    request: Request[Any, Any, Any], db: Database, file: StoredFile, span: tuple[int, int] | None
) -> Response[Any]:
    headers = {
        **_PAGE,
        "ETag": _etag(file),
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}",
    }
    if request.headers.get("if-none-match") == _etag(file):
        return Response(None, status_code=304, headers=headers)
    if span and span[0] > span[1]:
        return Response(None, status_code=416, headers={**headers, "Content-Range": f"bytes */{file.size}"})
    first, last = span or (0, file.size - 1)
    headers["Content-Length"] = str(last - first + 1)
    if span:
        headers["Content-Range"] = f"bytes {first}-{last}/{file.size}"
    body = _bytes(db, file, first, 0 if is_head(request) else last + 1)
    return Stream(body, status_code=206 if span else 200, media_type=file.media_type, headers=headers)


async def _bytes(db: Database, file: StoredFile, start: int, end: int) -> AsyncIterator[bytes]:
    """From byte `start` to before `end`, a chunk at a time, so that memory stays flat."""
    while start < end:
        n, skip = divmod(start, CHUNK)
        chunk = await db.read(files.chunk, file.id, n)
        piece = chunk[skip : skip + end - start]
        if not piece:
            return
        yield piece
        start += len(piece)


def _etag(file: StoredFile) -> str:
    return f'"{file.sha256[:32]}"'


@post("/downloads/{token:str}/fresh", status_code=200)
async def fresh(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
    """A new link, to the stored address only."""
    site = site_of(request)
    answer = "A fresh link is on its way to the address that you confirmed. We send at most one a day."
    return await expired.renew(site, lambda: _ids(site, token, now())[:2], site.signups.fresh_link, answer)


ROUTES = [download, fresh]
