"""One mail to who asks, by the way of all others, and what their server said to it."""

from typing import Literal, get_args

import msgspec

from newsletter.broadcasts import Draft
from newsletter.mail import deliveries, kept
from newsletter.storage import Tx
from newsletter.web.kit import broadcasting
from newsletter.web.kit.site import Site

State = Literal["queued", "sending", "sent", "deferred", "in_doubt", "failed", "skipped"]

_MAIL = Draft(
    subject="A test from your desk",
    body="This mail went the way that all of yours go. If you read it, your mail server takes what we send.",
)


class Fate(msgspec.Struct, frozen=True):
    """What became of it, and what was said."""

    state: State
    reply: str


async def send(site: Site, to: str) -> int:
    """The number by which its `fate` is asked for. Raises BadInput."""
    return await broadcasting.send_sample(site, _MAIL, to)


async def fate(tx: Tx, id: int) -> Fate | None:
    """None where there is no such mail, or it is forgotten; nor of one that went to a subscriber."""
    if await deliveries(tx, id, "", "", (0, 0), 1):
        return None
    for state in get_args(State):
        found = await deliveries(tx, id, state, "", (0, 0), 1)
        if found:
            return Fate(state, kept.said(found[0].reply))
    return None
