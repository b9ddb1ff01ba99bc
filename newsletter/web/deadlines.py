"""How long a client may take. Kept apart from the sockets, so that numbers alone can test it.

uvicorn 0.54 has none of this: of 600 clients that sent a byte and waited it closed none.
"""

from enum import Enum, auto
from math import inf

import msgspec


class Deadlines(msgspec.Struct, frozen=True):
    """Seconds, unless it says otherwise."""

    head: float = 15.0  # from a request's first byte to the end of its headers
    body: float = 30.0  # without a byte of the body; and for all of it, plus its bytes at the slowest rate
    slowest: int = 4096  # bytes a second of a body that may go on
    idle: float = 10.0  # before and between requests
    unread: float = 30.0  # without a byte of our answer being taken
    linger: float = 2.0  # for what still comes in after the answer: a close at once would reset, and lose it
    head_bytes: int = 32 * 1024

    @property
    def shortest(self) -> float:
        return min(self.head, self.body, self.idle, self.unread, self.linger)


class Stage(Enum):
    """What we wait for."""

    IDLE = auto()  # a request
    HEAD = auto()  # the rest of its headers
    BODY = auto()  # the rest of its body
    ANSWER = auto()  # nothing of the client's: it is our turn
    UNREAD = auto()  # our answer to be taken
    LINGER = auto()  # the client to close, as it was answered before it was done


class Patience:
    """What was seen of one connection, and whether it has been waited for long enough.

    It is looked at every second or so rather than told of every event: a request then costs nothing.
    """

    __slots__ = ("_bytes", "_deadlines", "_first", "_moved", "_request", "_since", "_stage")

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._stage: Stage | None = None
        self._request: object = None
        self._since = self._moved = 0.0
        self._first = self._bytes = 0

    def is_over(self, now: float, stage: Stage, request: object, size: int) -> bool:
        """Looks at the connection at `now` (seconds): in which stage of which request it is, and a count of bytes
        that changes as long as something moves.
        """
        if stage is not self._stage or request is not self._request:
            self._stage, self._request = stage, request
            self._since = self._moved = now
            self._first = self._bytes = size
        elif size != self._bytes:
            self._bytes, self._moved = size, now
        return now >= self._due(stage)

    def _due(self, stage: Stage) -> float:
        give = self._deadlines
        match stage:
            case Stage.IDLE:
                return self._since + give.idle
            case Stage.HEAD:
                return self._since + give.head
            case Stage.BODY:
                earned = (self._bytes - self._first) / give.slowest
                return min(self._moved, self._since + earned) + give.body
            case Stage.UNREAD:
                return self._moved + give.unread
            case Stage.LINGER:
                return self._since + give.linger
            case Stage.ANSWER:
                return inf
