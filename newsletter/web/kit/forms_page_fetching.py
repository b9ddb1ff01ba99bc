"""A page of the owner's, read once: bounded in time and size, from a public address, never off its own origin."""

import asyncio
import socket
import ssl
from contextlib import suppress
from urllib.parse import urljoin, urlsplit

import httptools
import msgspec

from newsletter import __version__
from newsletter.errors import BadInput
from newsletter.webhooks import Resolve, Target, allowed, read_target, resolve
from newsletter.words import gettext

LARGEST = 1_000_000  # bytes that are read; a form further down is not found
SECONDS = 10.0  # for all of it
MOST_STEPS = 4  # the page, and redirects to it
_MOST_HEAD = 65_536

NO_ANSWER = "The page did not answer within 10 seconds."
NOT_THERE = "Its server’s name can’t be found."
NO_CONNECTION = "There is no connection to its server."
NO_TLS = "Its server’s certificate can’t be trusted."
NO_HTTP = "What its server answers is no HTTP."
STATUS = "Its server answers {}. Is the page public, and its address right?"
NO_PAGE = "This is no page but a file of another kind."
LEADS_AWAY = "It leads on to another site, {}. Please give the address of the page itself."
LEADS_NOWHERE = "It leads on to something that is no address."
ROUND = "It leads from one address to the next, and to no page."


class Page(msgspec.Struct, frozen=True):
    url: str  # where it was in the end
    html: str


class _Answer:
    """What httptools calls back."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.body = bytearray()  # which may come byte by byte
        self.is_over = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.setdefault(name.lower(), value)

    def on_body(self, piece: bytes) -> None:
        self.body.extend(piece)

    def on_message_complete(self) -> None:
        self.is_over = True


class Fetch(msgspec.Struct, frozen=True):
    """`local`: pages of this machine too, without https, as on a developer's; `trusts`: whose certificates."""

    local: bool
    trusts: ssl.SSLContext
    resolve: Resolve = resolve
    seconds: float = SECONDS

    async def page(self, url: str) -> Page:
        """Raises BadInput, with the reason that there is none."""
        try:
            async with asyncio.timeout(self.seconds):
                return await self._follow(url)
        except TimeoutError:
            raise BadInput(NO_ANSWER) from None
        except ssl.SSLError:
            raise BadInput(NO_TLS) from None
        except socket.gaierror:
            raise BadInput(NOT_THERE) from None
        except httptools.HttpParserError:
            raise BadInput(NO_HTTP) from None
        except (OSError, UnicodeError):
            raise BadInput(NO_CONNECTION) from None

    async def _follow(self, url: str) -> Page:
        origin = _origin(url)
        for _ in range(MOST_STEPS):
            status, answer = await self._ask(read_target(url, local=self.local))
            if not 300 <= status < 400:
                return _page(url, status, answer)
            url = _next(url, answer.headers.get(b"location", b""))
            if _origin(url) != origin:
                raise BadInput(gettext(LEADS_AWAY).format(_origin(url)[:200]))
        raise BadInput(ROUND)

    async def _ask(self, target: Target) -> tuple[int, _Answer]:
        address = allowed(target, await self.resolve(target.host, target.port))[0]
        trusts, name = (self.trusts, target.host) if target.tls else (None, None)
        reader, writer = await asyncio.open_connection(address, target.port, ssl=trusts, server_hostname=name)
        try:
            writer.write(_request(target))
            return await _read(reader)
        finally:
            writer.close()
            with suppress(OSError):
                writer.transport.abort()


def _next(url: str, location: bytes) -> str:
    """Where `url` leads on to. Raises BadInput."""
    try:
        whole = urljoin(url, location.decode("ascii")).partition("#")[0]
        urlsplit(whole)
    except ValueError:
        raise BadInput(LEADS_NOWHERE) from None
    return whole


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _request(target: Target) -> bytes:
    lines = (
        f"GET {target.path} HTTP/1.1",
        f"Host: {target.authority}",
        f"User-Agent: authors-newsletter/{__version__}",
        "Accept: text/html",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode("ascii")


async def _read(reader: asyncio.StreamReader) -> tuple[int, _Answer]:
    answer = _Answer()
    parser = httptools.HttpResponseParser(answer)
    seen = 0
    while not answer.is_over and len(answer.body) < LARGEST and seen < LARGEST + _MOST_HEAD:
        piece = await reader.read(16_384)
        if not piece:
            break
        seen += len(piece)
        try:
            parser.feed_data(piece)
        except httptools.HttpParserUpgrade:  # 101: what follows is no page
            break
        if parser.get_status_code() < 200:
            answer.is_over = False  # it only says that it goes on
    return parser.get_status_code(), answer


def _page(url: str, status: int, answer: _Answer) -> Page:
    if status != 200:
        raise BadInput(gettext(STATUS).format(status) if status else NO_CONNECTION)
    kind = answer.headers.get(b"content-type", b"").decode("latin-1").lower()
    if not kind.startswith(("text/html", "application/xhtml+xml")):
        raise BadInput(NO_PAGE)
    return Page(url, answer.body[:LARGEST].decode("utf-8", "replace"))
