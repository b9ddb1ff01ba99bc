"""How often a broadcast's links are followed: off, unless its owner switches it on, and never who followed them.

A link in the HTML then leads to us first, by a key that is the same in everybody's mail, and on from there to the
address that was stored when it was sent. The text part keeps its addresses. No picture counts anything.
"""

import re
from collections.abc import Sequence
from html import escape, unescape
from secrets import token_urlsafe

import msgspec

from newsletter.broadcasts import store
from newsletter.broadcasts.letter import Letter
from newsletter.broadcasts.store import Counted
from newsletter.errors import NotFound
from newsletter.storage import Tx

_HREF = re.compile(
    '(?<=<a href=")https?://[^"\ue000-\ue002]*(?=")'
)  # none with a merge tag: it tells people apart


def counted(letter: Letter, public_url: str) -> tuple[Letter, Sequence[Counted]]:
    """The letter whose links lead to us first, and where each of them leads then."""
    links: dict[str, Counted] = {}

    def ours(found: re.Match[str]) -> str:
        url = unescape(found[0])
        link = links.setdefault(url, Counted(token_urlsafe(9), url))
        return escape(f"{public_url}/l/{link.key}")

    body = _HREF.sub(ours, letter.written.html)
    html = letter.html.replace(letter.written.html, body, 1)
    return msgspec.structs.replace(letter, html=html), [*links.values()]


async def leads_to(tx: Tx, key: str) -> str:
    """Where this link leads. Raises NotFound."""
    url = await store.link(tx, key)
    if url is None:
        raise NotFound("This link is not complete, or not one of ours. Please copy it whole.")
    return url


async def count(tx: Tx, key: str) -> None:
    """Somebody followed it."""
    await store.count_link(tx, key)
