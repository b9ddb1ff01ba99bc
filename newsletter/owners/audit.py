"""Who did what, and when: rows that are added in the transaction of the deed, and never changed or removed.

They hold ids and slugs, never an address: whoever is erased is in none of them.
"""

import re
from typing import Literal

import msgspec

from newsletter.errors import BadInput
from newsletter.owners import audit_store as store
from newsletter.owners.audit_store import Asked, Entry
from newsletter.storage import Tx

__all__ = ["PAGE", "WAYS", "Actor", "Asked", "Deed", "Entry", "Way", "area_of", "page", "record"]

Way = Literal["desk", "api", "terminal"]
WAYS: tuple[Way, ...] = ("desk", "api", "terminal")

PAGE = 50

_PLAIN = re.compile(r"[\w.{}/ -]{0,80}", re.ASCII)  # no @: not by any mistake an address


_AREA = {
    "imports": "import",
    "api-token": "tokens",
    "sequence": "sequences",
    "broadcast": "broadcasts",
    "sign-in-link": "sign-in",
    "sign-out": "sessions",
    "second-step": "sign-in",
    "passkeys": "sign-in",
    "erase": "subscribers",
    "show": "export",
    "comment-rules": "comments",
    "restore": "backup",
    "move-to": "backup",
    "bounces": "suppressions",
}
"""The API and the terminal call some things by other words than the desk."""


class Actor(msgspec.Struct, frozen=True):
    """Who it is: somebody at the desk, a program by its token, or whoever sits at the terminal."""

    way: Way
    id: int | None = None  # a person's or a token's
    name: str = ""  # a token's prefix: it tells which one it was when that is revoked


class Deed(msgspec.Struct, frozen=True):
    """`area` is the first word of where it is done (`forms`), `verb` what was done there, `object` to which."""

    area: str
    verb: str
    object: str = ""
    detail: str = ""


def area_of(word: str) -> str:
    """Under which the log can be read for it."""
    return _AREA.get(word, word)


async def record(tx: Tx, actor: Actor, deed: Deed, *, once_within: int = 0) -> None:
    """Beside what it tells of, in its transaction. What isn't plain is left out, so that nobody is named.

    `once_within` (ms): the same by the same is one row, for what a page does by itself while somebody writes.
    """
    deed = msgspec.structs.replace(deed, area=area_of(deed.area))
    deed = Deed(*(text if _PLAIN.fullmatch(text) else "" for text in msgspec.structs.astuple(deed)))
    if once_within and await store.is_there(tx, actor.way, actor.id, deed, tx.now - once_within):
        return
    await store.add(tx, actor.way, actor.id, actor.name, deed)


async def page(tx: Tx, asked: Asked, most: int = PAGE) -> tuple[list[Entry], int | None]:
    """The newest first, `most` of them; and where to go on, if there are more. Raises BadInput."""
    if asked.way not in ("", *WAYS):
        raise BadInput("Please choose from the lists on the page.")
    found = await store.found(tx, asked, most + 1)
    return found[:most], found[most - 1].id if len(found) > most else None
