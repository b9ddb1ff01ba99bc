"""One end of an SMTP conversation: commands out, replies in, in order, bounded, each with its deadline.

aiosmtplib opens the connection and hands its transport over; from then on it waits for one reply per command
and cannot say whether a time-out struck before or after the final dot. This can, and it may pipeline.
"""

import asyncio
import re
from collections import deque
from typing import NamedTuple

LONGEST_REPLY = 65_536  # bytes, all lines of it
MOST_UNREAD = 8
_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
_CLOSING = 2.0  # seconds for a polite goodbye


class Reply(NamedTuple):
    code: int
    words: str

    def __str__(self) -> str:
        return f"{self.code} {self.words}"


class Broken(Exception):
    """The conversation can't go on: cut off, silent for too long, or not SMTP."""


class Wire(asyncio.Protocol):
    """Takes `transport` over from whoever opened it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._buffer = bytearray()
        self._lines: list[str] = []  # of a reply that is not complete
        self._code = 0
        self._size = 0
        self._replies: deque[Reply] = deque()
        self._why_broken = ""
        self._changed = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._gone = asyncio.Event()
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
        await self._until(self._writable, timeout, "The server did not take the message in time.")
        if self._why_broken:
            raise Broken(self._why_broken)

    async def reply(self, timeout: float) -> Reply:  # noqa: ASYNC109  every phase has its own
        """The next reply, one per command in their order. Raises Broken."""
        if not self._replies and not self._why_broken:
            self._changed.clear()
            await self._until(self._changed, timeout, "The server did not answer in time.")
        if not self._replies:
            raise Broken(self._why_broken)
        return self._replies.popleft()

    async def _until(self, event: asyncio.Event, timeout: float, else_: str) -> None:  # noqa: ASYNC109  every phase has its own
        timer = asyncio.get_running_loop().call_later(
            timeout, self.cut, else_
        )  # half the price of asyncio.timeout
        try:
            await event.wait()
        finally:
            timer.cancel()

    def cut(self, why: str) -> None:
        """End it here and now."""
        self._why_broken = self._why_broken or why
        self._transport.abort()
        self._changed.set()
        self._writable.set()

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
        await self._until(self._gone, _CLOSING, "closed")

    def data_received(self, data: bytes) -> None:
        if self._why_broken:
            return
        self._buffer += data
        self._size += len(data)
        while not self._why_broken and (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._take(line.removesuffix(b"\r"))
        if self._size > LONGEST_REPLY or len(self._replies) > MOST_UNREAD:
            self.cut("The server's answer has no end.")

    def _take(self, line: bytes) -> None:
        match = _LINE.fullmatch(line)
        if not match or (self._lines and int(match[1]) != self._code):
            self.cut("The server's answer is not SMTP.")
            return
        self._code = int(match[1])
        self._lines.append((match[3] or b"").decode("utf-8", "replace"))
        if match[2] != b"-":
            self._replies.append(Reply(self._code, " ".join(self._lines)))
            self._lines = []
            self._size = len(self._buffer)
            self._changed.set()
            self._writable.set()

    def eof_received(self) -> bool:
        self.cut("The server closed the connection.")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.cut(f"The connection was lost{f' ({exc})' if exc else ''}.")
        self._gone.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()
