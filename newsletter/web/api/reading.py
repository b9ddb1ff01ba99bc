"""What came with a request, made into what an endpoint takes; or refused, with every field's fault at once."""

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET

from newsletter.errors import BadInput
from newsletter.tokens import Tokens
from newsletter.web.api import filling
from newsletter.web.api.asking import Refusal
from newsletter.web.api.filling import REPEATED, UNKNOWN, shown

T = TypeVar("T", bound=msgspec.Struct)

WRONG = "Please look at these fields; nothing was changed."
TWICE = "“{}” stands in one object more than once."
NO_JSON = "This is no JSON that can be read."
NO_OBJECT = "This has to be one JSON object."
BAD_CURSOR = "This cursor is none of this list's. Begin again without one."
_MOST_FIELDS = 50
_CURSOR = re.compile("[0-9]{1,19}")


class Wrong(BadInput):
    """Some fields can't be taken. `right` has the others, so that all that is wrong can be told at once."""

    def __init__(self, errors: Mapping[str, str], right: Mapping[str, Any]) -> None:
        super().__init__(WRONG, errors)
        self.right = right


def body(raw: bytes, kind: type[T]) -> T:
    """Raises BadInput."""
    try:
        given = msgspec.json.decode(raw or b"{}")
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise BadInput(NO_JSON) from None
    if not isinstance(given, dict):
        raise BadInput(NO_OBJECT)
    _each_once(raw)
    return fill(kind, given, strict=True)


def _each_once(raw: bytes) -> None:
    """What one reader of JSON takes the first of, and another the last, is no body (RFC 8259 §4). Raises Refusal."""
    try:
        json.loads(raw or b"{}", object_pairs_hook=_once, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        raise BadInput(NO_JSON) from None


def _once(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise Refusal(400, "This can’t be read", TWICE.format(shown(name)))
        seen.add(name)


def query(raw: bytes, kind: type[T] | None) -> T | None:
    """Raises BadInput."""
    try:
        text = raw.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except (ValueError, UnicodeError):
        raise BadInput("The query of this address can’t be read.") from None
    given = dict(pairs)
    if len(given) < len(pairs):
        names = [name for name, _ in pairs]
        raise BadInput(WRONG, {shown(name): REPEATED for name in given if names.count(name) > 1})
    if kind is None:
        if given:
            raise BadInput(WRONG, {shown(name): UNKNOWN for name in given})
        return None
    return fill(kind, given, strict=False)


def fill(kind: type[T], given: Mapping[str, Any], *, strict: bool) -> T:
    """Raises Wrong."""
    values, errors = filling.sort_out(kind, given, strict=strict)
    if errors:
        raise Wrong(errors, values)
    return kind(**values)


def given(sent: msgspec.Struct) -> dict[str, Any]:
    """Its fields by their names, but for those that were left out."""
    return {name: value for name, value in msgspec.structs.asdict(sent).items() if value is not UNSET}


class Cursors:
    """Where a list goes on, signed together with the list that it is of."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def make(self, of: str, after: int) -> str:
        """`of` is the list, with all that it was chosen by; `after` an id."""
        return self.make_text(of, str(after))

    def read(self, of: str, cursor: str) -> int:
        """0 without one. Raises BadInput."""
        digits = self.read_text(of, cursor) or "0"
        if not _CURSOR.fullmatch(digits) or int(digits) >= 2**63:
            raise BadInput(WRONG, {"cursor": BAD_CURSOR})
        return int(digits)

    def make_text(self, of: str, place: str) -> str:
        """Where more than an id says where it goes on."""
        return f"{place}.{self._mark(of, place)}"

    def read_text(self, of: str, cursor: str) -> str:
        """'' without one. Raises BadInput."""
        place, _, mark = cursor.rpartition(".")
        if cursor and mark != self._mark(of, place):
            raise BadInput(WRONG, {"cursor": BAD_CURSOR})
        return place

    def _mark(self, of: str, place: str) -> str:
        return self._tokens.fingerprint("api-cursor", f"{place} {of}")[:24]
