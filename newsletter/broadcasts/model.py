"""A broadcast as its owner knows it."""

from typing import Literal, get_args

import msgspec

from newsletter.words import marked

TOPIC = "broadcasts"
"""What is woken when one has changed."""

State = Literal["draft", "scheduled", "sending", "paused", "cancelled", "sent"]
STATES: tuple[State, ...] = get_args(State)
WORDS: dict[State, str] = {
    "draft": marked("a draft"),
    "scheduled": marked("scheduled"),
    "sending": marked("on its way"),
    "paused": marked("paused"),
    "cancelled": marked("cancelled"),
    "sent": marked("sent"),
}
"""What it is then, in words."""


class Broadcast(msgspec.Struct, frozen=True):
    id: int
    slug: str
    subject: str
    preheader: str
    body: str  # Markdown
    audience: str  # a segment's text; "": everybody who is active
    sender: str  # "Name <a@b>"; "": NEWSLETTER_FROM
    archive: bool
    state: State
    send_at: int | None  # ms
    mailing_id: int | None
    filled: bool
    version: int
    created_at: int
    sent_at: int | None
    finished_at: int | None

    @property
    def editable(self) -> bool:
        return self.state in ("draft", "scheduled")
