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
from newsletter.words import gettext as _

_KINDS: dict[type, tuple[store.Kind, str]] = {
    Tagged: ("tag", "There is no tag “%(name)s”."),
    Through: ("form", "There is no form “%(name)s”."),
    Downloaded: ("magnet", "There is no guide “%(name)s”."),
}
MOST_COMPARED = 300
"""Names that are looked at for one segment, however many it misspells: each takes some microseconds of everybody's."""

MOST_GUESSED = 5
"""Of more misspelt names in one segment nobody is told what was meant: each may cost a look at all that there are."""

_CLOSE = 0.6
_LONGEST = 100  # characters: of what is longer nobody sees what was meant
_SHOWN = 40  # characters


async def unknown(tx: Tx, segment: Segment) -> list[str]:
    """A sentence for each name that no tag, form, guide or broadcast has, with the one that was meant, if it is close.

    They are no errors: a tag may come into being tomorrow.
    """
    if segment.condition is None:
        return []
    strange = [one for one in dict.fromkeys(_named(segment.condition)) if not await _is_there(tx, one)]
    guessed = min(len(strange), MOST_GUESSED)
    return [
        await _said(tx, one, MOST_COMPARED // guessed if number < guessed else 0)
        for number, one in enumerate(strange)
    ]


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


async def _is_there(tx: Tx, condition: Tagged | Through | Downloaded | Received) -> bool:
    match condition:
        case Received(number):
            return await store.was_sent(tx, number)
        case Tagged(name) | Through(name) | Downloaded(name):
            return await store.has_name(tx, _KINDS[type(condition)][0], name)


async def _said(tx: Tx, condition: Tagged | Through | Downloaded | Received, most: int) -> str:
    """The sentence for one that is not there, of `most` names compared with it."""
    match condition:
        case Received(number):
            return _("No broadcast that was sent has the number %(number)s.") % {"number": number}
        case Tagged(name) | Through(name) | Downloaded(name):
            kind, sentence = _KINDS[type(condition)]
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    alike = await store.names_like(tx, kind, name, most) if most and len(name) <= _LONGEST else []
    names = {known.lower(): known for known in alike}
    said = _(sentence) % {"name": shown}
    close = get_close_matches(name.lower(), names, 1, _CLOSE)
    if not close:
        return said
    return f"{said} " + _("Did you mean %(close)s?") % {"close": spelled(names[close[0]])}
