"""Told to stop at whatever moment, a worker ends: also as it looks for work, before it lies down to wait for some."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from newsletter.mail import Post, Worker
from newsletter.mail.life import beat
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.conftest import ON_ONE
from tests.mail.between import Between
from tests.mail.conftest import ADA, CONTEXTS

pytestmark = ON_ONE


class Looking(Between):
    """A database that tells the worker to stop while it is asked something, and then answers."""

    def __init__(self, db: Database, nth: int) -> None:
        super().__init__(db)
        self._left = nth
        self.stop: Callable[[], Awaitable[None]]
        self.stopping: asyncio.Task[None] | None = None

    async def read(self, *asked: Any, **words: Any) -> Any:
        answer = await self._db.read(*asked, **words)
        await self._told()
        return answer

    async def written(self, write: Any, *asked: Any, **words: Any) -> Any:
        answer = await write(*asked, **words)
        await self._told()
        return answer

    async def _told(self) -> None:
        self._left -= 1
        if self._left == 0:
            self.stopping = asyncio.ensure_future(self.stop())
            await asyncio.sleep(0)


@pytest.mark.parametrize("nth", range(1, 9))
async def test_it_ends(db: Database, post: Post, settings: Settings, tokens: Tokens, nth: int) -> None:
    await db.write(beat, 7)  # another one, who is alive
    await db.write(post.enqueue, "confirmation", ADA, context=CONTEXTS["confirmation"])
    looking: Any = Looking(db, nth)
    away = msgspec.structs.replace(settings, smtp_url="smtp://127.0.0.1:9?tls=off")
    worker = Worker(looking, away, tokens, poll=3600)
    looking.stop = worker.stop
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(15):
        await running
        assert looking.stopping
        await looking.stopping
