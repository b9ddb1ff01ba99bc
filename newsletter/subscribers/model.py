"""What a subscriber is, apart from where it is stored."""

from typing import Literal

import msgspec

from newsletter.errors import BadInput
from newsletter.words import marked

Status = Literal["pending", "active", "unsubscribed", "bounced", "complained", "blocked"]

STATUSES: tuple[Status, ...] = (
    marked("pending"),
    marked("active"),
    marked("unsubscribed"),
    marked("bounced"),
    marked("complained"),
    marked("blocked"),
)

MUTE: frozenset[Status] = frozenset({"bounced", "complained", "blocked"})
"""Those who are mailed nothing, whatever is asked in their name."""


class Subscriber(msgspec.Struct):
    id: int
    email: str
    email_key: str
    status: Status
    name: str
    fields: str  # JSON
    epoch: int
    created_at: int
    confirmed_at: int | None
    unsubscribed_at: int | None
    paused_until: int | None
    consent_head: str


class NotMe(msgspec.Struct):
    """How the address stands after “this wasn’t me”; `traces` is what `db.scrub` is for.

    `left`: it is not subscribed, and the link is from before it left, so it was not blocked either.
    """

    standing: Literal["blocked", "active", "left", "gone"]
    subscriber_id: int = 0
    traces: tuple[str, ...] = ()


class Topic(msgspec.Struct):
    """A tag the owner made public: people choose it themselves."""

    name: str
    title: str
    chosen: bool


def tag_name(text: str) -> str:
    """The name of a tag, as exports list them: between commas, on one line. Raises BadInput."""
    name = text.strip()
    if not name or "," in name or not name.isprintable():
        raise BadInput("The name of a tag is one line without a comma.")
    return name


class Consent(msgspec.Struct):
    """What was agreed to. Times in epoch ms; `detail` is JSON (channel, page, the IP where switched on)."""

    subscriber_id: int
    number: int
    kind: str
    at: int
    requested_at: int | None = None
    form_id: int | None = None
    wording_id: int | None = None
    message_id: str = ""
    detail: str = "{}"
    hash: str = ""
