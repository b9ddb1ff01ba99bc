"""Real mail servers, some of which want a login or take nothing."""

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword


@dataclass
class Box:
    """What came to a server, and how it answers."""

    port: int = 0
    refuses: str = ""
    logins: list[tuple[str, str]] = field(default_factory=list)
    mails: list[Envelope] = field(default_factory=list)
    hold: asyncio.Event | None = None  # no answer to a mail before it is set

    @property
    def to(self) -> list[str]:
        return [one.rcpt_tos[0] for one in self.mails]

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        if self.refuses:
            return self.refuses
        self.mails.append(envelope)
        if self.hold:
            await self.hold.wait()
        return "250 2.0.0 taken, thank you"


@asynccontextmanager
async def relay(login: tuple[str, str] | None = None) -> AsyncIterator[Box]:
    """A server on this machine; with `login` it takes mail from that name alone."""
    box = Box()

    def knows(_server: object, _session: object, _envelope: object, _how: str, given: object) -> AuthResult:
        assert isinstance(given, LoginPassword)
        said = (given.login.decode(), given.password.decode())
        box.logins.append(said)
        return AuthResult(success=said == login, handled=False)

    def line() -> SMTP:
        more: dict[str, Any] = (
            {"authenticator": knows, "auth_required": True, "auth_require_tls": False} if login else {}
        )
        with warnings.catch_warnings(action="ignore"):  # that a login in clear is a risk
            return SMTP(box, hostname="localhost", loop=asyncio.get_running_loop(), **more)

    server = await asyncio.get_running_loop().create_server(line, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
