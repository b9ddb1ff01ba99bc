"""One mail to who asks, by the way of all others, and what their server said to it."""

from typing import Literal

import msgspec

from newsletter.mail import fate_of, kept
from newsletter.storage import Tx
from newsletter.web.kit.site import Site

State = Literal["queued", "sending", "sent", "deferred", "in_doubt", "failed", "skipped"]

MESSAGE = "relay_test"


class Fate(msgspec.Struct, frozen=True):
    """What became of it, and what was said."""

    state: State
    reply: str


async def send(site: Site, to: str) -> int:
    """The number by which its `fate` is asked for. It is no mail of the list: nobody is subscribed to a test."""
    return (await site.db.write(site.post.enqueue, MESSAGE, to, context={"as_all": True})).id


async def fate(tx: Tx, id: int) -> Fate | None:
    """None where there is no such mail, or it is forgotten; nor of any other mail."""
    found = await fate_of(tx, id, MESSAGE)
    return None if found is None else Fate(found.state, kept.said(found.reply))  # type: ignore[arg-type]  # the database holds what was checked
