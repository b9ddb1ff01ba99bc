"""What is fetched for messages of SNS is bounded, whoever writes them: anybody may know the topic's name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from newsletter.clock import DAY, HOUR
from newsletter.storage import Database
from newsletter.web.hooks import sns as reading
from newsletter.web.hooks.door import Door
from tests.cast import SETTINGS, House, build
from tests.conftest import ON_ONE, Clock
from tests.web.conftest import set_clock
from tests.web.hooks.signing import HOST, TOPIC, Sns
from tests.web.hooks.test_hooks import bounced

SET = msgspec.structs.replace(SETTINGS, bounce_hooks=(f"ses={TOPIC}",))
AWAY = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
async def house(db: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> House:
    set_clock(monkeypatch, clock)
    return await build(db, SET)


@asynccontextmanager
async def writing(door: Door, address: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(door, client=(address, 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="https://news.example.org") as client:
        yield client


async def post(door: Door, body: bytes, address: str = "203.0.113.7") -> int:
    async with writing(door, address) as client:
        return (await client.post("/hooks/bounces/ses", content=body)).status_code


def forged(number: int) -> bytes:
    named = f"https://{HOST}/SimpleNotificationService-{number:032x}.pem"
    return Sns.message(MALLORY, bounced(), SigningCertURL=named)


MALLORY = Sns()


@ON_ONE
async def test_who_names_ever_new_certificates_has_few_of_them_fetched(house: House, tmp_path: Path) -> None:
    sns = Sns()
    async with sns.served(tmp_path) as fetch:
        door = Door(house.site, fetch)
        sns.answer = AWAY
        for number in range(4 * reading.FETCHES):
            assert await post(door, forged(number)) == 503
        assert len(sns.asked) == reading.FETCHES
        sns.answer = b""
        assert await post(door, sns.message(bounced()), "198.51.100.7") == 200  # others are heard
        sns.answer = AWAY
        for number in range(2 * reading.FETCHES_IN_ALL):
            await post(door, forged(number), f"10.0.{number}.7")
        assert len(sns.asked) == reading.FETCHES_IN_ALL
        assert await post(door, sns.message(bounced(), "m-2"), "198.51.100.7") == 200  # what is known is kept


@ON_ONE
async def test_a_certificate_is_good_while_it_can_t_be_fetched_anew(
    house: House, clock: Clock, tmp_path: Path
) -> None:
    sns = Sns()
    async with sns.served(tmp_path) as fetch:
        door = Door(house.site, fetch)
        assert await post(door, sns.message(bounced())) == 200
        clock.forward(DAY + HOUR)
        sns.answer = AWAY
        assert await post(door, sns.message(bounced(), "m-2", at=clock.now())) == 200
        assert len(sns.asked) == 2
