"""People who sign up, confirm and comment while a service has trouble, and what they were answered."""

import asyncio
import itertools
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from newsletter.clock import now
from newsletter.tokens import Tokens
from tests.web.wire import status

CONNECTIONS = {"sign-up": 4, "confirmation": 2, "comment": 2}
BREATH = 0.05  # seconds until one who was refused asks for something else
WAIT = b"nothing was changed. Please try again in a minute"

SIGNED_UP = """SELECT p.email FROM signups s JOIN subscribers p ON p.id = s.subscriber_id
               JOIN outbox o ON o.message_id = s.message_id"""
CONFIRMED = """SELECT s.id FROM signups s JOIN subscribers p ON p.id = s.subscriber_id
               JOIN consent_records c ON c.subscriber_id = p.id AND c.kind = 'confirmed'
               WHERE s.confirmed_at IS NOT NULL AND p.status = 'active'"""
COMMENTED = """SELECT c.raw FROM comments c JOIN commenters p ON p.id = c.commenter_id
               JOIN outbox o ON o.recipient = p.email AND o.message = 'comment_confirm'"""
UNCONFIRMED = """SELECT s.id, p.epoch FROM signups s JOIN subscribers p ON p.id = s.subscriber_id
                 WHERE s.confirmed_at IS NULL AND p.status = 'pending' ORDER BY s.id"""
STORED = {"sign-up": SIGNED_UP, "confirmation": CONFIRMED, "comment": COMMENTED}
Rows = Callable[[str], list[tuple[Any, ...]]]


class Visitors:
    """They speak to a service at one port; `rows` asks its database."""

    def __init__(self, port: int, key: str, rows: Rows) -> None:
        self.port = port
        self.answered: dict[str, set[str]] = {kind: set() for kind in CONNECTIONS}
        self.ahead = 0  # ms that the service's clock is ahead of ours
        self.refused = Counter[str]()  # by kind
        self.strange: list[bytes] = []  # neither done nor a 503 that says what to do
        self._rows = rows
        self._tokens = Tokens((key,))
        self._numbers = itertools.count()
        self._asking: list[asyncio.Task[None]] = []

    def come(self) -> None:
        makers = {
            "sign-up": self._sign_ups(),
            "confirmation": self._confirmations(),
            "comment": self._comments(),
        }
        self._asking = [
            asyncio.create_task(self._asks(kind, requests))
            for kind, requests in makers.items()
            for _ in range(CONNECTIONS[kind])
        ]

    async def go(self) -> None:
        """What they have asked for and not heard of by now, nobody may count on."""
        for task in self._asking:
            task.cancel()
        for result in await asyncio.gather(*self._asking, return_exceptions=True):
            assert result is None or isinstance(result, asyncio.CancelledError), result

    def lost(self) -> dict[str, int]:
        """What was answered well and is not there."""
        return {
            kind: len(keys - {str(key) for (key,) in self._rows(STORED[kind])})
            for kind, keys in self.answered.items()
        }

    def counts(self) -> dict[str, int]:
        return {kind: len(keys) for kind, keys in self.answered.items()}

    async def _asks(self, kind: str, requests: Iterator[tuple[str, bytes]]) -> None:
        """One after the other on one connection, and on a new one where it breaks."""
        while True:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                with closing(writer):
                    for key, request in requests:
                        writer.write(request)
                        head, body = await answer(reader)
                        await self._hears(kind, key, head, body)
            await asyncio.sleep(BREATH)

    async def _hears(self, kind: str, key: str, head: bytes, body: bytes) -> None:
        if not key:
            await asyncio.sleep(BREATH)
        elif status(head) in (200, 303):
            self.answered[kind].add(key)
        elif status(head) == 503 and b"retry-after: " in head.lower() and WAIT in body:
            self.refused[kind] += 1
            await asyncio.sleep(BREATH)
        else:
            self.strange.append(head + body)

    def _sign_ups(self) -> Iterator[tuple[str, bytes]]:
        for n in self._numbers:
            email = f"new{n}@example.org"
            yield email, post("/forms/guide", f"email={email.replace('@', '%40')}&name=Ada")

    def _confirmations(self) -> Iterator[tuple[str, bytes]]:
        """Who was refused comes again, as they were asked to."""
        while True:
            waiting = self._rows(f"{UNCONFIRMED} LIMIT 50")
            for id, epoch in waiting:
                token = self._tokens.make("confirm", id, epoch, now=now() + self.ahead)
                yield str(id), post(f"/confirm/{token}", "")
            if not waiting:
                yield "", b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def _comments(self) -> Iterator[tuple[str, bytes]]:
        for n in self._numbers:
            page = f"url=https%3A%2F%2Fblog.example.org%2Fpage-{n % 20}&title=On+work"
            body = f"{page}&name=Ada&website=&email=said{n}%40example.org&comment=I+agree+with+{n}."
            yield f"I agree with {n}.", post("/comments", body)


def rows_of(file: Path) -> Rows:
    """Asks a SQLite file, beside the service that has it open."""

    def rows(sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(file, timeout=30)) as raw, raw:
            raw.execute("PRAGMA wal_autocheckpoint = 0")  # that is the service's
            return raw.execute(sql).fetchall()

    return rows


def post(path: str, body: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost:8000\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}".encode()


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return head, await reader.readexactly(int(length or 0))


def message_id(content: bytes) -> str:
    head = content.partition(b"\r\n\r\n")[0]
    (line,) = [line for line in head.split(b"\r\n") if line.lower().startswith(b"message-id: ")]
    return line.partition(b": ")[2].decode()
