"""What a subscriber is, apart from where it is stored."""

from typing import Literal, get_args

import msgspec

Status = Literal["pending", "active", "unsubscribed", "bounced", "complained", "blocked"]

STATUSES: tuple[Status, ...] = get_args(Status)

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


class Topic(msgspec.Struct):
    """A tag the owner made public: people choose it themselves."""

    name: str
    title: str
    chosen: bool
