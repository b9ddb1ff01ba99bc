"""How long a client may take, and how much it may send before its request counts as one.

Kept apart from the sockets, so that numbers alone can test it. uvicorn 0.54 has none of this: of 600 clients
that sent a byte and waited it closed none.
"""

from enum import Enum, auto
from math import inf

import msgspec


class Deadlines(msgspec.Struct, frozen=True):
    """Seconds, unless it says otherwise."""

    head: float = 15.0  # from connecting, and from a request's first byte, to the end of its headers
    body: float = 30.0  # without a byte of the body; and for all of it, plus its bytes at the slowest rate
    slowest: int = 4096  # bytes a second of a body that may go on
    idle: float = 10.0  # between two requests
    answer: float = 30.0  # without a byte of our answer being taken
    linger: float = 2.0  # for the rest of what was answered unread: a close would reset, and lose, the answer
    head_bytes: int = 32 * 1024

    @property
    def shortest(self) -> float:
        return min(self.head, self.body, self.idle, self.answer, self.linger)


class Stage(Enum):
    """What a connection is waited for."""

    IDLE = auto()  # a request
    HEAD = auto()  # the rest of its headers
    BODY = auto()  # the rest of its body
    ANSWER = auto()  # nothing: it is our turn
    REFUSED = auto()  # its end: the answer is out


class Patience:
    """One connection's stage, and the moment (seconds of a monotonic clock) until which it is waited for."""

    __slots__ = ("_began", "_deadlines", "_size", "due", "stage")

    def __init__(self, deadlines: Deadlines, now: float) -> None:
        self._deadlines = deadlines
        self._began = now
        self._size = 0
        self.stage = Stage.IDLE
        self.due = now + deadlines.head

    def begun(self, now: float) -> None:
        """The first byte of a request is here."""
        self.stage = Stage.HEAD
        self.due = now + self._deadlines.head

    def headed(self, now: float) -> None:
        """Its headers are complete."""
        self.stage = Stage.BODY
        self._began = now
        self._size = 0
        self.due = now + self._deadlines.body

    def fed(self, now: float, size: int) -> None:
        """So many more bytes of its body are here."""
        self._size += size
        until = self._began + self._deadlines.body + self._size / self._deadlines.slowest
        self.due = min(until, now + self._deadlines.body)

    def whole(self, now: float, *, answered: bool) -> None:
        """All of it is here."""
        self.stage = Stage.IDLE if answered else Stage.ANSWER
        self.due = now + self._deadlines.idle if answered else inf

    def answered(self, now: float) -> None:
        """Our answer is written, and no further request waits for its own."""
        if self.stage is Stage.BODY:
            self.due = min(self.due, now + self._deadlines.linger)
        elif self.stage is Stage.HEAD:
            self.due = now + self._deadlines.head
        else:
            self.stage = Stage.IDLE
            self.due = now + self._deadlines.idle

    def refused(self, now: float) -> None:
        self.stage = Stage.REFUSED
        self.due = now + self._deadlines.linger

    def extend(self, now: float) -> None:
        """It can't go on because of us."""
        self.due = now + self._deadlines.body
