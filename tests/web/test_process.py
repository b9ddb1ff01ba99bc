"""Starting, stopping, and what is under way meanwhile."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from subprocess import TimeoutExpired
from typing import Any

import pytest
from litestar import Litestar

from newsletter.errors import MigrationError, SettingsError
from newsletter.web.server import Server
from tests.web.wire import FORM, HELLO, PATIENT, Seen, ask, edge, serving, status

SECRET = b"4Gh2.9Kd1abcDEF_-xyz"


async def test_what_is_under_way_is_answered_before_it_stops() -> None:
    seen = Seen()
    server = Server(edge(seen), port=0, drain=10)
    await server.start()
    asking = asyncio.create_task(ask(server.port, b"GET /waits HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    await seen.entered.wait()

    stopping = asyncio.create_task(server.stop())
    await refused(server.port)
    assert not stopping.done()
    seen.go_on.set()

    answer = await asking
    assert answer.endswith(b"done")
    assert b"connection: close" in answer.lower()
    await stopping


@pytest.mark.parametrize("hurry", [True, False])
async def test_it_waits_no_longer_than_it_may(hurry: bool) -> None:
    seen = Seen()
    server = Server(edge(seen), port=0, drain=60 if hurry else 0.3, deadlines=PATIENT)
    await server.start()
    asking = asyncio.create_task(ask(server.port, b"GET /waits HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    await seen.entered.wait()

    stopping = asyncio.create_task(server.stop())
    if hurry:
        await refused(server.port)
        server.hurry()

    await asyncio.wait_for(stopping, 10)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asking


async def test_connections_without_a_request_end_at_once() -> None:
    server = Server(edge(), port=0, drain=60, deadlines=PATIENT)
    await server.start()
    pairs = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
    for _, writer in pairs[1:]:
        writer.write(HELLO)
    await pairs[2][0].readuntil(b"hello")
    pairs[2][1].write(b"G")

    await asyncio.wait_for(server.stop(), 10)

    for reader, writer in pairs:
        with suppress(ConnectionResetError):  # of the one whose byte nobody read
            await reader.read()
        writer.close()


def test_sigterm_lets_a_half_sent_form_come_in() -> None:
    with serving(drain=20) as (port, process):

        async def scene() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(FORM[:-3])
            await writer.drain()
            await ask(port, HELLO)
            process.send_signal(signal.SIGTERM)
            await refused(port)
            writer.write(FORM[-3:])
            assert status(await reader.read()) == 200
            writer.close()

        asyncio.run(scene())
        assert process.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it(number: signal.Signals) -> None:
    with serving(drain=60) as (port, process):

        async def scene() -> None:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(FORM[:-3])
            await writer.drain()
            await ask(port, HELLO)
            process.send_signal(number)
            await refused(port)
            with pytest.raises(TimeoutExpired):
                process.wait(0.5)
            process.send_signal(number)
            await asyncio.to_thread(process.wait, 10)
            writer.close()

        asyncio.run(scene())
        assert process.returncode == 0


async def test_no_path_is_logged_whatever_the_logging_says(caplog: pytest.LogCaptureFixture) -> None:
    loggers = [logging.getLogger(name) for name in ("uvicorn", "uvicorn.error", "uvicorn.access")]
    async with Server(edge(), port=0) as server:
        for logger in loggers:
            logger.propagate = True
            caplog.set_level(logging.DEBUG, logger.name)
        for path in (b"/no-such/" + SECRET, b"/people/" + SECRET, SECRET + b"%00", SECRET + b"\0"):
            await ask(server.port, HELLO.replace(b"/", b"/" + path.lstrip(b"/"), 1))

    assert caplog.records
    assert SECRET.decode() not in caplog.text


async def test_two_servers_share_a_process() -> None:
    async with Server(edge(), port=0) as one, Server(edge(), port=0) as other:
        assert one.port != other.port
        await one.stop()
        assert status(await ask(other.port, HELLO)) == 200


async def test_a_taken_port_is_a_sentence() -> None:
    async with Server(edge(), port=0) as one:
        with pytest.raises(SettingsError, match=rf"Can't listen on 127\.0\.0\.1, port {one.port}: .*use"):
            await Server(edge(), port=one.port).start()


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.1"])
async def test_an_impossible_address_is_a_sentence(host: str) -> None:
    with pytest.raises(SettingsError, match="Can't listen on"):
        await Server(edge(), host, 0).start()


def app_with(events: list[str], fails: str = "") -> Litestar:
    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        events.append("up")
        if fails == "startup":
            raise MigrationError("The database is newer than this program.")
        yield
        events.append("down")
        if fails == "shutdown":
            raise MigrationError("It will not close.")

    return Litestar([], lifespan=[lifespan], openapi_config=None, logging_config=None)


async def test_the_app_is_up_before_and_down_after() -> None:
    events: list[str] = []

    async with Server(app_with(events), port=0):
        assert events == ["up"]
    assert events == ["up", "down"]


async def test_what_the_start_up_raises_comes_out_and_the_port_is_free_again() -> None:
    server = Server(app_with([], "startup"), port=0)
    with pytest.raises(MigrationError, match="newer than this program"):
        await server.start()

    async with Server(app_with([]), port=0) as other:
        await other.stop()
        async with Server(app_with([]), port=other.port):
            pass


async def test_what_the_shut_down_raises_comes_out() -> None:
    server = Server(app_with([], "shutdown"), port=0)
    await server.start()
    with pytest.raises(MigrationError, match="will not close"):
        await server.stop()
    await refused(server.port)


async def refused(port: int) -> None:
    """Waits until nobody listens any more."""
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return
            except ConnectionResetError:  # it came at the very moment
                continue
            writer.close()
            await asyncio.sleep(0.02)
