"""What a webhook and a delivery are, apart from where they are stored."""

from typing import Literal, get_args

import msgspec

from newsletter.clock import DAY, HOUR, MINUTE, SECOND

Event = Literal[
    "subscriber.confirmed",
    "subscriber.unsubscribed",
    "subscriber.bounced",
    "subscriber.complained",
    "subscriber.erased",
    "comment.published",
    "broadcast.finished",
]
EVENTS: tuple[Event, ...] = get_args(Event)
TEST = "webhook.test"
"""What the owner sends to try one; nobody can choose it."""

State = Literal["queued", "sent", "failed"]
STATES: tuple[State, ...] = get_args(State)

DELAYS = (10 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 15 * HOUR, DAY)
"""After each try that failed, in ms; after the last of them it is given up, two days after the first."""

PATIENCE = 3 * DAY
"""So long may a webhook fail without one delivery that goes well; then it is switched off."""

OVERLAP = DAY
"""So long is it signed with the secret before the newest one too."""

KEPT = 30 * DAY
"""So long a delivery stands in the log."""

TOPIC = "webhooks"
"""What there is to send was changed: Database.wait."""


class Webhook(msgspec.Struct, frozen=True):
    """Times in epoch ms."""

    id: int
    url: str
    events: str  # with spaces between them
    state: Literal["on", "off"]
    why: str  # it is off; '' when its owner wanted so
    secret: int  # the number of its newest; the secret itself is kept nowhere
    overlap_until: int  # so long it is signed with the one before too
    since: int  # what happened before it is not told
    noted_to: int  # so far it was looked for what happened
    held_until: int  # a worker has it, or it is left alone for a while
    failing_since: int | None
    created_at: int

    @property
    def chosen(self) -> list[str]:
        return self.events.split()


class Delivery(msgspec.Struct, frozen=True):
    """One event to one webhook. Nobody's address is in it: its body is made when it is sent."""

    id: int
    webhook_id: int
    event: str
    subject_id: int  # the row that the event is about
    subscriber_id: int | None
    at: int  # when it happened
    state: State
    attempts: int
    not_before: int
    tried_at: int | None
    status: int  # HTTP's; 0: there was no answer
    took: int  # ms
    answer: str  # its first characters, or why there is none


class Answer(msgspec.Struct, frozen=True):
    """What came of one try."""

    status: int
    words: str
    took: int  # ms

    @property
    def is_well(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """The receiver wants nothing more: 410, as Standard Webhooks has it."""
        return self.status == 410

    @property
    def is_in_trouble(self) -> bool:
        """Not about this one delivery: another would fare no better."""
        return self.status in (0, 408, 429) or self.status >= 500
