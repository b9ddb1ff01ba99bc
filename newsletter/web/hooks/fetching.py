"""One GET to a server whose name we know: bounded in time and size, by TLS, to a public address, no redirect."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httptools
import msgspec

from newsletter.errors import Unavailable
from newsletter.webhooks import is_public

LARGEST = 64 * 1024  # bytes: a certificate has two
SECONDS = 5.0

FAILED = "What this message is signed with can’t be fetched now."

Resolve = Callable[[str], Awaitable[list[str]]]


class _Reading:
    """What httptools calls back."""

    def __init__(self) -> None:
        self.body = b""
        self.is_over = False

    def on_body(self, piece: bytes) -> None:
        self.body += piece

    def on_message_complete(self) -> None:
        self.is_over = True


async def resolve(host: str) -> list[str]:
    """All addresses of a name. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


class Fetch(msgspec.Struct, frozen=True):
    """`trusts`: whose certificates are believed, else the system's; `allowed`: which addresses may be connected to."""

    trusts: ssl.SSLContext = msgspec.field(default_factory=ssl.create_default_context)
    resolve: Resolve = resolve
    allowed: Callable[[str], bool] = is_public
    port: int = 443
    seconds: float = SECONDS

    async def get(self, host: str, path: str) -> bytes:
        """What it answers with 200. Raises Unavailable: whoever sent us here may try again."""
        try:
            async with asyncio.timeout(self.seconds):
                return await self._ask(host, path)
        except (OSError, TimeoutError, httptools.HttpParserError):
            raise Unavailable(FAILED) from None

    async def _ask(self, host: str, path: str) -> bytes:
        addresses = await self.resolve(host)
        if not addresses or not all(map(self.allowed, addresses)):
            raise ConnectionError
        reader, writer = await asyncio.open_connection(
            addresses[0], self.port, ssl=self.trusts, server_hostname=host
        )
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii"))
            return await _read(reader)
        finally:
            writer.close()
            with suppress(OSError):
                writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> bytes:
    reading = _Reading()
    parser = httptools.HttpResponseParser(reading)
    seen = 0
    while not reading.is_over and (piece := await reader.read(8192)):
        seen += len(piece)
        if seen > LARGEST:
            raise ConnectionError
        parser.feed_data(piece)
    if parser.get_status_code() != 200:
        raise ConnectionError
    return reading.body
