"""A load of requests over kept-alive connections, as fast as the server answers: one process of its own.

Usage: python -m tests.bench._load PORT CONNECTIONS SECONDS KIND; prints requests a second and the worst status.
KIND is `signup` or `comment` (a new address each time), `confirm` (tokens, one a line, on standard input) or `get`
(paths, one a line, over and over; behind a blank the ETag that is known already).
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Iterator
from typing import cast

import uvloop

HEAD = "Host: localhost:8000\r\nAccept: text/html\r\nContent-Type: application/x-www-form-urlencoded\r\n"


def signups() -> Iterator[bytes]:
    n = 0
    mark = time.time_ns()
    while True:
        n += 1
        body = f"email=reader{n}.{mark}%40example.org&name=Ada"
        yield f"POST /forms/guide HTTP/1.1\r\n{HEAD}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def confirms() -> Iterator[bytes]:
    for token in sys.stdin.read().split():
        yield f"POST /confirm/{token} HTTP/1.1\r\n{HEAD}Content-Length: 0\r\n\r\n".encode()


def comments() -> Iterator[bytes]:
    """On a hundred pages in turn, as a plain form sends them."""
    mark = time.time_ns()
    for n in itertools.count():
        body = (
            f"url=https%3A%2F%2Fblog.example.org%2Fpage-{n % 100}&title=On+work&name=Ada&website="
            f"&email=reader{n}.{mark}%40example.org&comment=I+*agree*+with+number+{n}.{mark},+and+then+some."
        )
        yield f"POST /comments HTTP/1.1\r\n{HEAD}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def gets() -> Iterator[bytes]:
    for line in itertools.cycle(sys.stdin.read().splitlines()):
        path, _, etag = line.partition(" ")
        known = f"If-None-Match: {etag}\r\n" if etag else ""
        yield f"GET {path} HTTP/1.1\r\nHost: localhost:8000\r\nAccept: text/html\r\n{known}\r\n".encode()


KINDS = {"signup": signups, "comment": comments, "confirm": confirms, "get": gets}


class Client(asyncio.Protocol):
    """One connection: the next request as soon as the answer is whole."""

    def __init__(self, requests: Iterator[bytes], tally: dict[bytes, int], done: asyncio.Event) -> None:
        self.requests, self.tally, self.done = requests, tally, done
        self.buffer = b""
        self.left = 0  # bytes of the body that are still to come, once its head is there

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by class
        self.ask()

    def ask(self) -> None:
        request = None if self.done.is_set() else next(self.requests, None)
        if request is None:
            self.done.set()
            self.transport.close()
        else:
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self.left:
            self.left -= len(data)
        else:
            self.buffer += data
            head = self.buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            length = self.buffer[:head].lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self.left = head + 4 + int(length or 0) - len(self.buffer)
        if not self.left:
            status = self.buffer[9:12]
            self.tally[status] = self.tally.get(status, 0) + 1
            self.buffer = b""
            self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.is_set():
            self.tally[b"closed"] = self.tally.get(b"closed", 0) + 1


async def main(port: int, connections: int, seconds: float, kind: str) -> None:
    loop = asyncio.get_running_loop()
    tally: dict[bytes, int] = {}
    done = asyncio.Event()
    requests = KINDS[kind]()
    began = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: Client(requests, tally, done), "127.0.0.1", port)
    loop.call_later(seconds, done.set)
    await done.wait()
    spent = time.perf_counter() - began
    total = sum(tally.values())
    print(
        total / spent,
        " ".join(f"{status.decode()}:{count}" for status, count in sorted(tally.items())),
        flush=True,
    )


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]))
