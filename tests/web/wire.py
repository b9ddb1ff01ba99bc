"""A tiny app behind the real server, and clients that speak to it byte by byte."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection
from subprocess import PIPE, Popen
from typing import Any

from litestar import Litestar, Request, get, post
from litestar.params import FromPath
from litestar.response import Stream

from newsletter.errors import Unavailable
from newsletter.settings import Settings
from newsletter.web import process
from newsletter.web.deadlines import Deadlines
from newsletter.web.kit.edge import Edge, pass_on
from newsletter.web.server import serve

ROOT = Path(__file__).parent.parent.parent
QUICK = Deadlines(head=0.6, body=0.8, idle=0.5, unread=0.8, linger=0.3)
PATIENT = Deadlines(head=60, body=60, idle=60, unread=60, linger=60)

HELLO = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = b"POST /echo HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
FORM = HEAD + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nemail=ada"
BIG = 40_000_000
ADDRESS, NETWORK = "ada@example.org", "192.0.2.77"


class Seen:
    """What reached the app: the bodies it read to their end, and the headers of its last request."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()


@get("/")
async def hello(request: Request[Any, Any, Any]) -> str:
    seen_of(request).headers = list(request.scope["headers"])
    return "hello"


@get("/health")
async def health() -> str:
    return "ok"


@post("/echo", status_code=200)
async def echo(request: Request[Any, Any, Any]) -> str:
    body = await request.body()
    seen_of(request).headers = list(request.scope["headers"])
    seen_of(request).bodies.append(body)
    return f"{len(body)} bytes"


@post("/early", status_code=200)
async def early() -> str:
    return "I don't read"


@get("/waits")
async def waits(request: Request[Any, Any, Any]) -> str:
    seen_of(request).entered.set()
    await seen_of(request).go_on.wait()
    return "done"


@post("/waits", status_code=200)
async def waits_unread(request: Request[Any, Any, Any]) -> str:
    seen_of(request).entered.set()
    await seen_of(request).go_on.wait()
    seen_of(request).bodies.append(b"unread")
    return "done"


@post("/begins", status_code=200)
async def begins(request: Request[Any, Any, Any]) -> Stream:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"begun"
        await seen_of(request).go_on.wait()

    return Stream(chunks())


@post("/pauses", status_code=200)
async def pauses(request: Request[Any, Any, Any]) -> str:
    size = 0
    async for chunk in request.stream():
        seen_of(request).entered.set()
        await seen_of(request).go_on.wait()
        size += len(chunk)
    return f"{size} bytes"


@get("/big")
async def big() -> Stream:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(BIG // 100_000):
            yield bytes(100_000)

    return Stream(chunks(), headers={"Content-Length": str(BIG)})


@get("/people/{token:str}")
async def fails(token: FromPath[str]) -> str:
    raise KeyError(f"{token} of {ADDRESS} at {NETWORK}\x1b[31m\r\nERROR forged")


@get("/breaks-off")
async def breaks_off() -> Stream:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        raise KeyError(ADDRESS)

    return Stream(chunks())


@get("/full")
async def full() -> str:
    raise Unavailable("The disk is full. Nothing was changed.", 45)


@get("/framed")
async def framed() -> Any:
    from litestar import Response

    policy = "default-src 'none'; frame-ancestors https://blog.example.org"
    return Response("framed", headers={"Content-Security-Policy": policy, "Referrer-Policy": "origin"})


def seen_of(request: Request[Any, Any, Any]) -> Seen:
    seen: Seen = request.app.state["seen"]
    return seen


def tiny_app(seen: Seen | None = None) -> Litestar:
    app = Litestar(
        [
            hello,
            health,
            echo,
            early,
            waits,
            waits_unread,
            begins,
            pauses,
            big,
            fails,
            breaks_off,
            full,
            framed,
        ],
        exception_handlers={Exception: pass_on},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
    )
    app.state["seen"] = seen or Seen()
    return app


def edge(seen: Seen | None = None, public_url: str = "http://localhost:8000", **options: Any) -> Edge:
    settings = Settings(public_url=public_url)
    return Edge(tiny_app(seen), settings, **options)


@contextmanager
def serving(deadlines: str = "standard", drain: float = 5.0) -> Iterator[tuple[int, Popen[bytes]]]:
    """The tiny app under `serve`, in a process of its own: its port, and the process."""
    started = Popen([sys.executable, "-m", "tests.web.wire", deadlines, str(drain)], cwd=ROOT, stdout=PIPE)
    try:
        assert started.stdout
        said = (
            started.stdout.readline().decode()
        )  # its port is its own: one that was free may be taken meanwhile
        yield int(said.rpartition(":")[2]), started
    finally:
        started.kill()
        started.wait()
        if started.stdout:
            started.stdout.close()


async def say(port: int, *parts: bytes, pause: float = 0.0, wait: float = 5.0) -> tuple[bytes, bool]:
    """Everything the server answered, and whether it closed within `wait` seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send() -> None:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause)

    sending = asyncio.create_task(send())
    answer = b""
    try:
        async with asyncio.timeout(wait):
            while chunk := await reader.read(65536):
                answer += chunk
        return answer, True
    except TimeoutError:
        return answer, False
    except ConnectionError:
        return answer, True
    finally:
        sending.cancel()
        writer.close()


async def ask(port: int, raw: bytes) -> bytes:
    """The answer to one request, on a connection of its own that the client then closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(10):
            writer.write(raw)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), None
            )
            return head + (await reader.readexactly(int(length.split(b":")[1])) if length else b"")
    finally:
        writer.close()


def ask_last(port: int, raw: bytes) -> bytes:
    """The whole answer, for a client that reads nothing before it has sent everything."""
    with create_connection(("127.0.0.1", port), timeout=10) as connected:
        connected.sendall(raw)
        answer = b""
        while chunk := connected.recv(65536):
            answer += chunk
        return answer


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    chosen = {"standard": Deadlines(), "quick": QUICK}[sys.argv[1]]
    process.run(serve(edge(), "127.0.0.1", 0, drain=float(sys.argv[2]), deadlines=chosen))
