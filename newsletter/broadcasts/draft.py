"""A broadcast as a file: what is said of it between two lines of ``---``, and its Markdown."""

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches

import msgspec

from newsletter.broadcasts.letter import sender_of
from newsletter.errors import BadInput

_FENCE = "---"
_KNOWN = ("subject", "preheader", "audience", "from", "archive", "send_at")
_ANSWERS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    subject: str = ""
    preheader: str = ""
    body: str = ""  # Markdown
    audience: str = ""  # a segment's text; "": everybody who is active
    sender: str = ""  # "Name <a@b>"; "": NEWSLETTER_FROM
    archive: bool = False
    send_at: datetime | None = None  # without an offset: in the owner's time zone


def read_draft(text: str) -> Draft:
    """Raises BadInput with a sentence that names the line."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != _FENCE:
        return Draft(body=text.removeprefix("\ufeff").replace("\r\n", "\n"))
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), 0)
    if not end:
        raise BadInput("Line 1: “---” begins what is said of the broadcast, and no second “---” ends it.")
    known: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines[1:end], 2):
        if line.strip() and not line.lstrip().startswith("#"):
            key, value = _entry(number, line, known)
            known[key] = number, value
    return _draft(known, "\n".join(lines[end + 1 :]).strip("\n"))


def _entry(number: int, line: str, known: Mapping[str, object]) -> tuple[str, str]:
    key, colon, value = line.partition(":")
    key = key.strip().lower()
    if not colon:
        raise BadInput(f"Line {number}: write it like “subject: On work”.")
    if key not in _KNOWN:
        close = get_close_matches(key, _KNOWN, n=1)
        hint = f"Did you mean “{close[0]}”?" if close else f"Known are {', '.join(_KNOWN)}."
        raise BadInput(f"Line {number}: “{key[:40]}” is not known here. {hint}")
    if key in known:
        raise BadInput(f"Line {number}: “{key}” is said twice.")
    return key, _value(number, value.strip())


def _value(number: int, value: str) -> str:
    quote = value[:1]
    if quote not in ('"', "'"):
        return value
    if len(value) < 2 or value[-1] != quote:
        raise BadInput(f"Line {number}: the quotation mark at the beginning is not closed at the end.")
    inner = value[1:-1]
    if quote == '"':
        return inner.replace('\\"', '"').replace("\\\\", "\\")
    return inner.replace("''", "'")


def _draft(known: Mapping[str, tuple[int, str]], body: str) -> Draft:
    values = {key: value for key, (_, value) in known.items()}
    return Draft(
        subject=values.get("subject", ""),
        preheader=values.get("preheader", ""),
        body=body,
        audience=values.get("audience", ""),
        sender=_sender(*known["from"]) if "from" in known else "",
        archive=_answer(*known["archive"]) if "archive" in known else False,
        send_at=_moment(*known["send_at"]) if "send_at" in known else None,
    )


def _sender(number: int, value: str) -> str:
    try:
        if value:
            sender_of(value)
    except BadInput as error:
        raise BadInput(f"Line {number}: {error}") from None
    return value


def _answer(number: int, value: str) -> bool:
    try:
        return _ANSWERS[value.lower()]
    except KeyError:
        raise BadInput(f"Line {number}: “archive” is yes or no.") from None


def _moment(number: int, value: str) -> datetime | None:
    if not value:
        return None
    try:
        if len(value) <= len("2026-12-01"):
            raise ValueError("a day has no time")
        return datetime.fromisoformat(value)
    except ValueError:
        raise BadInput(f"Line {number}: “send_at” is written like 2026-12-01 09:00.") from None
