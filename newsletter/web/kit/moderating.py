"""The owner's acts on one comment, and its page, as the desk and the mailed link both offer them."""

from asyncio import to_thread
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response

from newsletter.addresses import parse
from newsletter.comments import LONGEST, Words, source, unlinked
from newsletter.errors import BadInput, Conflict, NotFound, Repeated
from newsletter.web.kit import problems
from newsletter.web.kit.site import Site

ACTS = {
    "approve": "It is published.",
    "spam": "It is spam, and what reads like it will be held.",
    "delete": "It is deleted.",
    "block": "It is spam, and so is all that its author sends from now on.",
}
"""Each verb for any number of comments, with what it did, for the page that follows."""

LONGEST_SEEN = 15  # digits

DONE = {**ACTS, "reply": "Your answer is published."}
"""The same of all verbs for one comment."""


async def page(
    site: Site,
    template: str,
    id: int,
    *,
    done: str = "",
    values: Mapping[str, str] | None = None,
    error: BadInput | Conflict | Repeated | None = None,
    field: str = "comment",
    **more: Any,
) -> Response[str]:
    """The comment with all that can be done about it; `error` stands beside its fields, else beside `field`.

    Raises NotFound.
    """
    status = problems.outcome(error)[0] if error else 200
    if isinstance(error, Conflict):
        field = ""  # it is the words above all fields
    fields = error.fields if isinstance(error, BadInput) else {}
    found = await site.db.read(site.moderation.look, id)
    # What came as HTML is read and changed as Markdown, too.
    raw, html = await to_thread(source, found.raw, found.html), unlinked(found.html, told=True)
    comment = msgspec.structs.replace(found, raw=raw, html=html)
    return site.pages.page(
        template,
        status,
        comment=comment,
        done=done,
        values=values or {},
        errors=fields or ({field: error.sentence} if error else {}),
        longest=LONGEST,  # characters
        **more,
    )


async def do(site: Site, verb: str, id: int, email: str, values: Mapping[str, str]) -> None:
    """One of DONE; `email` is the owner's, `values` has the words of an answer as `comment`, and `read` as `seen`
    reads it. Raises BadInput, Conflict, NotFound, Repeated.
    """
    if verb == "reply":
        await _answer(site, id, email, values)
    else:
        await act(site, verb, id, seen(values.get("read", "")))


def seen(text: str) -> int | None:
    """When the words that a page of ours showed were edited (ms), 0 for never, as its form tells; else None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_SEEN else None


async def act(site: Site, verb: str, id: int, read: int | None = None) -> bool:
    """Whether there was such a comment. Doing it again changes nothing, and neither does one that is gone.

    Raises Conflict where other words would be approved than were `read`.
    """
    verbs = {
        "spam": site.moderation.spam,
        "delete": site.moderation.delete,
        "block": site.moderation.block,
    }
    try:
        if verb == "approve":
            await site.db.write(site.moderation.approve, id, read)
        else:
            await site.db.write(verbs[verb], id)
    except NotFound:
        return False
    return True


async def _answer(site: Site, id: int, email: str, values: Mapping[str, str]) -> None:
    """Publishes the owner's words below a comment, and the comment with them."""
    words, read = await to_thread(Words, values.get("comment", "")), seen(values.get("read", ""))
    name = site.settings.from_name or site.settings.public_host
    await site.db.write(site.moderation.reply, id, name, parse(email), words, read)
