"""A struct filled field by field, so that each can say what is wrong with it, and a part of one too.

What a text has to be beyond its length stands beside its type: `Meta(extra={"reads": …})`, which raises BadInput.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import Meta, UnsetType
from msgspec.structs import FieldInfo

from newsletter.errors import BadInput
from newsletter.web.kit.text import clean

UNKNOWN = "There is no such field."
REPEATED = "This was sent more than once."
NEEDED = "This is needed."
LONGEST = 100_000  # characters of one text
MULTILINE = frozenset(
    {"about", "body", "confirmation", "description", "guide", "intro", "rules", "text", "wording", "words"}
)


def moment(text: str) -> int:
    """Epoch ms of a time in ISO 8601 with its offset. Raises BadInput."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError("no offset")
        return int(at.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise BadInput("This is written like 2026-12-01T09:00:00+00:00.") from None


def sort_out(
    kind: type[msgspec.Struct], given: Mapping[str, Any], *, strict: bool, multiline: bool = False
) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields that are well, as they are taken; and what is wrong with the others."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    errors = {shown(name): UNKNOWN for name in given if name not in fields}
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name not in given:
            if field.required:
                errors[name] = NEEDED
            continue
        try:
            values[field.name] = _taken(
                field, given[name], strict=strict, multiline=multiline or name in MULTILINE
            )
        except BadInput as error:
            errors[name] = error.sentence
    return values, errors


def _taken(field: FieldInfo, given: Any, *, strict: bool, multiline: bool) -> Any:
    """Raises BadInput."""
    try:
        value = msgspec.convert(_cleaned(given, multiline=multiline), field.type, strict=strict)
    except (msgspec.ValidationError, BadInput) as error:
        said = error.sentence if isinstance(error, BadInput) else f"{str(error).replace('`', '')}."
        raise BadInput(" ".join(_within(field.type, given, multiline=multiline)) or said) from None
    if isinstance(value, str) and value != field.default:  # that one is as if nothing were said
        for reads in _readers(field.type):
            reads(value)
    return value


def _cleaned(value: Any, *, multiline: bool) -> Any:
    """With every text in it fit to be kept. Raises BadInput."""
    if isinstance(value, str):
        return clean(value, max_length=LONGEST, multiline=multiline)
    if isinstance(value, list):
        return [_cleaned(one, multiline=multiline) for one in value]
    if isinstance(value, dict):
        named = {
            clean(name, max_length=100): _cleaned(one, multiline=multiline) for name, one in value.items()
        }
        if len(named) < len(value):
            raise BadInput(REPEATED)
        return named
    return value


def _within(kind: Any, given: Any, *, multiline: bool) -> Iterator[str]:
    """What is wrong with each part of what has parts: `label: This is needed.`, in a list `2, label: …`."""
    kind = _plain(kind)
    if isinstance(given, list) and get_origin(kind) is list:
        for n, one in enumerate(given, 1):
            for said in _within(get_args(kind)[0], one, multiline=multiline):
                yield f"{n}, {said}"
    elif isinstance(given, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        known = {name: given[name] for name in kind.__struct_encode_fields__ if name in given}
        errors = sort_out(kind, known, strict=True, multiline=multiline)[1]
        yield from (f"{name}: {said}" for name, said in errors.items())


def _plain(kind: Any) -> Any:
    """Without what is said of it, and without that it need not be there."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        return _plain(next(one for one in get_args(kind) if one not in (UnsetType, NoneType)))
    return kind


def _readers(kind: Any) -> Iterator[Callable[[str], Any]]:
    if get_origin(kind) is Annotated:
        inner, *said = get_args(kind)
        yield from (one.extra["reads"] for one in said if isinstance(one, Meta) and one.extra)
        yield from _readers(inner)
    elif get_origin(kind) in (Union, UnionType):
        for one in get_args(kind):
            yield from _readers(one)


def shown(name: str) -> str:
    """A name that somebody else has chosen, as a sentence can have it."""
    return "".join(c if c.isprintable() else " " for c in name[:60])
