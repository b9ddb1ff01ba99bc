"""Names in a segment that nothing has: most often they are misspelt, and it is then not whom its owner means."""

from collections.abc import Iterator
from difflib import get_close_matches

from newsletter.storage import Tx
from newsletter.subscribers.segments import store
from newsletter.subscribers.segments.model import (
    And,
    Downloaded,
    Node,
    Not,
    Or,
    Received,
    Segment,
    Tagged,
    Through,
)
from newsletter.subscribers.segments.words import spelled

_KINDS: dict[type, tuple[store.Kind, str]] = {
    Tagged: ("tag", "tag"),
    Through: ("form", "form"),
    Downloaded: ("magnet", "guide"),
}
_CLOSE = 0.6
_SHOWN = 40  # characters


async def unknown(tx: Tx, segment: Segment) -> list[str]:
    """A sentence for each name that no tag, form, guide or broadcast has, with the one that was meant, if it is close.

    They are no errors: a tag may come into being tomorrow.
    """
    if segment.condition is None:
        return []
    said = [await _said(tx, one) for one in dict.fromkeys(_named(segment.condition))]
    return [sentence for sentence in said if sentence]


def _named(node: Node) -> Iterator[Tagged | Through | Downloaded | Received]:
    match node:
        case Not(of):
            yield from _named(of)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _named(part)
        case Tagged() | Through() | Downloaded() | Received():
            yield node
        case _:
            return


async def _said(tx: Tx, condition: Tagged | Through | Downloaded | Received) -> str:
    match condition:
        case Received(number):
            return (
                ""
                if await store.was_sent(tx, number)
                else f"No broadcast that was sent has the number {number}."
            )
        case Tagged(name) | Through(name) | Downloaded(name):
            kind, word = _KINDS[type(condition)]
    if await store.has_name(tx, kind, name):
        return ""
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    names = {known.lower(): known for known in await store.names(tx, kind)}
    close = get_close_matches(name.lower(), names, 1, _CLOSE)
    if not close:
        return f"There is no {word} “{shown}”."
    return f"There is no {word} “{shown}”. Did you mean {spelled(names[close[0]])}?"
