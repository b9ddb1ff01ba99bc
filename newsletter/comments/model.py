"""What a comment, its thread and its author are, apart from where they are stored."""

from typing import Literal

import msgspec

from newsletter.addresses import Address
from newsletter.clock import DAY
from newsletter.comments.text import render

Status = Literal["unverified", "pending", "approved", "spam", "deleted"]
Policy = Literal["all", "first", "none"]
Follow = Literal["", "replies", "thread"]


class Thread(msgspec.Struct):
    """The comments of one page."""

    id: int
    url: str
    title: str
    closed: bool
    shown: int  # comments that the public sees
    version: int  # counts up with each change of what the public sees
    created_at: int


class Commenter(msgspec.Struct):
    id: int
    email: str
    email_key: str
    confirmed_at: int | None
    approved: int  # comments that the owner let stand
    blocked: bool
    epoch: int


class Comment(msgspec.Struct):
    """A comment whole, for the owner and for its author."""

    id: int
    thread_id: int
    parent_id: int | None
    path: str
    commenter_id: int | None
    by_owner: bool
    name: str
    website: str
    avatar: str
    raw: str
    html: str
    status: Status
    why: str
    follow: Follow
    signup_id: int | None
    created_at: int
    edited_at: int | None
    learned: Literal["", "spam", "ham"] = ""  # what the owner taught by it

    @property
    def depth(self) -> int:
        """0 for one that answers the article itself."""
        return len(self.path) // 16 - 1


class Options(msgspec.Struct):
    """How the owner wants comments judged and shown."""

    policy: Policy  # who is held: all, those whom the owner hasn't let stand yet, or none
    depth: int  # levels of replies
    most_links: int
    close_after_days: int  # 0: never
    rules: str
    spam: int
    ham: int
    told_at: int  # when the owner last got a mail about what waits

    def closes(self, thread: Thread, now: int) -> bool:
        days = self.close_after_days
        return thread.closed or bool(days and thread.created_at < now - days * DAY)


class Words(msgspec.Struct):
    """What somebody wrote, rendered once, and outside of any transaction: hostile text takes up to 0.2 s (measured)."""

    raw: str
    html: str = ""

    def __post_init__(self) -> None:
        self.html = self.html or render(self.raw)


class Draft(Words, kw_only=True):
    """What a form brought, cleaned and checked."""

    url: str  # canonical
    title: str = ""
    parent_id: int | None = None
    name: str
    address: Address
    website: str = ""
    network: str = ""  # for the owner's rules; never stored
    follow: Follow = ""
    signup_id: int | None = None
    signup_epoch: int = 0


class Written(msgspec.Struct):
    """What became of a draft."""

    id: int
    status: Status
    message_id: str = ""  # of the mail that asks to confirm it, with its angle brackets
