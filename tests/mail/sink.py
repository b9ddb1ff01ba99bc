"""A mail server that takes what it gets, byte for byte, and misbehaves on cue.

`script` names, for each phase, what to do the first, second … time; a phase that is not named goes well.
An act is a reply, or one of the words below.
"""

import asyncio
import contextlib
import re
import socket
import ssl
import struct
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

WELL = ""  # as if nothing were named
HANG = "hang"  # never answer, keep the line
RESET = "reset"  # RST
CLOSE = "close"  # FIN
GARBAGE = "garbage"  # an answer that isn't SMTP
ENDLESS = "endless"  # 10 MB of an answer without an end
HALF = "half"  # the first two digits of an answer, then FIN
LAST = "last"  # what goes well, then FIN

CERTIFICATE = Path(__file__).parent / "localhost.pem"


class Mail(NamedTuple):
    sender: bytes
    recipient: bytes
    content: bytes  # dots unstuffed
    at: float  # seconds, monotonic


class _GoneError(Exception):
    pass


class Sink:
    def __init__(self) -> None:
        self.script: dict[str, list[str]] = {}
        self.extensions: Sequence[str] = ("PIPELINING", "8BITMIME", "SIZE 20000000")
        self.stubborn = False  # asks for a body though nobody is there to get it
        self.tls: ssl.SSLContext | None = None  # for STARTTLS
        self.mails: list[Mail] = []
        self.dotted: list[Mail] = []  # whole, whatever the answer was
        self.commands: list[bytes] = []  # in clear and encrypted
        self.clear: list[bytes] = []  # those that anybody on the way could read
        self.connections = 0
        self.most = 0  # connections that it takes at once; 0: any number
        self.refused = 0  # for that
        self.hasty = 0  # how often somebody had said more before they were answered
        self.gate: asyncio.Event | None = None  # no answer to a dot before it is set
        self.delay = 0.0  # seconds before the answer to the dot
        self.port = 0
        self._server: asyncio.Server | None = None
        self._conversations: set[asyncio.Task[None]] = set()

    def plays(self, script: Mapping[str, str | Sequence[str]]) -> None:
        self.script = {
            phase: [acts] if isinstance(acts, str) else list(acts) for phase, acts in script.items()
        }

    async def open(self, *, implicit: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, ssl=implicit, limit=1 << 20
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Also ends every conversation."""
        if self._server:
            self._server.close()
            self._server = None
        for conversation in self._conversations:
            conversation.cancel()
        if self._conversations:
            await asyncio.wait(self._conversations)
        for _ in range(3):
            await asyncio.sleep(0)  # what was aborted is closed in the loop's next rounds

    def line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> "Line":
        """The other end of a connection."""
        return Line(self, reader, writer)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._converse(self.line(reader, writer)))
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)

    async def _converse(self, line: "Line") -> None:
        try:
            if 0 < self.most < len(self._conversations):
                self.refused += 1
                await line.answer("greeting", "421 4.7.0 too many connections")
                return
            await line.answer("greeting", "220 sink.example.org at your service")
            while command := await line.reader.readline():
                self.commands.append(command)
                if not line.encrypted:
                    self.clear.append(command)
                await line.obey(command)
        except (_GoneError, ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            line.writer.transport.abort()


class Line:
    """One conversation."""

    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sink = sink
        self.reader = reader
        self.writer = writer
        self.encrypted = writer.get_extra_info("sslcontext") is not None
        self.sender = self.recipient = b""
        self._leaving = False
        self._verbs: dict[bytes, Callable[[bytes], Awaitable[object]]] = {
            b"EHLO": self._ehlo,
            b"HELO": self._plainly("HELO", "250 sink"),
            b"STARTTLS": self._starttls,
            b"AUTH": self._plainly("AUTH", "235 2.7.0 welcome"),
            b"MAIL": self._mail,
            b"RCPT": self._rcpt,
            b"DATA": self._data,
            b"RSET": self._rset,
            b"QUIT": self._quit,
        }

    async def obey(self, command: bytes) -> None:
        verb = command.split(b" ")[0].strip().upper()
        await self._verbs.get(verb, self._plainly("?", "500 what"))(command)
        if self._leaving:
            await self._close()

    def _plainly(self, phase: str, reply: str) -> Callable[[bytes], Awaitable[object]]:
        return lambda _command: self.answer(phase, reply)

    async def answer(self, phase: str, well: str) -> bool:
        """The next act of this phase, or `well`. Whether it went well."""
        return await self._play(self.next(phase) or well, well)

    def next(self, phase: str) -> str:
        """What is to be done in this phase."""
        acts = self.sink.script.get(phase)
        return acts.pop(0) if acts else WELL

    async def _play(self, act: str, well: str) -> bool:
        if act == HANG:
            await self.reader.read(-1)
            raise _GoneError
        if act == RESET:
            linger = struct.pack("ii", 1, 0)
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            raise _GoneError
        if act == CLOSE:
            await self._close()
        if act == LAST:
            self._leaving, act = True, well
        if act == GARBAGE:
            act = "\x00\x01 HTTP/1.1 teapot"
        if act == ENDLESS:
            for _ in range(10_000):
                await self._say("250-" + "x" * 1000)
            act = "250 x"
        if act == HALF:
            self.writer.write(b"25")
            await self._close()
        await self._say(act)
        return act == well

    async def _say(self, reply: str) -> None:
        self.sink.hasty += bool(self.reader._buffer)  # type: ignore[attr-defined]  # no public way to look
        self.writer.write(reply.encode() + b"\r\n")
        await self.writer.drain()

    async def _close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()
        raise _GoneError

    async def _ehlo(self, _command: bytes) -> None:
        offers = [*self.sink.extensions, *(["STARTTLS"] if self.sink.tls and not self.encrypted else [])]
        lines = ["sink.example.org", *offers]
        reply = "\r\n".join(f"250{' ' if n == len(lines) else '-'}{line}" for n, line in enumerate(lines, 1))
        await self.answer("EHLO", reply)
        if act := self.next("greeted"):
            await self._play(act, WELL)

    async def _starttls(self, _command: bytes) -> None:
        if not await self.answer("STARTTLS", "220 go ahead") and self.sink.script.get("TLS") != ["injected"]:
            return
        assert self.sink.tls
        await self.writer.start_tls(self.sink.tls)
        self.encrypted = True

    async def _mail(self, command: bytes) -> None:
        if await self.answer("MAIL", "250 sender ok"):
            self.sender = _address(command)

    async def _rcpt(self, command: bytes) -> None:
        if not self.sender and not self.sink.stubborn:
            await self._say("503 from whom?")
        elif await self.answer("RCPT", "250 recipient ok"):
            self.recipient = _address(command)

    async def _data(self, _command: bytes) -> None:
        if not self.recipient and not self.sink.stubborn:
            await self._say("503 nobody to send it to")
            return
        if not await self.answer("DATA", "354 go on"):
            return
        if act := self.next("body"):
            await self.reader.read(1000)
            await self._play(act, WELL)
        content = await self.body()
        mail = Mail(self.sender, self.recipient, content, time.monotonic())
        self.sender = self.recipient = b""
        if not mail.recipient:
            await self._say("554 nobody")
            return
        self.sink.dotted.append(mail)
        if self.sink.gate:
            await self.sink.gate.wait()
        await asyncio.sleep(self.sink.delay)
        if await self.answer("dot", "250 taken"):
            self.sink.mails.append(mail)

    async def body(self) -> bytes:
        """Up to its final dot."""
        lines: list[bytes] = []
        while (line := await self.reader.readuntil(b"\n")) != b".\r\n":
            assert line.endswith(b"\r\n"), line
            assert b"\r" not in line[:-2], line
            lines.append(line.removeprefix(b".") if line.startswith(b".") else line)
        return b"".join(lines)

    async def _rset(self, _command: bytes) -> None:
        self.sender = self.recipient = b""
        await self.answer("RSET", "250 forgotten")

    async def _quit(self, _command: bytes) -> None:
        await self._say("221 bye")
        await self._close()


def _address(command: bytes) -> bytes:
    match = re.search(rb"<(.*?)>", command)
    assert match
    return match[1]


def server_tls() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    return context


def client_tls() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))
