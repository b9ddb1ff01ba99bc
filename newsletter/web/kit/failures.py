"""What is written down, and said, when something of ours fails: never an address, a token or a network."""

import html
import json
import logging
import re
import secrets
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

logger = logging.getLogger("newsletter.web")

_PRIVATE = re.compile(
    r"[^\s@]{1,64}@[^\s@]{1,255}"  # an address
    r"|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{4,40}"  # a network
    r"|[\w.-]{16,}"  # a token
)
_SEGMENT = re.compile(r"/[a-z0-9-]{0,24}(?=/|$)")
_LONGEST = 400
_FRAMES = 12


def record(scope: Mapping[str, Any], error: BaseException) -> str:
    """Logs an exception that nobody handled; the answer is the reference to quote."""
    reference = secrets.token_hex(4)
    logger.error("%s failed, reference %s\n%s", place(scope), reference, account(error))
    return reference


def place(scope: Mapping[str, Any]) -> str:
    """The route that was asked for, by its template: ``POST /confirm/{token}``."""
    template = scope.get("path_template")
    if not template:
        segment = _SEGMENT.match(scope["path"])
        template = f"{segment.group() if segment else ''}/…"
    return f"{scope['method']} {template}"


def account(error: BaseException) -> str:
    """An exception and what led to it: our files, lines and functions, and of its words only what is nobody's."""
    lines: list[str] = []
    for link in _links(error, 6):
        lines += traceback.format_tb(link.__traceback__, -_FRAMES)
        lines.append(f"{type(link).__qualname__}: {without_private(str(link))}\n")
    return "".join(lines).rstrip()


def _links(error: BaseException, depth: int) -> Iterator[BaseException]:
    if not depth:
        return
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    parts = error.exceptions[:3] if isinstance(error, BaseExceptionGroup) else ()
    for link in (earlier, *parts):
        if link is not None:
            yield from _links(link, depth - 1)
    yield error


def without_private(text: str) -> str:
    """One line of at most 400 characters, without what could name or let in somebody."""
    return _PRIVATE.sub("…", text[:_LONGEST]).encode("unicode_escape").decode().replace("\\u2026", "…")


def wants_json(scope: Mapping[str, Any]) -> bool:
    """Whether a program asks: by what it sends, or by what it accepts."""
    if scope.get("path", "").startswith("/api/"):
        return True
    headers = dict(scope["headers"])
    accept = headers.get(b"accept", b"")
    sends = headers.get(b"content-type", b"")
    return b"json" in sends or (b"json" in accept and b"text/html" not in accept)


def page(title: str, text: str, reference: str | None) -> str:
    """The page that needs nothing but itself."""
    quote = (
        f"<p>Please quote <strong>{reference}</strong> if you write to us about it.</p>\n"
        if reference
        else ""
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{html.escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<main>\n<h1>{html.escape(title)}</h1>\n<p>{html.escape(text)}</p>\n{quote}</main>\n"
    )


def problem(status: int, title: str, text: str, reference: str | None) -> bytes:
    """RFC 9457."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": text}
    return json.dumps(content | ({"reference": reference} if reference else {})).encode()
