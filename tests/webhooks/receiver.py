"""A server that takes deliveries, byte for byte, and misbehaves on cue."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.mail.sink import CERTIFICATE

WELL = b"HTTP/1.1 204 No Content\r\n\r\n"
HANG = b"hang"  # never answers, keeps the line


def says(status: int, body: str = "", more: str = "") -> bytes:
    raw = body.encode()
    return b"HTTP/1.1 %d X\r\n%bContent-Length: %d\r\n\r\n%b" % (status, more.encode(), len(raw), raw)


@dataclass
class Got:
    line: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """`script` is what it answers, one after the other; then all goes well."""

    port: int = 0
    scheme: str = "http"
    script: list[bytes] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hooks?from=us"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
            line, *lines = head.split("\r\n")[:-2]
            headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
            self.got.append(Got(line, headers, await reader.readexactly(int(headers["content-length"]))))
            answer = self.script.pop(0) if self.script else WELL
            if answer == HANG:
                await reader.read()
            else:
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(*, tls: bool = False) -> AsyncIterator[Receiver]:
    receiver = Receiver(scheme="https" if tls else "http")
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0, ssl=context)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


def trusting() -> ssl.SSLContext:
    """Whoever believes that server's certificate, and no other."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))
