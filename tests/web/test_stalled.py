"""Clients that keep us waiting are closed, those that don't are served, and the deadlines are why."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from newsletter.web import process
from newsletter.web.deadlines import Deadlines
from newsletter.web.server import Server
from tests.web.crowd import crowd
from tests.web.wire import (
    BIG,
    CHUNKED,
    FORM,
    HEAD,
    HELLO,
    PATIENT,
    QUICK,
    Seen,
    ask,
    edge,
    say,
    serving,
    status,
)

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def port(seen: Seen) -> AsyncIterator[int]:
    async with Server(edge(seen), port=0, deadlines=QUICK, drain=2) as server:
        yield server.port


STALLED = {  # what is sent before silence, and what may be answered (0: closed without a word)
    "nothing": (b"", 0),
    "line ends only": (b"\r\n\r\n", 0),
    "one byte": (b"G", 408),
    "half a head": (HEAD, 408),
    "no body": (HEAD + b"Content-Length: 9\r\n\r\n", 408),
    "half a body": (FORM[:-3], 408),
    "no end of chunks": (CHUNKED + b"1\r\nx\r\n", 408),
    "half a trailer": (CHUNKED + b"1\r\nx\r\n0\r\nX: y", 408),
    "a body that nobody reads": (HEAD.replace(b"/echo", b"/early") + b"Content-Length: 9\r\n\r\n", 200),
    "a whole request": (HELLO, 200),
    "a request, and a byte": (HELLO + b"G", 200),
}


@pytest.mark.parametrize("run", [asyncio.run, process.run])
def test_a_stalled_client_is_closed(run: Run) -> None:
    async def scene() -> None:
        seen = Seen()
        async with Server(edge(seen), port=0, deadlines=QUICK, drain=2) as server:
            said = [say(server.port, sent) for sent, _ in STALLED.values()]
            answers = dict(zip(STALLED, await asyncio.gather(*said), strict=True))

        ends = {name: (status(answer), closed) for name, (answer, closed) in answers.items()}
        assert ends == {name: (right, True) for name, (_, right) in STALLED.items()}
        assert not seen.bodies

    run(scene())


@pytest.mark.parametrize("start", [HEAD, FORM[:-3], HELLO + b"G"])
async def test_a_refused_client_that_stays_on_is_closed(
    port: int, start: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(start)
    assert b"connection: close" in (await reader.read()).lower()

    async def go_on() -> None:
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(go_on(), 5)
    writer.close()
    assert not caplog.records


async def test_a_slow_dripping_head_is_closed(port: int) -> None:
    answer, closed = await say(port, *[b"GET / HTTP/1.1\r\n", *[b"X: y\r\n"] * 40], pause=0.1)

    assert closed
    assert status(answer) == 408


async def test_a_body_may_take_its_time_as_long_as_it_flows() -> None:
    deadlines = Deadlines(body=0.4, slowest=1000)
    async with Server(edge(), port=0, deadlines=deadlines) as server:
        head = HEAD + b"Content-Length: 2000\r\n\r\n"

        flowing, _ = await say(server.port, head, *[bytes(200)] * 10, pause=0.1, wait=2)
        dripping, closed = await say(server.port, head, *[bytes(1)] * 40, pause=0.1)

    assert flowing.endswith(b"2000 bytes")
    assert status(dripping) == 408
    assert closed


async def test_a_client_that_never_reads_is_closed(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
    writer.write(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await reader.readexactly(100)
    await asyncio.sleep(2)  # it is the time itself that is tested
    read = 0
    try:
        while chunk := await reader.read(1_000_000):
            read += len(chunk)
    except ConnectionError:
        pass
    writer.close()

    assert read < BIG / 2


async def test_a_client_that_reads_gets_it_all() -> None:
    async with Server(edge(), port=0, deadlines=QUICK) as server:
        answer = await ask(server.port, b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert len(answer.partition(b"\r\n\r\n")[2]) == BIG


async def test_a_body_that_we_are_slow_to_read_is_not_the_client_s_fault(seen: Seen) -> None:
    head = HEAD.replace(b"/echo", b"/pauses") + b"Content-Length: 3000000\r\n\r\n"
    app = edge(seen, body_bytes=3_000_000)  # more than is taken from the socket ahead of its reader
    async with Server(app, port=0, deadlines=QUICK, drain=2) as server:
        asking = asyncio.create_task(ask(server.port, head + bytes(3_000_000)))
        await seen.entered.wait()
        await asyncio.sleep(QUICK.body + 0.5)  # longer than a client may take
        seen.go_on.set()

        assert (await asking).endswith(b"3000000 bytes")


async def test_a_long_answer_is_waited_for(port: int, seen: Seen) -> None:
    asking = asyncio.create_task(ask(port, b"GET /waits HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    await seen.entered.wait()
    await asyncio.sleep(max(QUICK.head, QUICK.body, QUICK.idle) + 0.5)  # longer than any deadline
    seen.go_on.set()

    assert (await asking).endswith(b"done")


async def test_patience_is_what_closes_them() -> None:
    """The same clients are held when the deadlines are long: the tests above can fail."""
    async with Server(edge(), port=0, deadlines=PATIENT, drain=0) as server:
        said = [say(server.port, sent, wait=2) for sent, _ in STALLED.values()]
        closed = [closed for _, closed in await asyncio.gather(*said)]

    assert not any(closed)


async def test_a_crowd_of_them_keeps_nobody_else_waiting() -> None:
    with serving("quick") as (port, _):
        seen = await crowd(port, 60, within=10)

    assert seen.still_open == 0
    assert seen.refused == 40  # told 408; those that sent nothing are closed without a word
    assert seen.served > 10
