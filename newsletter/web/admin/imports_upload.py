"""A file on its way to the desk: a form of several parts, of which the file goes to the disk as it comes."""

import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request
from multipart import (  # type: ignore[import-untyped]  # publishes no types
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from newsletter.errors import BadInput
from newsletter.owners import Session
from newsletter.web.admin.door import STALE, form_key
from newsletter.web.kit import importing
from newsletter.web.kit.body import MULTIPART, UNREADABLE, WRONG_TYPE, WrongType
from newsletter.web.kit.site import site_of

MOST_PARTS = 8
LONGEST_FIELD = 200
NO_FILE = "Please choose a file."


class Sent(msgspec.Struct, frozen=True):
    path: Path
    name: str
    size: int  # bytes
    fields: dict[str, str]  # those beside it, as they came


class _Parts:
    """What the parser says: fields are kept, and the file's bytes are handed on. The key comes before the file."""

    def __init__(self, key: str, longest: int) -> None:
        self._key = key
        self._longest = longest
        self._fields: dict[str, bytearray] = {}
        self._field = ""
        self.name: str | None = None
        self._in_file = False

    def take(self, event: Any) -> bytes:
        """The piece of the file that this is, if it is one. Raises BadInput."""
        if isinstance(event, MultipartSegment):
            self._field, self._in_file = event.name, event.filename is not None
            if self._in_file:
                self._open(event)
            elif self._field in self._fields:
                raise BadInput(UNREADABLE)
            self._fields.setdefault(self._field, bytearray())
        elif event is not None and self._in_file:
            return bytes(event)
        elif event is not None:
            self._fields[self._field] += event
            if len(self._fields[self._field]) > self._longest:
                raise BadInput(UNREADABLE)
        return b""

    def _open(self, event: Any) -> None:
        if not hmac.compare_digest(bytes(self._fields.get("csrf", b"")), self._key.encode()):
            raise BadInput(STALE)
        if self.name is not None or event.name != "file":
            raise BadInput("Please send one file.")
        self.name = event.filename.replace("\\", "/").rpartition("/")[2]

    @property
    def fields(self) -> dict[str, str]:
        """Those beside the file and the key."""
        named = {name: value for name, value in self._fields.items() if name not in ("file", "csrf")}
        return {name: value.decode("utf-8", "surrogateescape") for name, value in named.items()}

    def check(self) -> None:
        """At the end. Raises BadInput."""
        if not hmac.compare_digest(bytes(self._fields.get("csrf", b"")), self._key.encode()):
            raise BadInput(STALE)


async def receive(request: Request[Any, Any, Any], session: Session, *, longest: int = LONGEST_FIELD) -> Sent:
    """The file that an owner of this session sends. Raises BadInput, Unavailable, and leaves nothing then."""
    site = site_of(request)
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise BadInput(STALE)
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    if media_type != MULTIPART:
        raise WrongType(WRONG_TYPE)
    parts = _Parts(form_key(site, session), longest)
    pieces = _pieces(request, parts, options.get("boundary", ""))
    path = await importing.keep(site.settings, pieces)
    size = path.stat().st_size
    if not parts.name or not size:
        path.unlink()
        raise BadInput(NO_FILE, {"file": NO_FILE})
    return Sent(path, parts.name, size, parts.fields)


async def _pieces(request: Request[Any, Any, Any], parts: _Parts, boundary: str) -> AsyncIterator[bytes]:
    try:
        with PushMultipartParser(boundary, max_segment_count=MOST_PARTS, strict=True) as parser:
            async for chunk in request.stream():
                for event in parser.parse(chunk) if chunk else ():
                    if piece := parts.take(event):
                        yield piece
    except MultipartError:
        raise BadInput(UNREADABLE) from None
    parts.check()
