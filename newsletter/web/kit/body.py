"""The bodies of forms and programs, read as text fields: strict in what is text, with every fault named at once."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from multipart import (  # type: ignore[import-untyped]  # publishes no types
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from newsletter.errors import BadInput
from newsletter.web.kit.text import clean
from newsletter.words import gettext

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
JSON = "application/json"

MOST_FIELDS = 120
BUTTONS = frozenset({"submit", "button", "commit", "x", "y", "submit.x", "submit.y"})
"""What browsers send of the button that was pressed, when a page gave it a name."""

UNKNOWN = "This form has no such field."
REPEATED = "This was sent more than once."
NO_TEXT = "This has to be text."
NO_FILE = "Files can’t be sent here."
UNREADABLE = "What was sent can’t be read. Please load the page again and send it once more."
TOO_MANY = "These are too many fields: %(most)s at most."
WRONG_TYPE = "Please send this as application/x-www-form-urlencoded, multipart/form-data or application/json, in UTF-8."

Pairs = Iterable[tuple[Any, Any]]


class WrongType(BadInput):
    """Not a form, and not JSON (415)."""


class Body(msgspec.Struct):
    """What was sent. Of a field with an error, `values` has what can be shown again, for nothing else."""

    values: dict[str, str]
    errors: dict[str, str]
    is_json: bool


async def arrived(request: Request[Any, Any, Any]) -> None:
    """Before a POST acts, all of it is there: one that was cut off, or is too large, changes nothing."""
    if request.method == "POST":
        await request.body()


async def read_fields(
    request: Request[Any, Any, Any], allowed: Mapping[str, int], *, multiline: Collection[str] = ()
) -> Body:
    """The fields sent, of those allowed (name → longest). Raises BadInput when the body as a whole is unreadable."""
    headers = dict(request.scope["headers"])
    media_type, options = parse_options_header(headers.get(b"content-type", b"").decode("latin-1"))
    if options.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise WrongType(WRONG_TYPE)
    raw = await request.body()
    body = Body({}, {}, media_type == JSON)
    _fill(body, _pairs(media_type, raw, options), allowed, multiline)
    return body


def _pairs(media_type: str, raw: bytes, options: Mapping[str, str]) -> Pairs:
    if media_type == URLENCODED or not raw:
        return _urlencoded(raw)
    if media_type == JSON:
        return _json(raw)
    if media_type == MULTIPART:
        return _multipart(raw, options.get("boundary", ""))
    raise WrongType(WRONG_TYPE)


def _urlencoded(raw: bytes) -> Pairs:
    text = raw.decode("utf-8", "surrogateescape")
    try:
        return parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise BadInput(gettext(TOO_MANY) % {"most": MOST_FIELDS}) from None


def _json(raw: bytes) -> Pairs:
    try:
        pairs = json.loads(raw.decode("utf-8", "surrogateescape"), object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        raise BadInput("This is no JSON that can be read.") from None
    if not isinstance(pairs, tuple):  # objects are tuples here, arrays stay lists
        raise BadInput("This has to be one JSON object with a text for each field.")
    if len(pairs) > MOST_FIELDS:
        raise BadInput(gettext(TOO_MANY) % {"most": MOST_FIELDS})
    return pairs


def _multipart(raw: bytes, boundary: str) -> Pairs:
    pairs: list[tuple[Any, Any]] = []
    text = bytearray()
    try:
        with PushMultipartParser(boundary, max_segment_count=MOST_FIELDS, strict=True) as parser:
            for event in parser.parse(raw):
                if isinstance(event, MultipartSegment):
                    name, is_file = event.name, event.filename is not None
                elif event is not None:
                    text += event
                else:
                    pairs.append((name, None if is_file else text.decode("utf-8", "surrogateescape")))
                    text.clear()
    except MultipartError:
        raise BadInput(UNREADABLE) from None
    return pairs


def _fill(body: Body, pairs: Pairs, allowed: Mapping[str, int], multiline: Collection[str]) -> None:
    seen: set[str] = set()
    for name, value in pairs:
        if name not in allowed:
            if body.is_json or name not in BUTTONS:
                body.errors[_showable(name, 60)] = UNKNOWN
        elif name in seen:
            body.errors[name] = REPEATED
        elif not isinstance(value, str):
            body.errors[name] = NO_TEXT if body.is_json else NO_FILE
        else:
            _take(body, name, value, allowed[name], multiline=name in multiline)
        seen.add(name)


def _take(body: Body, name: str, value: str, longest: int, *, multiline: bool) -> None:
    try:
        body.values[name] = clean(value, max_length=longest, multiline=multiline)
    except BadInput as error:
        body.errors[name] = error.sentence
        body.values[name] = _showable(value, longest)


def _showable(text: str, longest: int) -> str:
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text[:longest])
