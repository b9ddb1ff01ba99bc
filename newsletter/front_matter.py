"""What an owner's file says of itself, between two lines of ``---`` above its Markdown."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from newsletter.errors import BadInput

FENCE = "---"


def read(text: str, known: Sequence[str], of: str) -> tuple[dict[str, tuple[int, str]], str]:
    """Each of the `known` keys that is there with its line's number and its value; and the Markdown below.

    `of` is what the file is, for people: “the broadcast”. Raises BadInput with a sentence that names the line.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    lines = text.split("\n")
    if lines[0].rstrip() != FENCE:
        return {}, text
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), 0)
    if not end:
        raise BadInput(f"Line 1: “---” begins what is said of {of}, and no second “---” ends it.")
    found: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines[1:end], 2):
        if line.strip() and not line.lstrip().startswith("#"):
            key, value = _entry(number, line, known, found)
            found[key] = number, value
    return found, "\n".join(lines[end + 1 :]).strip("\n")


def _entry(number: int, line: str, known: Sequence[str], found: Mapping[str, object]) -> tuple[str, str]:
    key, colon, value = line.partition(":")
    key = key.strip().lower()
    if not colon:
        raise BadInput(f"Line {number}: write it like “subject: On work”.")
    if key not in known:
        close = get_close_matches(key, known, n=1)
        hint = f"Did you mean “{close[0]}”?" if close else f"Known are {', '.join(known)}."
        raise BadInput(f"Line {number}: “{key[:40]}” is not known here. {hint}")
    if key in found:
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
