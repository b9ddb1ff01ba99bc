"""What is promised of comments, in plain Python: whose words the public sees, and what the owner's decisions taught.

A model beside the service, for `test_comment_states.py`; it knows no SQL, and leaves to the service only how much a
text reads like spam. Times are epoch milliseconds.
"""

from dataclasses import dataclass, field
from typing import Literal

from newsletter.clock import DAY
from newsletter.comments import Policy, Status

Wish = Literal["", "replies", "thread", "none"]
"""What somebody wants to hear of on a page; `none`: they have left it, and no comment of theirs changes that."""


@dataclass
class Author:
    confirmed: bool = False
    blocked: bool = False
    since: int = 0


@dataclass
class Said:
    """One comment; `by` is an address, "" for the owner, None where it may not be kept."""

    id: int
    by: str | None
    page: str
    parent: int | None
    raw: str
    status: Status
    at: int
    follow: Wish = ""
    edited: bool = False
    decided: int = 0
    learned: Literal["", "ham", "spam"] = ""
    due: bool = False  # its followers are still to be told
    told: bool = False  # they were, and never are again

    @property
    def key(self) -> tuple[str, int | None, str | None, str]:
        """What is the same for a button pressed twice."""
        return (self.page, self.parent, "Olga" if self.by == "" else "Somebody", self.raw)


@dataclass
class Table:
    policy: Policy
    authors: dict[str, Author] = field(default_factory=dict)
    said: dict[int, Said] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    stood: dict[str, set[int]] = field(default_factory=dict)  # of an author: what the owner let stand
    lessons: dict[int, str] = field(default_factory=dict)  # also of comments that are gone
    wishes: dict[tuple[str, str], Wish] = field(default_factory=dict)  # by page and address

    def author(self, by: str, now: int) -> Author:
        return self.authors.setdefault(by, Author(since=now))

    def is_there(self, draft: Said) -> bool:
        return any(
            one.key == draft.key and not one.edited and one.status != "deleted" for one in self.said.values()
        )

    def trusts(self, by: str) -> bool:
        """Whether the policy lets this author speak at once."""
        author = self.authors[by]
        if author.blocked or not author.confirmed:
            return False
        return self.policy == "none" or (self.policy == "first" and bool(self.stood.get(by)))

    def may_become(self, by: str) -> set[str]:
        """The states in which a new comment of theirs may stand."""
        author = self.authors[by]
        if author.blocked:
            return {"spam"}
        if not author.confirmed:
            return {"unverified", "spam"}
        return {"spam", "pending", "approved"} if self.trusts(by) else {"spam", "pending"}

    def learn(self, one: Said, lesson: Literal["ham", "spam"]) -> None:
        if one.by == "":
            return
        one.learned = lesson
        self.lessons[one.id] = lesson
        if one.by:
            mine = self.stood.setdefault(one.by, set())
            (mine.add if lesson == "ham" else mine.discard)(one.id)

    def settled(self, one: Said) -> None:
        """It has come before the public, or before the owner."""
        if one.status == "approved":
            one.due = not one.told
        if one.by and one.follow and one.status in ("approved", "pending"):
            held = self.wishes.setdefault((one.page, one.by), one.follow)
            if held != "none" and one.follow == "thread":
                self.wishes[one.page, one.by] = "thread"

    def hears(self, one: Said) -> set[str]:
        """Who is mailed of it: confirmed, not blocked, and never its own author."""
        parent = self.said.get(one.parent or 0)
        answered = parent.by if parent else None
        return {
            by
            for (page, by), wish in self.wishes.items()
            if page == one.page and (wish == "thread" or (wish == "replies" and by == answered))
            if by != one.by and self.authors[by].confirmed and not self.authors[by].blocked
        }

    def below(self, id: int) -> list[Said]:
        return [one for one in self.said.values() if one.parent == id]

    def take_away(self, one: Said) -> None:
        """An empty place stays where others have answered, for as long as they do."""
        if self.below(one.id):
            one.status, one.by, one.raw = "deleted", None, ""
            return
        del self.said[one.id]
        parent = self.said.get(one.parent or 0)
        if parent and parent.status == "deleted" and not self.below(parent.id):
            self.take_away(parent)

    def forget_idle(self, by: str) -> None:
        author = self.authors[by]
        if (
            not author.confirmed
            and not author.blocked
            and not any(by == who for _, who in self.wishes)
            and not any(one.by == by for one in self.said.values())
        ):
            del self.authors[by]
            self.stood.pop(by, None)

    def old(self, now: int) -> list[int]:
        """What nobody confirmed or can confirm in thirty days, and spam of that age."""
        return [
            one.id
            for one in self.said.values()
            if (one.decided or one.at) < now - 30 * DAY
            and (one.status in ("unverified", "spam") or (one.status == "pending" and one.by is None))
        ]
