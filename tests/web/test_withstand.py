"""Whatever is sent to whichever door: a clear refusal, and no row of any table changes."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.web.doors import REQUIRED, SHOWN, TAKEN, Doors, own_purposes
from tests.web.stage import URL
from tests.web.wire import ask, status

Pairs = list[tuple[str, Any]]

HUGE = "x" * 10_000_000
BAD = {
    "NUL": "a\0b",
    "surrogate": "a\ud800b",
    "line feed": "a\nBcc: mallory@example.com",
    "CRLF": "a\r\nBcc: mallory@example.com",
    "bidi": "a\u202eb",
    "encoded word": "=?utf-8?q?a=0ABcc:_mallory@example.com?=",
    "escape": "a\x1b[2Jb",
    "marks": "a" + "\u0301" * 100,
    "long": "x" * 20_000,
}
NOT_TEXT: list[Any] = [7, 1e400, True, None, [], ["a"], {}, {"a": "b"}]
FILE = object()

URLENCODED, MULTIPART, JSON = (
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=xyz", "application/json",
)  # fmt: skip


def encoded(media_type: str, pairs: Pairs) -> bytes:
    if media_type == URLENCODED:
        return urlencode(pairs, errors="surrogatepass").encode()
    if media_type == JSON:
        return (
            "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs) + "}"
        ).encode()
    return (
        "".join(_part(name, value) for name, value in pairs).encode("utf-8", "surrogatepass") + b"--xyz--\r\n"
    )


def _part(name: str, value: object) -> str:
    extra = '; filename="a.txt"' if value is FILE else ""
    text = "hello" if value is FILE else value
    return f'--xyz\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n{text}\r\n'


def faults(media_type: str, good: dict[str, str]) -> Iterator[tuple[str, Pairs]]:
    """Everything wrong that can be sent in each field while the others are right."""
    whole = list(good.items())
    for field in good:
        others = [pair for pair in whole if pair[0] != field]
        if field in REQUIRED:
            yield f"{field}: missing", others
        yield f"{field}: repeated", [*whole, (field, good[field])]
        for name, value in BAD.items():
            yield f"{field}: {name}", [*others, (field, good[field] + value)]
        for wrong in {JSON: NOT_TEXT, MULTIPART: [FILE]}.get(media_type, []):
            yield f"{field}: {wrong!r}", [*others, (field, wrong)]
    for name in ("status", "id", "confirmed_at", "a\0b", "\ud800", "x" * 5000):
        yield f"unknown: {name[:9]!r}", [*whole, (name, "active")]


async def send(doors: Doors, template: str, media_type: str, body: bytes) -> httpx.Response:
    return await doors.web.post(doors.path(template), content=body, headers={"Content-Type": media_type})


def test_bodies_are_as_meant() -> None:
    assert encoded(URLENCODED, [("a", "\ud800"), ("a", "&")]) == b"a=%ED%A0%80&a=%26"
    assert encoded(JSON, [("a", "\ud800"), ("a", None)]) == b'{"a":"\\ud800","a":null}'


async def test_every_door_is_known(doors: Doors) -> None:
    for method, rows in (("GET", SHOWN), ("POST", TAKEN.keys())):
        assert {path for path, methods in doors.service.routes.items() if method in methods} == set(rows)
    assert {one for methods in doors.service.routes.values() for one in methods} == {"GET", "POST", "OPTIONS"}


@pytest.mark.parametrize("template", [template for template, fields in TAKEN.items() if fields])
async def test_every_field(doors: Doors, template: str) -> None:
    good = doors.fields(template)
    before = await doors.service.dump()
    for media_type in (URLENCODED, MULTIPART, JSON):
        for name, pairs in faults(media_type, good):
            answer = await send(doors, template, media_type, encoded(media_type, pairs))
            assert answer.status_code == 422, (media_type, name, answer.text)
            assert "mallory@example.com?=" not in answer.text.replace('value="=?', "")
    assert await doors.service.dump() == before

    for media_type in (URLENCODED, MULTIPART, JSON):
        answer = await send(doors, template, media_type, encoded(media_type, list(good.items())))
        assert answer.status_code in (200, 202, 303), answer.text  # what is right is taken
        if template == "/admin/sign-out":
            break
    assert await doors.service.dump() != before or template == "/admin/sign-in"


@pytest.mark.parametrize("template", TAKEN)
async def test_ten_megabytes(doors: Doors, template: str) -> None:
    before = await doors.service.dump()
    for media_type in (URLENCODED, MULTIPART, JSON):
        for field in TAKEN[template] or ["x"]:
            body = encoded(media_type, [*doors.fields(template).items(), (field, HUGE)])
            answer = await send(doors, template, media_type, body)
            assert answer.status_code == 413, (media_type, field)
    chunked = f"POST {doors.path(template)} HTTP/1.1\r\nHost: news.example.org\r\nTransfer-Encoding: chunked\r\n\r\n"
    endless = chunked.encode() + b"8001\r\n" + b"x" * 0x8001 + b"\r\n"
    assert status(await ask(doors.service.port, endless)) in (200, 404, 413)
    if TAKEN[template]:
        assert await doors.service.dump() == before
