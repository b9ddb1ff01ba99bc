"""What the tests of webhooks share: the service on each engine, a receiver, and the round of the clock."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from newsletter import webhooks
from newsletter.storage import Database, Tx
from newsletter.webhooks import EVENTS, Delivery, Webhook
from newsletter.webhooks.rounds import Rounds
from tests.cast import SETTINGS, House, build
from tests.conftest import Clock
from tests.web.conftest import set_clock
from tests.webhooks.receiver import Got, Receiver, receiving

OLGA = "olga@example.net"
OWN = msgspec.structs.replace(SETTINGS, owner_email=OLGA, allowed_origins=("https://blog.example.org",))


@dataclass
class Post:
    """A house whose clock stands still, and `receiver`, to which its webhooks lead."""

    house: House
    receiver: Receiver
    clock: Clock
    rounds: Rounds

    @property
    def db(self) -> Database:
        return self.house.db

    async def hook(self, *events: str, url: str = "") -> Webhook:
        return await self.db.write(webhooks.add, url or self.receiver.url, events or EVENTS, local=True)

    async def goes(self, ms: int = 0) -> list[Got]:
        """What arrives in a round of the clock, `ms` later."""
        self.clock.forward(ms)
        before = len(self.receiver.got)
        await self.rounds.once()
        await self.rounds.idle()
        return self.receiver.got[before:]

    async def find(self, hook: Webhook) -> Webhook:
        return await self.db.read(webhooks.find, hook.id)

    async def log(self, hook: Webhook) -> list[Delivery]:
        return await self.db.read(webhooks.log, hook.id, 100)

    async def run(self, sql: str, **params: Any) -> None:
        async def act(tx: Tx) -> int:
            return await tx.run(sql, **params)

        await self.db.write(act)


def rounds_of(house: House) -> Rounds:
    site = house.site
    return Rounds(site.db, site.tokens, site.settings, site.post, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@pytest.fixture
async def post(db: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    set_clock(monkeypatch, clock)
    house = await build(db, OWN)
    rounds = rounds_of(house)
    async with receiving() as receiver:
        yield Post(house, receiver, clock, rounds)
        await rounds.stop()
