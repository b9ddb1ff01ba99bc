"""One end of an SMTP conversation: commands out, replies in, in order, bounded, each with its deadline.

aiosmtplib opens the connection and hands its transport over; from then on it waits for one reply per command
and cannot say whether a time-out struck before or after the final dot. This can, and it may pipeline.
"""

import asyncio
import math
import re
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

LONGEST_REPLY = 65_536  # bytes, all lines of it
MOST_UNREAD = 8
_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_LONGEST_WORDS = 500
_CLOSING = 2.0  # seconds for a polite goodbye


class Reply(NamedTuple):
    code: int
    words: str

    @property
    def said(self) -> str:
        """All of it on one line, not too long, without what steers a terminal."""
        said = f"{self.code} {self.words}"
        return (said if said.isprintable() else CONTROL.sub(" ", said))[:_LONGEST_WORDS]


class Broken(Exception):
    """The conversation can't go on: cut off, silent for too long, or not SMTP."""


class Wire(asyncio.Protocol):
    """Takes `transport` over from whoever opened it. One at a time waits for it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._lines: list[str] = []  # of a reply that is not complete
        self._code = 0
        self._size = 0  # of those lines
        self._replies: deque[Reply] = deque()
        self._why_broken = ""
        self._full = False  # the kernel takes nothing more for the moment
        self._gone = False
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = self._rings_at = math.inf  # by the loop's clock
        self._alarm: asyncio.TimerHandle | None = None
        self._late = ""
        transport.set_protocol(self)
        transport.set_write_buffer_limits(high=1, low=0)  # so that `drained` means: handed to the kernel

    @property
    def quiet(self) -> bool:
        """Whole, and nothing was said that nobody asked for."""
        return not (
            self._why_broken or self._replies or self._buffer or self._lines or self._transport.is_closing()
        )

    @property
    def unsent(self) -> int:
        """Bytes that are not with the kernel yet."""
        return self._transport.get_write_buffer_size()

    @property
    def tls(self) -> str:
        session = self._transport.get_extra_info("ssl_object")
        return session.version() or "" if session else ""

    def write(self, data: bytes) -> None:
        """Raises Broken."""
        if self._why_broken:
            raise Broken(self._why_broken)
        self._transport.write(data)

    async def drained(self, timeout: float) -> None:  # noqa: ASYNC109  every phase has its own
        """Wait until all that was written is with the kernel, or the server speaks. Raises Broken."""
        await self._until(
            lambda: not self._full or self._has_news(),
            timeout,
            "The server did not take the message in time.",
        )
        if self._why_broken:
            raise Broken(self._why_broken)

    async def reply(self, timeout: float) -> Reply:  # noqa: ASYNC109  every phase has its own
        """The next reply, one per command in their order. Raises Broken."""
        if not self._replies:
            await self._until(self._has_news, timeout, "The server did not answer in time.")
            if not self._replies:
                raise Broken(self._why_broken)
        return self._replies.popleft()

    def _has_news(self) -> bool:
        return bool(self._replies or self._why_broken)

    def took(self, classes: Sequence[int]) -> bool:
        """Whether the next replies are there and of these classes, one after the other: then they are taken."""
        if len(self._replies) < len(classes):
            return False
        for reply, good in zip(self._replies, classes, strict=False):
            if reply.code // 100 != good:
                return False
        for _ in classes:
            self._replies.popleft()
        return True

    async def _until(self, is_so: Callable[[], bool], timeout: float, else_: str) -> None:  # noqa: ASYNC109  every phase has its own
        """Many messages go in one `timeout`: an alarm for each would cost more than one that is put off."""
        self._deadline, self._late = self._loop.time() + timeout, else_
        if self._deadline < self._rings_at:
            self._set_alarm()
        try:
            while not is_so():
                self._waiter = self._loop.create_future()
                await self._waiter
        finally:
            self._waiter, self._deadline = None, math.inf

    def _set_alarm(self) -> None:
        if self._alarm:
            self._alarm.cancel()
        self._rings_at = self._deadline
        self._alarm = self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._alarm, self._rings_at = None, math.inf
        if self._deadline <= self._loop.time():
            self.cut(self._late)
        elif self._deadline is not math.inf:
            self._set_alarm()

    def _tell(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def cut(self, why: str) -> None:
        """End it here and now."""
        self._why_broken = self._why_broken or why
        self._transport.abort()
        self._tell()

    def distrust(self, why: str) -> None:
        """As `cut`, and what was said already counts no more."""
        self._replies.clear()
        self.cut(why)

    async def close(self) -> None:
        """Say goodbye, and don't wait long for the answer."""
        try:
            self.write(b"QUIT\r\n")
            await self.reply(_CLOSING)
        except Broken:
            pass
        self._transport.close()
        await self._until(lambda: self._gone, _CLOSING, "closed")

    def data_received(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if self._why_broken:
                return
            self._take(line)
        if self._size + len(self._buffer) > LONGEST_REPLY or len(self._replies) > MOST_UNREAD:
            self.cut("The server's answer has no end.")
        if self._replies:
            self._tell()

    def _take(self, line: bytes) -> None:
        read = _read(line)
        if not read or (self._lines and read[0].code != self._code):
            self.cut("The server's answer is not SMTP.")
            return
        reply, last = read
        if last and not self._lines:
            self._replies.append(reply)
            return
        self._code = reply.code
        self._lines.append(reply.words)
        self._size += len(line) + 1
        if last:
            self._replies.append(Reply(self._code, " ".join(self._lines)))
            self._lines, self._size = [], 0

    def eof_received(self) -> bool:
        self.cut("The server closed the connection.")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.cut(f"The connection was lost{f' ({exc})' if exc else ''}.")
        self._gone = True
        if self._alarm:
            self._alarm.cancel()
        self._tell()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._tell()


@lru_cache(maxsize=64)  # most lines of a server are the same for every message
def _read(line: bytes) -> tuple[Reply, bool] | None:
    """A line of a reply, and whether it is the last one; None when it is not SMTP."""
    match = _LINE.fullmatch(line.removesuffix(b"\r"))
    return (
        (Reply(int(match[1]), (match[3] or b"").decode("utf-8", "replace")), match[2] != b"-")
        if match
        else None
    )
