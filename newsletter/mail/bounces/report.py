"""What a mail that came back says: bytes in, a `Report` out.

Whom it speaks of is never read from an address in it, which servers rewrite and anybody can write: only from the signed
envelope sender that our message had.
"""

import re
from collections.abc import Iterator

from newsletter.mail.bounces import crooked
from newsletter.mail.bounces.mime import LARGEST, Fields, Part, decoded_words, field_blocks, parse, walk
from newsletter.mail.bounces.model import Kind, Report
from newsletter.mail.bounces.sender import tokens_in
from newsletter.mail.bounces.verdict import enhanced, judge

_MOST_TOKENS = 5
_LONGEST_WORDS = 300
_ADDRESS = re.compile(r'(?:"[^"@]*"|[^\s"@]*) ?@[ @]*\S*')
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "other", "miscategorized"})
_DIAGNOSTIC = re.compile(r"(?i)^\s*[\w-]{1,20}\s*;\s*")


def read(raw: bytes, recipient: str = "") -> Report:
    """What came, addressed to `recipient` where the envelope is known. Takes any bytes, in linear time."""
    raw = raw[:LARGEST]
    message = parse(raw)
    kind, status, words = _meaning(message, list(walk(message)))
    return Report(kind, _tokens(raw, recipient), status, plain(words))


def of_words(words: str) -> Report:
    """What a server said while we spoke to it, and meant for good."""
    return Report(judge(words) or "soft", status=enhanced(words), words=plain(words))


def plain(words: str) -> str:
    """A server's words on one line, short and without any address."""
    return _ADDRESS.sub("…", _SPACE.sub(" ", words[:1000])).strip()[:_LONGEST_WORDS]


def _tokens(raw: bytes, recipient: str) -> tuple[str, ...]:
    found = dict.fromkeys(tokens_in(recipient.encode("utf-8", "replace")))
    for token in tokens_in(raw):
        if len(found) >= _MOST_TOKENS:
            break
        found[token] = None
    return tuple(found)


def _meaning(message: Part, parts: list[Part]) -> tuple[Kind, str, str]:
    for part in parts:
        if part.kind == "message/feedback-report":
            return _feedback(part)
    if crooked.is_complaint(message, parts):
        return "complaint", "", ""
    for part in parts:
        if part.kind in ("message/delivery-status", "message/global-delivery-status"):
            return _delivery(part, parts)
        if part.kind == "message/disposition-notification":  # read, deleted, or on holiday (RFC 8098)
            return "auto", "", ""
    words = crooked.words(message, parts)
    if words is None and (refused := crooked.refused(message, parts)):
        words, for_good = refused
        if not for_good:
            return "auto", "", words
    if words is None:
        return ("auto" if crooked.is_automatic(message) else "unknown"), "", ""
    if crooked.is_delay(decoded_words(message.first("subject")), words):
        return "auto", "", words
    return judge(words) or "soft", enhanced(words), crooked.telling(words)


def _feedback(part: Part) -> tuple[Kind, str, str]:
    """A reader's provider says what they pressed (RFC 5965)."""
    for fields in field_blocks(part.text):
        for said in fields.get("feedback-type", []):
            kind = said.partition(";")[0].strip().lower()
            return ("complaint" if kind in _COMPLAINTS else "auto"), "", kind[:40]
    return "unknown", "", ""


def _delivery(part: Part, parts: list[Part]) -> tuple[Kind, str, str]:
    """The first recipient that failed: our messages have one each (RFC 3464)."""
    acted = False
    for fields in field_blocks(part.text):
        action = _value(fields, "action").lower()
        acted |= bool(action)
        status = _status(_value(fields, "status"))
        if action.startswith("fail") or (not action and status):
            said = _DIAGNOSTIC.sub("", _value(fields, "diagnostic-code"))
            words = said or next(_told(parts), "")
            kind = judge(words, status) or "soft"
            exact = enhanced(said)
            return kind, exact if exact and (not status or status.endswith(".0.0")) else status, words
    return ("auto" if acted else "unknown"), "", ""  # delayed, delivered, relayed: it may arrive yet, or has


def _told(parts: list[Part]) -> Iterator[str]:
    """What the report says to people."""
    for part in parts:
        if part.kind in ("text/plain", "text/html") and part.depth <= 2:
            yield crooked.telling(part.text)


def _value(fields: Fields, name: str) -> str:
    return fields.get(name, [""])[0]


def _status(value: str) -> str:
    found = _STATUS.search(value)
    return ".".join(map(str, map(int, found.groups()))) if found else ""
