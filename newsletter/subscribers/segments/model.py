"""What a segment is: conditions about one subscriber, joined by and, or, not. `str` writes it as people do."""

from datetime import date
from typing import Literal, TypeAlias, get_args

import msgspec

from newsletter.subscribers.model import Status
from newsletter.subscribers.segments.words import spelled

Comparison = Literal["<", "<=", "=", ">=", ">"]
COMPARISONS: tuple[Comparison, ...] = get_args(Comparison)

MOST_CHARACTERS = 1_000
MOST_CONDITIONS = 50
DEEPEST = 20
"""Levels of parentheses and of `not`: far more than anybody reads, and too few to exhaust a stack."""


class Standing(msgspec.Struct, frozen=True):
    status: Status

    def __str__(self) -> str:
        return f"status:{self.status}"


class Tagged(msgspec.Struct, frozen=True):
    tag: str

    def __str__(self) -> str:
        return f"tag:{spelled(self.tag)}"


class Through(msgspec.Struct, frozen=True):
    """Confirmed a sign-up of this form, the first one or a later; an unconfirmed one anybody may have typed."""

    form: str

    def __str__(self) -> str:
        return f"form:{spelled(self.form)}"


class Downloaded(msgspec.Struct, frozen=True):
    """Any version of this guide, and not as a scanner of links does."""

    magnet: str

    def __str__(self) -> str:
        return f"downloaded:{spelled(self.magnet)}"


class Received(msgspec.Struct, frozen=True):
    """Their server has taken this broadcast."""

    broadcast_id: int

    def __str__(self) -> str:
        return f"received:{self.broadcast_id}"


class Answered(msgspec.Struct, frozen=True):
    """A form's own field has this value, to the letter. '': they left it empty, or were never asked."""

    field: str
    value: str

    def __str__(self) -> str:
        return f"field:{spelled(self.field)} = {spelled(self.value)}"


class Joined(msgspec.Struct, frozen=True):
    """The day on which they confirmed; signed up, of those who haven't. `> day` is from the day after it on."""

    comparison: Comparison
    day: date

    def __str__(self) -> str:
        return f"joined {self.comparison} {self.day.isoformat()}"


class Not(msgspec.Struct, frozen=True):
    of: "Node"

    def __str__(self) -> str:
        return f"not {_within(self.of, (And, Or))}"


class And(msgspec.Struct, frozen=True):
    parts: "tuple[Node, ...]"  # two or more

    def __str__(self) -> str:
        return " and ".join(_within(part, (And, Or)) for part in self.parts)


class Or(msgspec.Struct, frozen=True):
    parts: "tuple[Node, ...]"  # two or more

    def __str__(self) -> str:
        return " or ".join(_within(part, (Or,)) for part in self.parts)


Condition: TypeAlias = Standing | Tagged | Through | Downloaded | Received | Answered | Joined
Node: TypeAlias = Condition | Not | And | Or


class Segment(msgspec.Struct, frozen=True):
    """Some of the subscribers; all of them where it has no condition. Its `str` parses to the same again."""

    condition: Node | None = None

    def __str__(self) -> str:
        return "" if self.condition is None else str(self.condition)


def _within(node: Node, looser: tuple[type, ...]) -> str:
    """In parentheses, where what is around it would tear it apart."""
    return f"({node})" if isinstance(node, looser) else str(node)
