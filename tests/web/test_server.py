"""What a hostile or broken client may send: a clear 4xx or a close, and others are served meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from newsletter.web import process
from newsletter.web.deadlines import Deadlines
from newsletter.web.server import Server
from tests.web.wire import CHUNKED, FORM, HEAD, HELLO, QUICK, Seen, ask, ask_last, edge, say, status

Run = Callable[[Coroutine[Any, Any, None]], None]

REFUSED = {  # name: (request, statuses that are right)
    "two hosts": (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", {400}),
    "two different hosts": (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", {400}),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", {400}),
    "no host, HTTP/1.0": (b"GET / HTTP/1.0\r\n\r\n", {400}),
    "empty host": (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", {400}),
    "foreign host": (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", {400}),
    "foreign host, ours forwarded": (
        b"GET / HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\n\r\n",
        {400},
    ),
    "host with one letter for the dot": (b"GET / HTTP/1.1\r\nHost: 127a0.0.1\r\n\r\n", {400}),
    "host with another port": (b"GET / HTTP/1.1\r\nHost: localhost:9999\r\n\r\n", {400}),
    "host with a name before @": (b"GET / HTTP/1.1\r\nHost: localhost@evil.example\r\n\r\n", {400}),
    "HTTP/0.9": (b"GET /\r\n\r\n", {400, 505}),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", {400, 505}),
    "HTTP/2 unasked": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    "length and chunked": (HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "chunked and length": (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", {400}),
    "two lengths": (HEAD + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", {400}),
    "a list of lengths": (HEAD + b"Content-Length: 4, 4\r\n\r\nabcd", {400}),
    "negative length": (HEAD + b"Content-Length: -4\r\n\r\nabcd", {400}),
    "signed length": (HEAD + b"Content-Length: +4\r\n\r\nabcd", {400}),
    "endless length": (HEAD + b"Content-Length: 99999999999999999999\r\n\r\nabcd", {400}),
    "length of 10 MB": (HEAD + b"Content-Length: 10000000\r\n\r\nabcd", {413}),
    "gzip coding": (HEAD + b"Transfer-Encoding: gzip\r\n\r\nabcd", {400}),
    "gzip, chunked": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", {400}),
    "chunked, gzip": (HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", {400}),
    "chunked, HTTP/1.0": (CHUNKED.replace(b"1.1", b"1.0") + b"1\r\nx\r\n0\r\n\r\n", {400}),
    "compressed body": (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab", {415}),
    "bad chunk size": (CHUNKED + b"zz\r\n", {400}),
    "huge chunk size": (CHUNKED + b"fffffffffffffffff\r\nx", {400}),
    "bare LF in chunks": (CHUNKED + b"1\nx\n0\n\n", {400}),
    "folded header": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n", {400}),
    "folded host": (b"GET / HTTP/1.1\r\nHost: localhost\r\n b\r\n\r\n", {400}),
    "NUL in a value": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n", {400}),
    "NUL in a name": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX\0: a\r\n\r\n", {400}),
    "NUL in the path": (b"GET /a\0b HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "NUL in the path, encoded": (b"GET /a%00b HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "CRLF in the path, encoded": (b"GET /a%0d%0ab HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "NUL in the query": (b"GET /?a=%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "bare CR": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n", {400}),
    "bare LF": (b"GET / HTTP/1.1\nHost: localhost\n\n", {400}),
    "space before the colon": (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", {400}),
    "header without a name": (b"GET / HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n", {400}),
    "CONNECT": (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "TRACE": (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 405}),
    "OPTIONS *": (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 404}),
    "unknown method": (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 405}),
    "upgrade with a body": (
        HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\nabcd",
        {400},
    ),
    "TLS": (bytes.fromhex("1603010200010001fc0303"), {400}),
    "noise": (bytes(range(256)), {400}),
    "long address": (b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", {414}),
    "address of 10 MB": (b"GET /" + b"a" * 10_000_000, {414}),
    "long header": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 60_000 + b"\r\n\r\n", {431}),
    "header of 10 MB": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 10_000_000, {431}),
    "first header of 10 MB": (b"GET / HTTP/1.1\r\nX: " + b"a" * 10_000_000, {431}),
    "20,000 headers": (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: 1\r\n" * 20_000 + b"\r\n", {431}),
}


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def port(seen: Seen) -> AsyncIterator[int]:
    async with Server(edge(seen), port=0, deadlines=QUICK, drain=2) as server:
        yield server.port


@pytest.mark.parametrize("run", [asyncio.run, process.run])
def test_what_is_no_request_is_refused(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        seen = Seen()
        async with Server(edge(seen), port=0, deadlines=QUICK, drain=2) as server:
            said = [say(server.port, raw) for raw, _ in REFUSED.values()]
            answers = dict(zip(REFUSED, await asyncio.gather(*said), strict=True))
            assert status(await ask(server.port, HELLO)) == 200

        wrong = {
            name: answers[name]
            for name, (_, right) in REFUSED.items()
            if status(answers[name][0]) not in right
        }
        assert not wrong
        assert [name for name, (_, closed) in answers.items() if not closed] == []
        assert [name for name, (answer, _) in answers.items() if b"uvicorn" in answer] == []
        assert not seen.bodies

    run(scene())
    assert not caplog.records


@pytest.mark.parametrize(
    "raw",
    [
        HELLO,
        b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nhOST: LocalHost:8000\r\n\r\n",
        b"\r\nGET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: 10.1.2.3\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 30_000 + b"\r\n\r\n",
        FORM,
        CHUNKED + b"9;note=1\r\nemail=ada\r\n0\r\n\r\n",
    ],
)
async def test_it_works(port: int, raw: bytes) -> None:
    answer = await ask(port, raw)

    assert status(answer) == 200
    assert b"\r\nserver:" not in answer.lower()
    assert b"\r\ndate: " in answer.lower()


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_it_works_however_it_is_cut(port: int, seen: Seen, size: int) -> None:
    parts = [FORM[at : at + size] for at in range(0, len(FORM), size)]

    answer, _ = await say(port, *parts, wait=1)

    assert status(answer) == 200
    assert seen.bodies == [b"email=ada"]


async def test_one_connection_serves_many_requests_in_their_order(port: int, seen: Seen) -> None:
    long = HELLO[:-2] + b"X: " + b"y" * 800 + b"\r\n\r\n"

    answer, _ = await say(port, HELLO + FORM + long * 90 + FORM, wait=1)

    assert answer.count(b"HTTP/1.1 200 OK") == 93
    assert answer.endswith(b"9 bytes")
    assert seen.bodies == [b"email=ada"] * 2


async def test_requests_far_ahead_of_their_answers_are_refused(port: int) -> None:
    answer, closed = await say(port, HELLO * 5000)

    assert closed
    assert 1 <= answer.count(b"HTTP/1.1 200 OK") <= 102
    assert answer.endswith(b"\r\n\r\nhello")


async def test_trailers_never_join_the_headers(port: int, seen: Seen) -> None:
    answer = await ask(port, CHUNKED + b"1\r\nx\r\n0\r\nHost: evil.example\r\nCookie: a=b\r\n\r\n")

    assert status(answer) == 200
    assert [name for name, _ in seen.headers] == [b"host", b"transfer-encoding"]


async def test_endless_trailers_are_refused(port: int, seen: Seen) -> None:
    for trailer in (b"X: y\r\n" * 100_000, b"X: " + b"y" * 700_000):
        answer, closed = await say(port, CHUNKED + b"1\r\nx\r\n0\r\n" + trailer)

        assert closed
        assert status(answer) == 400
    assert not seen.bodies


async def test_the_smallest_chunks_are_no_abuse(port: int, seen: Seen) -> None:
    assert status(await ask(port, CHUNKED + b"1\r\nx\r\n" * 30_000 + b"0\r\n\r\n")) == 200
    assert seen.bodies == [b"x" * 30_000]


async def test_an_offered_upgrade_is_not_taken(port: int) -> None:
    answer = await ask(port, HELLO[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")

    assert status(answer) == 200
    assert b"connection: close" in answer


async def test_after_a_refusal_the_app_is_not_heard(
    port: int, seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(CHUNKED.replace(b"/echo", b"/waits"))
    await seen.entered.wait()
    writer.write(b"zz\r\n")
    answer = await reader.read()
    seen.go_on.set()
    while not seen.bodies:
        await asyncio.sleep(0.01)
    await ask(port, HELLO)
    writer.close()

    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1") == 1
    assert not caplog.records


async def test_a_bad_chunk_puts_nothing_into_an_answer_that_has_begun(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(CHUNKED.replace(b"/echo", b"/begins"))
    begun = await reader.readuntil(b"begun\r\n")
    writer.write(b"zz\r\n")

    assert status(begun) == 200
    assert await reader.read() == b""
    writer.close()


async def test_one_connection_serves_on_and_on(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(1000):
        writer.write(HELLO)
        assert status(await reader.readuntil(b"hello")) == 200
    writer.close()


async def test_garbage_after_a_request_leaves_its_answer_whole(port: int) -> None:
    answer, closed = await say(port, HELLO + bytes(20))

    assert closed
    assert answer.count(b"HTTP/1.1") == 1
    assert b"connection: close" in answer
    assert answer.endswith(b"\r\n\r\nhello")


async def test_a_body_cut_short_changes_nothing(port: int, seen: Seen) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(FORM.replace(b"Content-Length: 9", b"Content-Length: 99"))
    await writer.drain()
    writer.close()
    await reader.read()

    assert status(await ask(port, HELLO)) == 200
    assert not seen.bodies


async def test_what_follows_a_body_that_is_longer_than_it_said_is_no_request(port: int, seen: Seen) -> None:
    answer, closed = await say(port, FORM + b"XYZ / HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert closed
    assert [status(answer)] == [200]
    assert seen.bodies == [b"email=ada"]


async def test_an_endless_chunked_body_is_refused_and_closed(port: int, seen: Seen) -> None:
    answer, closed = await say(port, CHUNKED + (b"2000\r\n" + bytes(0x2000) + b"\r\n") * 50)

    assert closed
    assert status(answer) == 413
    assert b"connection: close" in answer.lower()
    assert not seen.bodies


async def test_a_body_of_10_mb_gets_its_413_though_it_is_sent_first(port: int) -> None:
    answer, closed = await say(port, HEAD + b"Content-Length: 10000000\r\n\r\n" + bytes(10_000_000))

    assert closed
    assert status(answer) == 413


@pytest.mark.parametrize(
    ("raw", "right"),
    [
        (HEAD + b"Content-Length: 3000000\r\n\r\n" + bytes(3_000_000), 413),
        (CHUNKED + b"2dc6c0\r\n" + bytes(3_000_000) + b"\r\n0\r\n\r\n", 413),
        (HEAD.replace(b"/echo", b"/early") + b"Content-Length: 30000\r\n\r\n" + bytes(30_000), 200),
        (b"GET /" + b"a" * 3_000_000, 414),
    ],
)
async def test_who_reads_last_still_gets_the_answer(raw: bytes, right: int) -> None:
    async with Server(edge(), port=0, deadlines=Deadlines(idle=0.2)) as server:
        assert status(await asyncio.to_thread(ask_last, server.port, raw)) == right


async def test_expect_continue(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"abc")
    assert status(await reader.readuntil(b"\r\n\r\n")) == 200
    writer.close()
