"""One condition of a segment: what it may be, and what is said to somebody who wrote it otherwise."""

import re
from collections.abc import Callable
from datetime import date
from difflib import get_close_matches
from typing import cast

from newsletter.errors import BadInput
from newsletter.subscribers.model import STATUSES, Status
from newsletter.subscribers.segments.model import (
    COMPARISONS,
    Answered,
    Comparison,
    Condition,
    Downloaded,
    Joined,
    Received,
    Standing,
    Tagged,
    Through,
)
from newsletter.subscribers.segments.words import JOINTS, Token, Words, spelled, wrong
from newsletter.words import gettext as _

_NAMED: dict[str, Callable[[str], Condition]] = {"tag": Tagged, "form": Through, "downloaded": Downloaded}
EXAMPLES = {
    "tag": "tag:coaching",
    "form": "form:guide",
    "downloaded": "downloaded:guide",
    "received": "received:12",
    "status": "status:active",
    "field": 'field:city = "Porto"',
    "joined": "joined > 2026-01-31",
}
_MEANT = {
    "label": "tag", "signup": "form", "download": "downloaded", "magnet": "downloaded", "guide": "downloaded",
    "broadcast": "received", "mailing": "received", "sent": "received", "got": "received", "state": "status",
    "confirmed": "joined", "since": "joined", "created": "joined",
}  # fmt: skip
_COMPARED = {
    "==": "=", "=>": ">=", "=<": "<=", ":": "=", "on": "=", "is": "=", "after": ">", "since": ">=", "from": ">=",
    "before": "<", "until": "<=",
}  # fmt: skip
_UNEQUAL = ("!=", "<>")
_YEARS = range(1970, 3000)  # a timestamp of any day in them is one on every machine
_LARGEST_ID = 2**63 - 1
_SHOWN = 30


def condition(words: Words) -> Condition:
    """The condition that begins here. Raises BadInput."""
    first = words.take()
    key = first.text.lower()
    if first.kind != "word" or key in JOINTS:
        raise _no_condition(first)
    if key == "joined":
        return _joined(words)
    if key not in EXAMPLES:
        raise _unknown(first, words.next)
    if not words.next.is_sign(":"):
        raise wrong(
            words.next.column,
            _("After %(key)s comes a colon: %(example)s.") % {"key": key, "example": EXAMPLES[key]},
        )
    words.take()
    if key == "field":
        return _answered(words)
    value = _value(words, key)
    if key == "status":
        return Standing(_status(value))
    if key == "received":
        return Received(_id(value))
    return _NAMED[key](value.text)


def _no_condition(token: Token) -> BadInput:
    examples = _("like %(tag)s or %(joined)s") % {"tag": EXAMPLES["tag"], "joined": EXAMPLES["joined"]}
    if token.kind == "end":
        return wrong(
            token.column, _("A condition is missing at the end, %(examples)s.") % {"examples": examples}
        )
    if token.kind == "quoted":
        return wrong(token.column, 'Say what this is, in front of it, like tag:"two words".')
    return wrong(
        token.column,
        _("A condition is missing before “%(text)s”, %(examples)s.")
        % {"text": _shorten(token.text), "examples": examples},
    )


def _unknown(word: Token, after: Token) -> BadInput:
    """`tags:x`, `active`, `coaching`: what did they mean?"""
    key = word.text.lower().lstrip("-+#@")
    close = _MEANT.get(key) or next(iter(get_close_matches(key, [*EXAMPLES, *_MEANT], 1, 0.7)), None)
    if close:
        close = _MEANT.get(close, close)
    colon = after.is_sign(":")
    shown = _shorten(word.text) + (":" if colon else "")
    if key in STATUSES and not colon:
        return wrong(
            word.column,
            _("%(shown)s is no condition. Did you mean status:%(key)s?") % {"shown": shown, "key": key},
        )
    if close:
        meant = f"{close}:" if colon and close != "joined" else EXAMPLES[close]
        return wrong(
            word.column,
            _("%(shown)s is no condition. Did you mean %(meant)s?") % {"shown": shown, "meant": meant},
        )
    if after.is_sign(*COMPARISONS):
        return wrong(
            word.column, _("%(shown)s is no condition. Did you mean field:%(shown)s = …?") % {"shown": shown}
        )
    if not colon and not after.is_sign():
        return wrong(
            word.column, _("%(shown)s is no condition. Did you mean tag:%(shown)s?") % {"shown": shown}
        )
    return wrong(
        word.column,
        _("%(shown)s is no condition. There are %(known)s.")
        % {"shown": shown, "known": ", ".join(EXAMPLES.values())},
    )


def _value(words: Words, key: str) -> Token:
    """The name that stands after the colon, never empty."""
    if words.next.kind not in ("word", "quoted"):
        raise wrong(
            words.next.column, _("A value is missing here, like %(example)s.") % {"example": EXAMPLES[key]}
        )
    if words.next.is_joint(*JOINTS):
        name = words.next.text
        raise wrong(
            words.next.column,
            _("A value is missing here. If it is the word %(name)s, put it in quotes: %(spelled)s.")
            % {"name": name, "spelled": spelled(name)},
        )
    token = words.take()
    if not token.text:
        raise wrong(
            token.column,
            _("There is nothing between the quotes. Write a value, like %(example)s.")
            % {"example": EXAMPLES[key]},
        )
    return token


def _status(value: Token) -> Status:
    status = value.text.lower()
    if status in STATUSES:
        return status
    close = get_close_matches(status, STATUSES, 1, 0.6)
    if close:
        raise wrong(
            value.column, _("There is no such status. Did you mean status:%(close)s?") % {"close": close[0]}
        )
    raise wrong(
        value.column, _("There is no such status. It is one of %(known)s.") % {"known": ", ".join(STATUSES)}
    )


def _id(value: Token) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", value.text) or not 0 < int(value.text) <= _LARGEST_ID:
        raise wrong(
            value.column,
            _("received takes the number of what was sent, like %(example)s.")
            % {"example": EXAMPLES["received"]},
        )
    return int(value.text)


def _answered(words: Words) -> Answered:
    name = _value(words, "field").text
    sign = words.take()
    asked = f"field:{_shorten(spelled(name))}"
    if sign.is_sign(*_UNEQUAL):
        raise wrong(sign.column, _("Write not before it instead: not %(asked)s = …") % {"asked": asked})
    if not sign.is_sign("="):
        raise wrong(
            sign.column, _('After the field comes = and a value: %(asked)s = "…".') % {"asked": asked}
        )
    if words.next.kind == "quoted":
        return Answered(name, words.take().text)  # "" too: they said nothing
    return Answered(name, _value(words, "field").text)


def _joined(words: Words) -> Joined:
    sign = words.take()
    if not sign.is_sign(*COMPARISONS):
        if meant := _COMPARED.get(sign.text.lower()):
            raise wrong(
                sign.column, _("Write %(meant)s here: joined %(meant)s 2026-01-31.") % {"meant": meant}
            )
        if sign.is_sign(*_UNEQUAL):
            raise wrong(sign.column, "Write not before it instead: not joined = 2026-01-31.")
        raise wrong(
            sign.column,
            _("After joined comes <, <=, =, >= or >, and a day: %(example)s.")
            % {"example": EXAMPLES["joined"]},
        )
    return Joined(cast("Comparison", sign.text), _day(words.take()))


def _day(token: Token) -> date:
    if token.kind not in ("word", "quoted") or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", token.text):
        raise wrong(token.column, "A day is missing here. It is written year-month-day, like 2026-01-31.")
    try:
        day = date.fromisoformat(token.text)
    except ValueError:
        raise wrong(token.column, _("There is no %(text)s in the calendar.") % {"text": token.text}) from None
    if day.year not in _YEARS:
        raise wrong(
            token.column,
            _("The year must be from %(first)s to %(last)s.") % {"first": _YEARS[0], "last": _YEARS[-1]},
        )
    return day


def _shorten(word: str) -> str:
    return word if len(word) <= _SHOWN else word[:_SHOWN] + "…"
