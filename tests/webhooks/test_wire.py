"""One POST: what it says, what is understood of the answer, and what can't happen."""

import asyncio
import socket
import ssl

import pytest

from newsletter.clock import DAY
from newsletter.webhooks import targets, wire
from newsletter.webhooks.model import DELAYS, Answer
from newsletter.webhooks.rounds import after
from newsletter.webhooks.wire import Wire
from tests.webhooks.receiver import HANG, Receiver, receiving, says, trusting

BODY = b'{"type": "webhook.test"}'
NOBODYS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def post(receiver: Receiver, *answers: bytes, seconds: float = 30.0) -> Answer:
    receiver.script[:] = answers
    return await Wire(True, NOBODYS, seconds=seconds).post(receiver.url, {"webhook-id": "msg_1"}, BODY)


async def test_what_it_says_and_what_is_understood_of_the_answer() -> None:
    async with receiving() as receiver:
        assert (await post(receiver)).is_well
        (got,) = receiver.got
        assert (got.line, got.body) == ("POST /hooks?from=us HTTP/1.1", BODY)
        assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
        assert got.headers["webhook-id"] == "msg_1"
        assert got.headers["content-type"] == "application/json"

        taken = await post(receiver, says(200, "Thanks,\r\n ada@example.org is <b>here</b>.\x00"))
        assert (taken.status, taken.words) == (200, "Thanks, … is <b>here</b>.")
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nThank\r\n1\r\ns\r\n0\r\n\r\n"
        assert (await post(receiver, chunked)).words == "Thanks"
        early = b"HTTP/1.1 100 Continue\r\n\r\n" + says(201, "Made")
        assert (await post(receiver, early)).status == 201
        assert (await post(receiver, b"HTTP/1.0 200 OK\r\n\r\nuntil the end")).words == "until the end"
        refused = await post(receiver, says(500, "No."))
        assert (refused.is_well, refused.is_in_trouble, refused.words) == (False, True, "No.")
        assert not (await post(receiver, says(422))).is_in_trouble
        assert (await post(receiver, says(410))).is_gone


async def test_no_redirect_is_followed() -> None:
    async with receiving() as receiver, receiving() as elsewhere:
        answer = await post(receiver, says(307, "Moved", f"Location: {elsewhere.url}\r\n"))
        assert (answer.status, answer.is_well) == (307, False)
        assert answer.words == wire.REDIRECT + "Moved"
        assert elsewhere.connections == 0


async def test_what_is_no_answer() -> None:
    async with receiving() as receiver:
        assert (await post(receiver, b"")).words.startswith("No connection: ")
        assert (await post(receiver, b"220 smtp.example.org ESMTP\r\n")).words == wire.NO_HTTP
        assert (
            await post(receiver, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000)
        ).status == 200  # and no more is read
        hung = await post(receiver, HANG, seconds=0.2)
        assert (hung.status, hung.words) == (0, wire.NO_ANSWER.format(0.2))
        endless = await post(receiver, b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * 5_000_000)
        assert (endless.status, endless.words) == (200, "y" * wire.SHOWN)
        receiver.port = 1
        closed = await post(receiver)
        assert (closed.status, closed.is_in_trouble) == (0, True)


async def test_only_a_trusted_certificate_of_that_name() -> None:
    async with receiving(tls=True) as receiver:
        assert (await Wire(True, trusting()).post(receiver.url, {}, BODY)).is_well
        stranger = await Wire(True, ssl.create_default_context()).post(receiver.url, {}, BODY)
        assert stranger.words.startswith("Its certificate can’t be trusted: ")
        assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["10.0.0.1"]]
)
async def test_a_name_that_leads_to_this_machine_is_not_connected_to(addresses: list[str]) -> None:
    async with receiving(tls=True) as receiver:

        async def resolve(host: str, port: int) -> list[str]:
            return addresses

        answer = await Wire(False, trusting(), resolve).post("https://rebound.example.org:8443/", {}, BODY)
        assert (answer.status, answer.words) == (0, targets.LOCAL)
        for url in (
            receiver.url,
            f"https://localhost:{receiver.port}/",
            f"http://127.0.0.1:{receiver.port}/",
        ):
            assert not (await Wire(False, trusting(), resolve).post(url, {}, BODY)).is_well
        assert receiver.connections == 0


async def test_the_name_is_asked_for_once_and_its_address_is_connected_to() -> None:
    """A name that answers otherwise the second time (DNS rebinding) gains nothing: there is no second time."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with receiving() as receiver:
        url = receiver.url.replace("127.0.0.1", "localhost")
        assert (await Wire(True, NOBODYS, resolve).post(url, {}, BODY)).is_well
        assert asked == ["localhost"]


async def test_a_name_that_is_none() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    answer = await Wire(False, NOBODYS, resolve).post("https://nowhere.example.org/", {}, BODY)
    assert (answer.status, answer.words) == (0, wire.NOT_THERE)


async def test_many_at_once_hold_nothing_up() -> None:
    async with receiving() as receiver:
        receiver.script[:] = [HANG]
        slow = asyncio.create_task(Wire(True, NOBODYS, seconds=30.0).post(receiver.url, {}, BODY))
        while not receiver.got:
            await asyncio.sleep(0.001)
        assert (await post(receiver)).is_well
        assert not slow.done()
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)


def test_each_wait_is_longer_and_after_two_days_it_is_given_up() -> None:
    failed = Answer(500, "", 1)
    waits = [after(n, failed) for n in range(len(DELAYS) + 1)]
    assert [state for state, _ in waits] == ["queued"] * len(DELAYS) + ["failed"]
    for delay, (_, wait) in zip(DELAYS, waits, strict=False):
        assert delay <= wait <= delay * 1.2
    assert 1.9 * DAY < sum(DELAYS) < 2.1 * DAY
    assert after(0, Answer(204, "", 1)) == ("sent", 0)
    assert after(0, Answer(410, "", 1)) == ("failed", 0)
