"""The door that mail comes back through: SMTP or LMTP, for the bounce domain and nobody else."""

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, syntax

from newsletter.errors import Unavailable
from newsletter.mail.bounces.model import Report
from newsletter.mail.bounces.report import read
from newsletter.mail.bounces.sender import row_of, tokens_in
from newsletter.tokens import Tokens

LARGEST = 10_000_000
"""Bytes: some send the whole of our message back, with the guide in it."""

CONNECTIONS = 20
SECONDS = 60.0
"""After so long without a command a connection is closed."""

FOR_COMPLAINTS = ("complaints", "abuse", "postmaster")
"""Local parts to which providers report complaints; whose message it was is then read from the report."""

_log = logging.getLogger(__name__)

Take = Callable[[Report], Awaitable[str]]
Answer = Callable[[str, bytes], Awaitable[str]]
"""What an answer to a notification becomes: its recipient and the mail, to the reply of SMTP."""


class Door:
    """Says who may come in, and hands on what they bring. aiosmtpd calls it by these names."""

    def __init__(
        self,
        domain: str,
        tokens: Tokens,
        take: Take,
        connections: int = CONNECTIONS,
        *,
        answer: Answer | None = None,
    ) -> None:
        self.domain = domain
        self._tokens = tokens
        self._take = take
        self._answer = answer
        self._connections = connections
        self._open = 0
        self.taken: Counter[str] = Counter()

    def enter(self) -> bool:
        if self._open >= self._connections:
            return False
        self._open += 1
        return True

    def leave(self) -> None:
        self._open -= 1

    async def handle_RCPT(  # noqa: N802  its name there
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """One at a time, so that LMTP's answer for each recipient is the one answer."""
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time, please."
        local, _, domain = address.rpartition("@")
        if domain.lower() != self.domain:
            return f"550 5.7.1 This door takes mail for {self.domain} only."
        known = any(row_of(self._tokens, token) is not None for token in tokens_in(address.encode()))
        known |= self._answer is not None and local.lower().startswith("reply+")
        if not known and local.lower() not in FOR_COMPLAINTS:
            return "550 5.1.1 No message of ours has that address."
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Go on"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802  the same
        """Taken is what is committed; where it can't be kept now, it may come again."""
        assert isinstance(envelope.content, bytes)
        if self._answer and envelope.rcpt_tos[0].lower().startswith("reply+"):
            return await self._answer(envelope.rcpt_tos[0], envelope.content)
        report = await asyncio.to_thread(read, envelope.content, envelope.rcpt_tos[0])
        try:
            effect = await self._take(report)
        except Unavailable:
            return "451 4.3.0 It can't be kept now. Please try again later."
        self.taken[report.kind] += 1
        _log.info("Something came back (%s, %s): %s.", report.kind, report.status or "no code", effect)
        return "250 2.0.0 Taken"

    async def handle_exception(self, error: Exception) -> str:
        _log.error("A mail that came back could not be taken: %s", type(error).__name__)
        return "451 4.3.0 Something went wrong here. Please try again later."


class _Conversation(SMTP):
    """Speaks SMTP, and LMTP (RFC 2033) to whoever says LHLO."""

    def __init__(self, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            door,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname=door.domain,
            ident="ready",
            timeout=SECONDS,
            command_call_limit=1_000,
            loop=loop,
        )
        self._door = door
        self._entered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._entered = self._door.enter()
        if self._entered:
            super().connection_made(transport)
            return
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 4.3.2 Too many are here now. Please come again later.\r\n")
        transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self._entered:
            self._door.leave()
            super().connection_lost(error)

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802  its name there
        await self.smtp_EHLO(arg)


@asynccontextmanager
async def listening(door: Door, listener: socket.socket) -> AsyncIterator[None]:
    """Takes what comes while the block lasts; the socket is closed with it."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Conversation(door, loop), sock=listener)
    try:
        yield
    finally:
        server.close()
