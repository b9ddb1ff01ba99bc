"""One POST to a server that nobody here knows: bounded in time and size, to an address that was looked at first.

No redirect is followed, no proxy is used, no connection is kept. What comes back is read as far as the log shows it.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import httptools
import msgspec

from newsletter import __version__, clock
from newsletter.errors import BadInput
from newsletter.webhooks.model import Answer
from newsletter.webhooks.targets import Target, allowed, read_target

Resolve = Callable[[str, int], Awaitable[list[str]]]

MOST_HEAD = 32_768  # bytes until the end of the headers, and of what is read after them
SHOWN = 300  # characters of an answer that are kept
MOST_ADDRESSES = 3  # of one name, tried one after the other

NO_ANSWER = "No answer came within {:g} seconds."
NOT_THERE = "Its name can’t be found."
NO_CONNECTION = "No connection: {}."
NO_TLS = "Its certificate can’t be trusted: {}."
NO_HTTP = "What it answered is no HTTP."
CUT_OFF = "It closed the connection without an answer."
REDIRECT = "It leads elsewhere, and redirects are not followed: give the address itself. "

_ADDRESS = re.compile(r"[^\s@\"'<>]{1,64}@[^\s@\"'<>]{1,253}")
_SPACE = re.compile(r"[^\x21-\x7e\u00a1-\uffff]+")


class _Reading:
    """What httptools calls back."""

    def __init__(self) -> None:
        self.body = b""
        self.status = 0
        self.is_over = False

    def on_body(self, piece: bytes) -> None:
        self.body += piece[: MOST_HEAD - len(self.body)]

    def on_message_begin(self) -> None:
        self.body, self.is_over = b"", False

    def on_message_complete(self) -> None:
        self.is_over = True


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


class Wire(msgspec.Struct, frozen=True):
    """`seconds` is all that a try may take; `trusts` is whose certificates are believed."""

    local: bool  # this machine can be reached, without https, as on a developer's
    trusts: ssl.SSLContext
    resolve: Resolve = resolve
    seconds: float = 15.0

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """What came of it; a failure is an answer too, with status 0."""
        began = clock.monotonic()
        reading = _Reading()
        words = ""
        try:
            async with asyncio.timeout(self.seconds):
                await self._ask(url, headers, body, reading)
        except TimeoutError:
            words = "" if reading.status else NO_ANSWER.format(self.seconds)
        except BadInput as error:
            words = error.sentence
        except ssl.SSLCertVerificationError as error:
            words = NO_TLS.format(error.verify_message.rstrip("."))
        except socket.gaierror:
            words = NOT_THERE
        except httptools.HttpParserError:
            reading.status, words = 0, NO_HTTP
        except (OSError, UnicodeError) as error:
            words = "" if reading.status else NO_CONNECTION.format(_reason(error))
        took = int((clock.monotonic() - began) * 1000)
        return Answer(reading.status, words or _shown(reading), took)

    async def _ask(self, url: str, headers: Mapping[str, str], body: bytes, reading: _Reading) -> None:
        target = read_target(url, local=self.local)
        addresses = allowed(target, await self.resolve(target.host, target.port))
        reader, writer = await self._connect(target, addresses[:MOST_ADDRESSES])
        try:
            writer.write(_request(target, headers, body))
            await writer.drain()
            await _read(reader, reading)
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                writer.transport.abort()

    async def _connect(
        self, target: Target, addresses: list[str]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To one of the very addresses that were looked at; TLS asks for the name. Raises OSError."""
        trusts, name = (self.trusts, target.host) if target.tls else (None, None)
        for address in addresses[:-1]:
            with suppress(ConnectionError):
                return await asyncio.open_connection(address, target.port, ssl=trusts, server_hostname=name)
        return await asyncio.open_connection(addresses[-1], target.port, ssl=trusts, server_hostname=name)


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.authority}",
        f"User-Agent: authors-newsletter/{__version__}",
        "Accept: */*",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join((*lines, "", "")).encode("ascii") + body


async def _read(reader: asyncio.StreamReader, reading: _Reading) -> None:
    """Until the answer is whole, or as much of it as is worth reading. Raises OSError, HttpParserError."""
    parser = httptools.HttpResponseParser(reading)
    seen = 0
    while seen < 2 * MOST_HEAD and len(reading.body) < SHOWN * 4:
        piece = await reader.read(4096)
        if not piece:
            break
        seen += len(piece)
        parser.feed_data(piece)
        status = parser.get_status_code()
        if status >= 200:  # before that it only says that it goes on
            reading.status = status
            if reading.is_over:
                return
    if not reading.status:
        raise ConnectionResetError(CUT_OFF)


def _reason(error: Exception) -> str:
    words = str(getattr(error, "strerror", "") or error).rstrip(".") or type(error).__name__
    return _plain(words)


def _shown(reading: _Reading) -> str:
    words = _plain(reading.body.decode("utf-8", "replace"))
    return (REDIRECT + words if 300 <= reading.status < 400 else words)[:SHOWN].strip()


def _plain(words: str) -> str:
    """On one line, and without any address: an answer may repeat what it was told."""
    return _ADDRESS.sub("…", _SPACE.sub(" ", words[: SHOWN * 4])).strip()
