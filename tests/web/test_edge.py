"""What the edge adds to every answer, and what it makes of what fails."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from newsletter.web.kit import failures
from newsletter.web.kit.answer import CONTENT_SECURITY_POLICY
from newsletter.web.kit.edge import hosts
from newsletter.web.server import Server
from tests.web.wire import PATIENT, Seen, ask, edge, say, status


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def port(seen: Seen) -> AsyncIterator[int]:
    async with Server(edge(seen), port=0, deadlines=PATIENT, drain=0) as server:
        yield server.port


def request(path: str, *headers: str, method: str = "GET") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


def headers_of(answer: bytes) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for line in answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        name, _, value = line.partition(": ")
        headers.setdefault(name.lower(), []).append(value)
    return headers


@pytest.mark.parametrize("path", ["/", "/no-such", "/people/x", "/full", "/framed"])
async def test_security_headers_stand_on_every_answer_once(port: int, path: str) -> None:
    headers = headers_of(await ask(port, request(path)))

    for name in (
        "content-security-policy",
        "x-content-type-options",
        "referrer-policy",
        "cross-origin-opener-policy",
        "permissions-policy",
    ):
        assert len(headers[name]) == 1
    assert "strict-transport-security" not in headers
    assert "server" not in headers


async def test_an_answer_may_say_otherwise(port: int) -> None:
    headers = headers_of(await ask(port, request("/framed")))

    assert headers["content-security-policy"] == [
        "default-src 'none'; frame-ancestors https://blog.example.org"
    ]
    assert headers["referrer-policy"] == ["origin"]
    assert "x-frame-options" not in headers
    assert headers["x-content-type-options"] == ["nosniff"]


async def test_the_standard_policy_allows_no_frame(port: int) -> None:
    headers = headers_of(await ask(port, request("/")))

    assert headers["content-security-policy"] == [CONTENT_SECURITY_POLICY.decode()]
    assert headers["x-frame-options"] == ["DENY"]


async def test_hsts_only_where_tls_is() -> None:
    async with Server(edge(public_url="https://news.example.org"), port=0) as server:
        headers = headers_of(await ask(server.port, request("/").replace(b"localhost", b"news.example.org")))

    assert headers["strict-transport-security"] == ["max-age=31536000"]


@pytest.mark.parametrize(
    ("public_url", "right", "wrong"),
    [
        (
            "https://news.example.org",
            {b"news.example.org", b"news.example.org:443"},
            {b"news.example.org:80", b"localhost", b"newsXexample.org", b"example.org"},
        ),
        (
            "http://news.example.org:8080/letters",
            {b"news.example.org", b"news.example.org:8080"},
            {b"news.example.org:80", b"127.0.0.1"},
        ),
        (
            "http://localhost:8000",
            {b"localhost:8000", b"127.0.0.1:8000", b"[::1]:8000"},
            {b"localhost:8001", b"::1"},
        ),
        ("http://127.0.0.1:8000", {b"localhost:8000", b"127.0.0.1"}, {b"127.0.0.2:8000"}),
        ("https://[2001:db8::1]:8443", {b"[2001:db8::1]:8443"}, {b"2001:db8::1", b"[::1]:8443"}),
    ],
)
def test_hosts(public_url: str, right: set[bytes], wrong: set[bytes]) -> None:
    assert right <= hosts(public_url)
    assert not wrong & hosts(public_url)


@pytest.mark.parametrize("path", ["/", "/no-such", "/big", "/full", "/people/x", "/framed"])
async def test_head_is_get_without_the_body(port: int, path: str) -> None:
    get, head = await ask(port, request(path)), await ask_head(port, request(path, method="HEAD"))

    assert head.endswith(b"\r\n\r\n")
    assert status(head) == status(get)
    own = {"date", "content-length"} if status(get) == 500 else {"date"}  # the reference differs
    left, right = headers_of(head), headers_of(get)
    assert {n: v for n, v in left.items() if n not in own} == {n: v for n, v in right.items() if n not in own}


async def ask_head(port: int, raw: bytes) -> bytes:
    answer, closed = await say(port, raw.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert closed
    return answer.replace(b"connection: close\r\n", b"")


async def test_head_of_a_form_is_not_allowed(port: int, seen: Seen) -> None:
    assert status(await ask_head(port, request("/echo", method="HEAD"))) == 405
    assert not seen.bodies


async def test_what_fails_gets_a_reference_to_quote(port: int, caplog: pytest.LogCaptureFixture) -> None:
    page = await ask(port, request("/people/secret-token-0123456789abcdef", "Accept: text/html"))

    assert status(page) == 500
    assert headers_of(page)["content-type"] == ["text/html; charset=utf-8"]
    assert headers_of(page)["cache-control"] == ["no-store"]
    (reference,) = re.findall(r"<strong>([0-9a-f]{8})</strong>", page.decode())
    assert f"GET /people/{{token}} failed, reference {reference}" in caplog.text
    assert "tests/web/wire.py" in caplog.text


async def test_programs_get_it_as_json(port: int) -> None:
    answer = await ask(port, request("/people/x", "Accept: application/json"))

    assert status(answer) == 500
    assert headers_of(answer)["content-type"] == ["application/problem+json"]
    problem = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert problem["status"] == 500
    assert re.fullmatch("[0-9a-f]{8}", problem["reference"])


async def test_the_log_of_a_failure_names_nobody(port: int, caplog: pytest.LogCaptureFixture) -> None:
    await ask(port, request("/people/secret-token-0123456789abcdef?email=ada@example.org"))
    await say(port, request("/breaks-off", "Connection: close"))

    assert len(caplog.records) == 2
    for private in ("secret-token", "ada@", "192.0.2.77", "\x1b", "\nERROR forged"):
        assert private not in caplog.text


async def test_a_failure_under_way_cuts_the_answer(port: int, caplog: pytest.LogCaptureFixture) -> None:
    answer, closed = await say(port, request("/breaks-off"))

    assert closed
    assert status(answer) == 200
    assert not answer.endswith(b"0\r\n\r\n")
    assert "GET /breaks-off failed, reference" in caplog.text


async def test_unavailable_says_when_to_come_back(port: int, caplog: pytest.LogCaptureFixture) -> None:
    answer = await ask(port, request("/full"))

    assert status(answer) == 503
    assert headers_of(answer)["retry-after"] == ["45"]
    assert b"The disk is full. Nothing was changed." in answer
    assert "Traceback" not in caplog.text


async def test_a_page_that_fails_too_leaves_the_plain_one() -> None:
    def broken(*_: object) -> str:
        raise OSError("no templates")

    async with Server(edge(page=broken), port=0) as server:
        answer = await ask(server.port, request("/full"))

    assert status(answer) == 503
    assert b"The disk is full" in answer


WHOLE: list[dict[str, Any]] = [
    {"type": "http.request", "body": b"half", "more_body": True},
    {"type": "http.request", "body": b"whole"},
]
TOO_MUCH: list[dict[str, Any]] = [{"type": "http.request", "body": bytes(30_000), "more_body": True}] * 2
CUT: list[dict[str, Any]] = [*WHOLE[:1], {"type": "http.disconnect"}]
CHUNKED, LENGTH = (b"transfer-encoding", b"chunked"), (b"content-length", b"9")


async def call(seen: Seen, method: str, path: str, header: Any, messages: list[dict[str, Any]]) -> list[Any]:
    """What the edge sends to an ASGI server that hands it these messages, and no more until it is answered."""
    sent: list[dict[str, Any]] = []
    coming = iter(messages)
    ended = asyncio.Event()

    async def receive() -> dict[str, Any]:
        for message in coming:
            return message
        await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if not message.get("more_body", message["type"] == "http.response.start"):
            ended.set()

    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"host", b"localhost"), header], "http_version": "1.1", "scheme": "http",
        "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 9), "root_path": "", "asgi": {"version": "3.0"},
    }  # fmt: skip
    await edge(seen, body_seconds=0.2)(scope, receive, send)
    return sent


async def test_it_needs_no_server_of_ours(seen: Seen) -> None:
    """Without our server's deadlines and caps, the edge has its own."""
    scenes = [
        (CHUNKED, WHOLE, 200),
        (LENGTH, [], 408),
        (CHUNKED, WHOLE[:1], 408),
        (CHUNKED, TOO_MUCH, 413),
        (CHUNKED, CUT, 400),
        ((b"content-length", b"nine"), [], 400),
    ]

    sent = await asyncio.gather(
        *(call(seen, "POST", "/echo", header, coming) for header, coming, _ in scenes)
    )

    assert [messages[0]["status"] for messages in sent] == [status for *_, status in scenes]
    assert seen.bodies == [b"halfwhole"]


async def test_head_has_no_body_before_any_server(seen: Seen) -> None:
    start, end = await call(seen, "HEAD", "/big", (b"accept", b"*/*"), [])

    assert start["status"] == 200
    assert end == {"type": "http.response.body", "body": b"", "more_body": False}


def test_words_without_what_is_private() -> None:
    text = failures.without_private(
        "UNIQUE failed for ada+x@example.org with link 4Gh2.9Kd1abcDEF_-xyz from 203.0.113.9 or 2001:db8::7f\r\n\x1b[2J"
    )

    assert text == "UNIQUE failed for … with link … from … or …\\r\\n\\x1b[2J"
