"""What the tests of mail share: settings, the outbox's rows as they are, a sink, a worker at work."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec
import pytest

from newsletter.clock import DAY
from newsletter.mail import Mailings, Post, Worker
from newsletter.mail.claims import Delivery
from newsletter.mail.smtp import Timeouts
from newsletter.providers import read_limits
from newsletter.settings import Settings
from newsletter.storage import Database, Tx, open_database
from newsletter.tokens import Tokens
from tests.conftest import NOON, Clock
from tests.mail.sink import Sink

ADA, BEN, CLEO, OLGA = "ada@example.org", "ben@example.com", "cleo@example.org", "olga@example.com"
QUICK = Timeouts(connect=2, command=2, body=2, dot=2, idle=15, pause=0.05, longest_pause=0.2)

_CONFIRM: dict[str, Any] = {
    "form_title": "Letters on work",
    "magnet_title": "Structure your career",
    "links": {"confirm": ["/confirm/", "confirm", [41, 1]], "block": ["/block/", "block", [41, 1]]},
}
_GUIDE: dict[str, Any] = {
    "downloads": [
        {
            "title": "Structure your career",
            "size": 412_345,
            "link": ["/downloads/", "download", [41, 7]],
        }
    ],
    "links": {
        "preferences": ["/preferences/", "preferences", [41, 1]],
        "unsubscribe": ["/u/", "unsubscribe", [8 * 62**9, 1]],  # ten digits and one, as long as they get
    },
    "unsubscribe": True,
}
CONTEXTS: dict[str, dict[str, Any]] = {
    "confirmation": _CONFIRM,
    "reminder": _CONFIRM | {"asked_at": NOON - 2 * DAY},
    "guide": _GUIDE,
    "already": _GUIDE,
    "fresh_link": _GUIDE,
    "new_version": _GUIDE | {"words": ["Two more worksheets, and a chapter on the first day."]},
    "preferences": _GUIDE | {"downloads": []},
    "comment_confirm": {
        "page_host": "news.example.com",
        "newsletter": False,
        "links": {"confirm": ["/comments/confirm/", "comment", [41, 1]]},
    },
    "comment_reply": {
        "answers_you": True,
        "name": "Ben",
        "title": "On work",
        "excerpt": "I disagree, for reasons that I shall now explain at some length.",
        "address": "https://news.example.com/on-work#comment-41",
        "links": {"unsubscribe": ["/f/", "unfollow", [8 * 62**9]]},
        "unsubscribe": True,
    },
    "moderation": {
        "items": [
            {
                "name": "Ben",
                "title": "On work",
                "why": "Their first comment.",
                "excerpt": "I disagree.",
                "link": ["/comments/moderate/", "moderate", [41]],
            }
        ],
        "total": 1,
    },
    "broadcast_held": {"title": "On work", "why": "11 of the first 40 addresses were refused for good."},
    "sequence_held": {"slug": "welcome", "why": "11 of the first 40 addresses were refused for good."},
    "webhook_off": {
        "url": "https://shop.example.org/hooks",
        "why": "It failed for three days: it answered 500.",
    },
    "provider_paused": {"provider": "gmail.com", "why": "550 5.7.26 This mail is unauthenticated."},
    "invitation": {"role": "editor", "days": 7, "links": {"join": ["/admin/join/", "invite", [41]]}},
    "relay_test": {},
    "sign_in": {"minutes": 15, "links": {"sign_in": ["/admin/enter/", "sign-in", [41]]}},
}


class Row(msgspec.Struct):
    """The outbox as tests look at it."""

    id: int
    message: str
    recipient: str
    message_id: str
    state: str
    attempts: int
    resends: int
    not_before: int
    settled_at: int | None
    worker: int | None
    reply: str


async def rows(db: Database) -> list[Row]:
    async def look(tx: Tx) -> list[Row]:
        return await tx.all(
            Row,
            """SELECT id, message, recipient, message_id, state, attempts, resends, not_before, settled_at,
                      worker, reply FROM outbox ORDER BY id""",
        )

    return await db.read(look)


async def row(db: Database) -> Row:
    (only,) = await rows(db)
    return only


async def run(db: Database, sql: str, **params: Any) -> int:
    async def act(tx: Tx) -> int:
        return await tx.run(sql, **params)

    return await db.write(act)


async def eventually(check: Callable[[], Awaitable[object]], seconds: float = 10) -> None:
    """Wait until `check` holds."""
    async with asyncio.timeout(seconds):
        while not await check():
            await asyncio.sleep(0.02)


async def settled(db: Database, *states: str, seconds: float = 30) -> None:
    """Wait until the outbox's rows are in these states, in the order of their ids."""
    seen: list[str] = []

    async def check() -> bool:
        seen[:] = [one.state for one in await rows(db)]
        return seen == list(states)

    try:
        await eventually(check, seconds)
    except TimeoutError:
        pytest.fail(f"The outbox never came to {states}; it is {await rows(db)}")


def delivery(message: str = "confirmation", **changes: Any) -> Delivery:
    known: dict[str, Any] = {
        "id": 1,
        "message": message,
        "priority": 0,
        "recipient": ADA,
        "context": CONTEXTS.get(message, {}),
        "message_id": "<" + "0123456789abcdef" * 2 + "@example.com>",
        "created_at": NOON,
        "attempts": 0,
        "resends": 0,
        "claimed_at": NOON,
    }
    known |= changes
    return Delivery(**known | {"context": msgspec.json.encode(known["context"]).decode()})


@pytest.fixture
def mailings(settings: Settings) -> Mailings:
    return Mailings(settings)


@pytest.fixture
async def other(database_url: str, clock: Clock) -> AsyncIterator[Database]:
    """The same database from another process's side."""
    database = await open_database(database_url, clock=clock)
    yield database
    await database.close()


@pytest.fixture
def settings() -> Settings:
    return Settings(
        public_url="https://news.example.com",
        from_name="Olga Writes",
        from_email="letters@example.com",
        secret_keys=("test-key-" + "k" * 32,),
        postal_address="Olga, 1 Quay\nPorto",
    )


@pytest.fixture
def tokens(settings: Settings) -> Tokens:
    return Tokens(settings.secret_keys)


@pytest.fixture
def post(settings: Settings, tokens: Tokens) -> Post:
    return Post(settings, tokens)


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    sink = Sink()
    await sink.open()
    yield sink
    await sink.close()


AtWork = Callable[..., AbstractAsyncContextManager[Worker]]


@pytest.fixture
def at_work(db: Database, settings: Settings, tokens: Tokens, sink: Sink) -> AtWork:
    """``async with at_work(): …`` a worker sends to the sink; `relay` is another address, `mail_…` a limit."""

    @asynccontextmanager
    async def work(
        relay: str = "",
        on: Database = db,
        mail_per_minute: int = 0,
        mail_per_day: int = 0,
        ramp_up: int = 0,
        domains: str = "",
        **options: Any,
    ) -> AsyncIterator[Worker]:
        here = msgspec.structs.replace(
            settings,
            smtp_url=relay or f"smtp://127.0.0.1:{sink.port}?tls=off",
            mail_per_minute=mail_per_minute,
            mail_per_day=mail_per_day,
            ramp_up=ramp_up,
            domain_limits=read_limits(domains.split()),
        )
        worker = Worker(on, here, tokens, **{"timeouts": QUICK, "poll": 0.05, **options})
        running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            await worker.stop(timeout=5)
            await running

    return work


@pytest.fixture(autouse=True)
def discretion(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No test of mail may leave an address or a token in the log."""
    caplog.set_level("DEBUG", "newsletter")
    yield
    told = "\n".join(r.getMessage() for r in caplog.get_records("call") if r.name.startswith("newsletter"))
    assert not re.search(r"@example|\.org\b(?!:)|/confirm/|[A-Za-z0-9_-]{30,}", told), told
