"""What a file says about a person, and what came of it."""

from collections import Counter
from typing import Literal

import msgspec

from newsletter.subscribers.model import Status

Target = Literal[
    "email",
    "name",
    "first_name",
    "last_name",
    "status",
    "subscribed",
    "disabled",
    "tags",
    "joined",
    "confirmed",
    "unsubscribed",
    "fields",
    "ignore",
]
"""What a column can be for. `subscribed` and `disabled` say yes or no; `fields` is a JSON object. Beside these there
is ``field:name``, which keeps the column as a field of the person's own."""

STRICTEST: tuple[Status, ...] = ("complained", "bounced", "blocked", "unsubscribed", "active")
"""Of two rows about one address the stricter one holds: nobody is written to because a file says two things."""


class Refused(msgspec.Struct, frozen=True):
    """A row that was not taken in, and why. The reason never holds the address."""

    line: int
    reason: str  # a sentence


class Row(msgspec.Struct, frozen=True, gc=False):  # it can be in no ring, and a million of them come
    """One row of a file: the line that it begins at, and a cell for each column."""

    line: int
    cells: list[str]


class Person(msgspec.Struct, array_like=True, gc=False):  # as above
    """A row that can be taken in. Times in epoch ms."""

    line: int
    email: str
    key: str
    status: Status
    name: str
    tags: list[str]
    fields: str  # JSON
    joined: int | None
    confirmed: int | None
    left: int | None


class Tally(msgspec.Struct):
    """What came of the rows: new people by status, who was here before, and who was refused."""

    added: dict[str, int] = msgspec.field(default_factory=dict)
    here: int = 0  # active already: they got the tags
    left: int = 0  # here before, and not active: they stay as they are
    refused: int = 0

    def plus(self, other: "Tally") -> "Tally":
        added = Counter(self.added)
        added.update(other.added)
        return Tally(
            dict(added), self.here + other.here, self.left + other.left, self.refused + other.refused
        )

    @property
    def total(self) -> int:
        return sum(self.added.values())
