"""The owner's acts on one comment, as the desk and the mailed page both offer them."""

from newsletter.addresses import parse
from newsletter.errors import BadInput, NotFound
from newsletter.web.kit.site import Site

ACTS = {
    "approve": "It is published.",
    "spam": "It is spam, and what reads like it will be held.",
    "delete": "It is deleted.",
    "block": "It is spam, and so is all that its author sends from now on.",
}
"""Each verb with what it did, for the page that follows."""

LONGEST = 10_000
"""Characters of an answer, as of any comment."""


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


async def answer(site: Site, id: int, email: str, raw: str) -> None:
    """Publishes the owner's words below a comment, and the comment with them. Raises BadInput, NotFound, Repeated."""
    if not raw.strip():
        sentence = "Please write an answer."
        raise BadInput(sentence, {"comment": sentence})
    name = site.settings.from_name or site.settings.public_host
    await site.db.write(site.moderation.reply, id, name, parse(email), raw)
