"""What came with a request, made into what an endpoint takes; or refused, with every field's fault at once."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from newsletter.errors import BadInput
from newsletter.tokens import Tokens
from newsletter.web.kit.text import clean

T = TypeVar("T", bound=msgspec.Struct)

WRONG = "Please look at these fields; nothing was changed."
UNKNOWN = "There is no such field."
NEEDED = "This is needed."
REPEATED = "This was sent more than once."
NO_JSON = "This is no JSON that can be read."
NO_OBJECT = "This has to be one JSON object."
BAD_CURSOR = "This cursor is none of this list's. Begin again without one."
LONGEST = 100_000  # characters of one text
MULTILINE = frozenset(
    {"about", "body", "confirmation", "description", "guide", "intro", "rules", "text", "wording", "words"}
)
_MOST_FIELDS = 50
_CURSOR = re.compile("[0-9]{1,19}")


def body(raw: bytes, kind: type[T]) -> T:
    """Raises BadInput."""
    try:
        given = msgspec.json.decode(raw or b"{}")
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise BadInput(NO_JSON) from None
    if not isinstance(given, dict):
        raise BadInput(NO_OBJECT)
    return fill(kind, given, strict=True)


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
        raise BadInput(WRONG, {_shown(name): REPEATED for name in given if names.count(name) > 1})
    if kind is None:
        if given:
            raise BadInput(WRONG, {_shown(name): UNKNOWN for name in given})
        return None
    return fill(kind, given, strict=False)


def fill(kind: type[T], given: Mapping[str, Any], *, strict: bool) -> T:
    """A struct field by field, so that each can say what is wrong with it. Raises BadInput."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    errors = {_shown(name): UNKNOWN for name in given if name not in fields}
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name not in given:
            if field.required:
                errors[name] = NEEDED
            continue
        try:
            cleaned = _cleaned(given[name], multiline=name in MULTILINE)
            values[field.name] = msgspec.convert(cleaned, field.type, strict=strict)
        except msgspec.ValidationError as error:
            errors[name] = f"{str(error).replace('`', '')}."
        except BadInput as error:
            errors[name] = error.sentence
    if errors:
        raise BadInput(WRONG, errors)
    return kind(**values)


def _cleaned(value: Any, *, multiline: bool) -> Any:
    """With every text in it fit to be kept. Raises BadInput."""
    if isinstance(value, str):
        return clean(value, max_length=LONGEST, multiline=multiline)
    if isinstance(value, list):
        return [_cleaned(one, multiline=multiline) for one in value]
    if isinstance(value, dict):
        return {
            clean(name, max_length=100): _cleaned(one, multiline=multiline) for name, one in value.items()
        }
    return value


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else " " for c in name[:60])


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
