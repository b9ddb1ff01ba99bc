"""A real SMTP server on a free loopback port, so that the demonstration mails as it would anywhere else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope

from newsletter.demo.inbox import Inbox


class _Mailbox:
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def handle_DATA(self, _server: Any, _session: Any, letter: Envelope) -> str:  # noqa: N802  its name there
        """Keeps the mail as mailboxes do: the envelope's addresses above the headers (RFC 5321 §4.4)."""
        assert isinstance(letter.content, bytes)
        lines = [f"Return-Path: <{letter.mail_from}>", *(f"Delivered-To: {to}" for to in letter.rcpt_tos)]
        self._inbox.keep("".join(f"{line}\r\n" for line in lines).encode() + letter.content)
        return "250 Kept"


@asynccontextmanager
async def mail_server(inbox: Inbox) -> AsyncIterator[int]:
    """Takes mail for anybody while the block lasts; the value is its port."""
    loop = asyncio.get_running_loop()
    mailbox = _Mailbox(inbox)
    server = await loop.create_server(
        lambda: SMTP(mailbox, hostname="localhost", ident="newsletter demo", enable_SMTPUTF8=True, loop=loop),
        "127.0.0.1",
        0,
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
