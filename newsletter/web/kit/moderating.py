"""The owner's acts on one comment, and its page, as the desk and the mailed link both offer them."""

from asyncio import to_thread
from collections.abc import Mapping
from typing import Any

from litestar import Response

from newsletter.addresses import parse
from newsletter.comments import LONGEST, Words
from newsletter.errors import BadInput, NotFound, Repeated
from newsletter.web.kit import problems
from newsletter.web.kit.site import Site

ACTS = {
    "approve": "It is published.",
    "spam": "It is spam, and what reads like it will be held.",
    "delete": "It is deleted.",
    "block": "It is spam, and so is all that its author sends from now on.",
}
"""Each verb for any number of comments, with what it did, for the page that follows."""

DONE = {**ACTS, "reply": "Your answer is published."}
"""The same of all verbs for one comment."""


async def page(
    site: Site,
    template: str,
    id: int,
    *,
    done: str = "",
    values: Mapping[str, str] | None = None,
    error: BadInput | Repeated | None = None,
    field: str = "comment",
    **more: Any,
) -> Response[str]:
    """The comment with all that can be done about it; `error` stands beside its fields, else beside `field`.

    Raises NotFound.
    """
    status = problems.outcome(error)[0] if error else 200
    fields = error.fields if isinstance(error, BadInput) else {}
    return site.pages.page(
        template,
        status,
        comment=await site.db.read(site.moderation.look, id),
        done=done,
        values=values or {},
        errors=fields or ({field: error.sentence} if error else {}),
        longest=LONGEST,  # characters
        **more,
    )


async def do(site: Site, verb: str, id: int, email: str, raw: str) -> None:
    """One of DONE; `email` is the owner's, `raw` the words of an answer. Raises BadInput, NotFound, Repeated."""
    if verb == "reply":
        await _answer(site, id, email, raw)
    else:
        await act(site, verb, id)


async def act(site: Site, verb: str, id: int) -> bool:
    """Whether there was such a comment. Doing it again changes nothing, and neither does one that is gone."""
    verbs = {
        "approve": site.moderation.approve,
        "spam": site.moderation.spam,
        "delete": site.moderation.delete,
        "block": site.moderation.block,
    }
    try:
        await site.db.write(verbs[verb], id)
    except NotFound:
        return False
    return True


async def _answer(site: Site, id: int, email: str, raw: str) -> None:
    """Publishes the owner's words below a comment, and the comment with them. Raises BadInput, NotFound, Repeated."""
    name = site.settings.from_name or site.settings.public_host
    await site.db.write(site.moderation.reply, id, name, parse(email), await to_thread(Words, raw))
