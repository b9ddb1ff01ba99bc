"""Mail comes back through a door of its own, and the right person is mailed no more."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from newsletter.mail.bounces import listener
from newsletter.mail.bounces.listener import Door, listening
from newsletter.mail.bounces.model import Report
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.tokens import Tokens
from newsletter.web.process import listen
from tests.cast import House, build
from tests.conftest import ON_ONE
from tests.mail.conftest import ADA, AtWork, settled
from tests.mail.sink import Sink

DOMAIN = "bounces.example.com"
SAMPLES = Path(__file__).parent / "samples"


class Talk:
    """A mail server's side of it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def hears(self) -> str:
        while (line := (await self._reader.readline()).decode())[3:4] == "-":
            pass
        return line.strip()

    async def says(self, *lines: str) -> str:
        """The answer to the last of them."""
        for line in lines:
            self._writer.write(f"{line}\r\n".encode())
            answer = await self.hears()
        return answer

    async def hands_over(self, recipient: str, mail: bytes, hello: str = "EHLO mx.example.org") -> str:
        refused = await self.says(hello, "MAIL FROM:<>", f"RCPT TO:<{recipient}>")
        if not refused.startswith("250"):
            return refused
        await self.says("DATA")
        body = mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").replace(b"\r\n.", b"\r\n..")
        self._writer.write(body + b"\r\n.\r\n")
        return await self.hears()

    async def sends(self, raw: bytes) -> str:
        self._writer.write(raw)
        return await self.hears()

    def close(self) -> None:
        self._writer.close()

    def breaks_off(self) -> None:
        """Without the end that a connection has otherwise: a reset."""
        at_once = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self._writer.transport.abort()


async def call(port: int) -> Talk:
    return Talk(*await asyncio.open_connection("127.0.0.1", port))


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, bounce_domain=DOMAIN)


@pytest.fixture
async def house(db: Database, settings: Settings) -> House:
    return await build(db, settings)


@pytest.fixture
async def port(house: House) -> AsyncIterator[int]:
    async def take(report: Report) -> str:
        return await house.db.write(house.site.returns.take, report)

    at = listen("127.0.0.1", 0)
    async with listening(Door(DOMAIN, house.site.tokens, take, connections=2), at):
        yield at.getsockname()[1]


def sample(name: str, sender: bytes) -> bytes:
    token = sender.partition(b"+")[2].partition(b"@")[0]
    return (SAMPLES / f"{name}.eml").read_bytes().replace(b"{token}", token)


@ON_ONE
@pytest.mark.parametrize("hello", ["EHLO mx.example.org", "LHLO mx.example.org"])
async def test_a_bounce_suppresses_the_right_person(
    house: House, db: Database, sink: Sink, at_work: AtWork, port: int, hello: str
) -> None:
    await house.joins("ben@example.com")
    await house.joins(ADA)
    async with at_work():
        await settled(db, "sent", "sent", "sent", "sent")
    (mail, *_) = [one for one in sink.mails if one.recipient == ADA.encode()]
    talk = await call(port)
    assert (await talk.hears()).startswith("220")
    # The report names another address: it is not believed.
    bounce = sample("hard-postfix-unknown", mail.sender).replace(b"ada@example.net", b"ben@example.com")
    assert await talk.hands_over(mail.sender.decode(), bounce, hello) == "250 2.0.0 Taken"
    talk.close()
    assert (await house.person(ADA)).status == "bounced"
    assert (await house.person("ben@example.com")).status == "active"


@ON_ONE
async def test_it_takes_nothing_that_is_not_for_it(house: House, port: int) -> None:
    talk = await call(port)
    await talk.hears()
    forged = f"bounce+{'a' * 45}@{DOMAIN}"
    assert (await talk.hands_over(forged, b"x")).startswith("550 5.1.1")
    assert (await talk.says("RSET", "MAIL FROM:<>", "RCPT TO:<ada@elsewhere.example>")).startswith(
        "550 5.7.1"
    )
    assert (await talk.says(f"RCPT TO:<Complaints@{DOMAIN}>")).startswith("250")
    assert (await talk.says(f"RCPT TO:<complaints@{DOMAIN}>")).startswith("452")
    talk.close()


@ON_ONE
async def test_a_complaint_comes_to_an_address_of_its_own(
    house: House, db: Database, sink: Sink, at_work: AtWork, port: int
) -> None:
    await house.joins(ADA)
    async with at_work():
        await settled(db, "sent", "sent")
    talk = await call(port)
    await talk.hears()
    report = sample("complaint-arf-abuse", sink.mails[0].sender)
    assert (await talk.hands_over(f"complaints@{DOMAIN}", report)).startswith("250")
    talk.close()
    assert (await house.person(ADA)).status == "complained"


@ON_ONE
async def test_more_than_it_has_room_for_are_sent_away(house: House, port: int) -> None:
    first, second, third = await call(port), await call(port), None
    assert [(await one.hears())[:3] for one in (first, second)] == ["220", "220"]
    third = await call(port)
    assert (await third.hears())[:3] == "421"
    third.close()
    assert (await first.says("QUIT"))[:3] == "221"
    async with asyncio.timeout(10):
        while (await (again := await call(port)).hears())[:3] != "220":
            again.close()
    for one in (first, second, again):
        one.close()


@ON_ONE
@pytest.mark.parametrize(
    ("line", "answer"),
    [(b"x" * 70 + b"\r\n", "552"), (b"x" * 2_000_000 + b"\r\n", "500")],
    ids=["lines", "a line"],
)
async def test_more_than_the_largest_mail_is_refused_and_the_door_stays_open(
    monkeypatch: pytest.MonkeyPatch, port: int, line: bytes, answer: str
) -> None:
    monkeypatch.setattr(listener, "LARGEST", 1_000_000)
    talk = await call(port)
    await talk.hears()
    await talk.says("EHLO mx.example.org", "MAIL FROM:<>", f"RCPT TO:<complaints@{DOMAIN}>", "DATA")
    assert (await talk.sends(line * (2_000_000 // len(line) + 1) + b".\r\n"))[:3] == answer
    talk.close()
    talk = await call(port)
    await talk.hears()
    assert (await talk.sends(b"EHLO " + b"x" * 2_000_000 + b"\r\n"))[:3] == "500"
    assert (await talk.says("NOOP")).startswith("250")
    talk.close()


async def test_an_answer_to_a_notification_goes_another_way_than_what_comes_back(tokens: Tokens) -> None:
    answers, reports = list[str](), list[Report]()

    async def answer(recipient: str, _mail: bytes) -> str:
        answers.append(recipient)
        return "250 2.0.0 Read"

    async def take(report: Report) -> str:
        reports.append(report)
        return "noted"

    at = listen("127.0.0.1", 0)
    async with listening(Door(DOMAIN, tokens, take, answer=answer), at):
        talk = await call(at.getsockname()[1])
        await talk.hears()
        assert await talk.hands_over(f"Reply+ben@{DOMAIN}", b"Subject: Re\n\nYes.\n") == "250 2.0.0 Read"
        complaint = sample("complaint-arf-abuse", b"")
        assert await talk.hands_over(f"complaints@{DOMAIN}", complaint) == "250 2.0.0 Taken"
        talk.close()
    assert (answers, [one.kind for one in reports]) == ([f"Reply+ben@{DOMAIN}"], ["complaint"])


@ON_ONE
async def test_nothing_is_left_of_a_conversation_that_is_broken_off(port: int) -> None:
    before = asyncio.all_tasks()
    talk = await call(port)
    await talk.hears()
    await talk.says("EHLO mx.example.org", "MAIL FROM:<>", f"RCPT TO:<complaints@{DOMAIN}>", "DATA")
    assert asyncio.all_tasks() - before
    talk.breaks_off()
    async with asyncio.timeout(10):
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.01)
