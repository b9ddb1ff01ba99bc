"""What a sequence is, apart from where it is stored: steps in an order, and where people stand in it."""

import re
from collections.abc import Iterable
from typing import Literal, Protocol, TypeVar

import msgspec

from newsletter.clock import DAY, HOUR, MINUTE
from newsletter.errors import BadInput
from newsletter.words import gettext as _

Start = Literal["confirmed", "tag", "downloaded"]

BEFORE_THE_FIRST = 0
"""Where somebody stands who got no step yet; else it is the id of the last step that they got."""

LONGEST_DELAY = 366 * DAY
LONGEST_NAME = 200  # characters, of what starts one

_UNITS = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY}
_DELAY = re.compile(r"([0-9]{1,6})\s*(minute|hour|day|week)s?")


class Sequence(msgspec.Struct, frozen=True):
    id: int
    slug: str
    start: Start
    start_value: str  # the tag's name, the magnet's slug; for `confirmed` the form's slug, or "" for any
    state: Literal["off", "on"]
    why: str  # it is off; "" when its owner wanted so
    since: int  # ms; what happened before starts nothing

    @property
    def started_by(self) -> str:
        """As it is written in a file: ``tag:coaching``."""
        return f"{self.start}:{self.start_value}" if self.start_value else self.start


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A step as its owner writes it."""

    slug: str
    delay: int  # ms after the one before; of the first, after the start
    subject: str
    preheader: str = ""
    body: str  # Markdown
    sender: str = ""  # "Name <a@b>"; "": NEWSLETTER_FROM


class Plan(msgspec.Struct, frozen=True):
    """A whole sequence as its owner writes it."""

    slug: str
    start: Start
    start_value: str
    steps: list[Words]


class Place(msgspec.Struct, frozen=True):
    """A step's place in the order, without its words. One that was removed keeps it for those who stand there."""

    id: int
    removed: bool
    delay: int
    revision: int


class Step(Place, frozen=True):
    slug: str
    subject: str
    preheader: str
    body: str
    sender: str


class _Placed(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def removed(self) -> bool: ...


P = TypeVar("P", bound=_Placed)


def following(steps: Iterable[P]) -> dict[int, P | None]:
    """For each place where somebody may stand, in order, the step that is next there; None at the end."""
    after: dict[int, P | None] = {}
    ahead: P | None = None
    for step in reversed([*steps]):
        after[step.id] = ahead
        if not step.removed:
            ahead = step
    return {BEFORE_THE_FIRST: ahead, **dict(reversed(after.items()))}


def in_order(before: list[str], now: list[str]) -> list[str]:
    """The new order, with those that are in it no more right before what came after them.

    So who stands at a removed one goes on as they would have, and gets nothing that took its place.
    """
    order = list(now)
    for index in range(len(before) - 1, -1, -1):
        if before[index] not in now:
            later = before[index + 1] if index + 1 < len(before) else None
            order.insert(order.index(later) if later else len(order), before[index])
    return order


def read_delay(text: str) -> int:
    """``2 days``, ``90 minutes``, ``at once`` in ms. Raises BadInput."""
    said = " ".join(text.lower().split())
    if said == "at once":
        return 0
    found = _DELAY.fullmatch(said)
    delay = int(found[1]) * _UNITS[found[2]] if found else -1
    if not 0 <= delay <= LONGEST_DELAY:
        raise BadInput("A delay is written like “2 days”, “3 hours” or “at once”, and is a year at most.")
    return delay


def split_delay(delay: int) -> tuple[int, str]:
    """In the largest unit that it has a whole number of: ``(2, "day")``."""
    unit = next((name for name, ms in reversed(_UNITS.items()) if delay % ms == 0), "minute")
    return delay // _UNITS[unit], unit


def say_delay(delay: int) -> str:
    """As `read_delay` takes it."""
    if not delay:
        return "at once"
    count, unit = split_delay(delay)
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def read_start(text: str) -> tuple[Start, str]:
    """``confirmed``, ``confirmed:course``, ``tag:coaching``, ``downloaded:structure-your-career``. Raises BadInput."""
    kind, colon, value = (part.strip() for part in text.partition(":"))
    if kind == "confirmed" and bool(colon) == bool(value) and len(value) <= LONGEST_NAME:
        return "confirmed", value
    if kind in ("tag", "downloaded") and 0 < len(value) <= LONGEST_NAME:
        return ("tag" if kind == "tag" else "downloaded"), value
    raise BadInput(
        _(
            "“start” is confirmed, confirmed:… with a form's name, tag:… with a tag's name, "
            "or downloaded:… with a guide's name."
        )
    )
