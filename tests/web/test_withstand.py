"""Whatever is sent to whichever door: a clear refusal, and no row of any table changes."""

import asyncio
import json
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest

from newsletter.web.kit.incoming import DESK_BYTES, PUBLIC_BYTES
from tests.shares import share
from tests.web.door_rows import INDULGENT, LARGE, MULTILINE, REQUIRED, SHOWN, TAKEN
from tests.web.doors import Doors
from tests.web.stage import HOST
from tests.web.wire import status

pytestmark = pytest.mark.asyncio(loop_scope="module")

Pairs = list[tuple[str, Any]]

KINDS = URLENCODED, MULTIPART, JSON = (
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=xyz",
    "application/json",
)
HUGE = b"x" * 10_000_000
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
NOT_TEXT: list[Any] = [7, 1e400, None, ["a"], {"a": "b"}]
FILE = object()
FORMS = [template for template, fields in TAKEN.items() if fields]


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
    for field, right in good.items():
        others = [pair for pair in whole if pair[0] != field]
        if field in REQUIRED:
            yield f"{field}: missing", others
        yield f"{field}: repeated", [*whole, (field, right)]
        for name, value in BAD.items():
            if field in MULTILINE and name in ("line feed", "CRLF"):
                continue
            value *= 6 if field == "body" and name == "long" else 1
            yield f"{field}: {name}", [*others, (field, right + value)]
        for wrong in {JSON: NOT_TEXT, MULTIPART: [FILE]}.get(media_type, []):
            yield f"{field}: {wrong!r}", [*others, (field, wrong)]
    for name in ("status", "id", "confirmed_at", "a\0b", "\ud800", "x" * 5000):
        yield f"unknown: {name[:9]!r}", [*whole, (name, "active")]


async def send(doors: Doors, template: str, media_type: str, body: bytes) -> int:
    return status(await doors.ask("POST", doors.path(template), body, {"Content-Type": media_type}))


async def test_bodies_are_as_meant() -> None:
    assert encoded(URLENCODED, [("a", "\ud800"), ("a", "&")]) == b"a=%ED%A0%80&a=%26"
    assert encoded(JSON, [("a", "\ud800"), ("a", None)]) == b'{"a":"\\ud800","a":null}'


async def test_every_door_is_known(doors: Doors) -> None:
    for method, rows in (("GET", SHOWN), ("POST", TAKEN.keys())):
        assert {path for path, methods in doors.service.routes.items() if method in methods} == set(rows)
    others = {path: methods - {"GET", "POST", "OPTIONS"} for path, methods in doors.service.routes.items()}
    assert {path: methods for path, methods in others.items() if methods} == {
        "/isso/id/{token:str}": {"PUT", "DELETE"}  # tests/web/test_isso_writing.py
    }


@pytest.mark.whole
async def test_every_field(doors: Doors) -> None:
    taken = []
    before = await doors.service.dump()
    for template, media_type in product(FORMS, KINDS):
        for name, pairs in share(list(faults(media_type, doors.fields(template))), 5):
            if template in INDULGENT and name.startswith("unknown"):
                continue
            answer = await send(doors, template, media_type, encoded(media_type, pairs))
            if answer != 422:
                taken.append((template, media_type, name, answer))
    assert not taken
    assert await doors.service.dump() == before


async def test_ten_megabytes(doors: Doors) -> None:
    before = await doors.service.dump()
    for template, fields in TAKEN.items():
        if template in LARGE:
            continue
        for field in fields or ["x"]:
            answer = await send(doors, template, URLENCODED, f"{field}=".encode() + HUGE)
            assert answer == 413, (template, field)
        for media_type, start in ((MULTIPART, b"--xyz"), (JSON, b'{"email":"')):
            assert await send(doors, template, media_type, start + HUGE) == 413, template
    assert await doors.service.dump() == before


async def test_a_body_that_never_ends(doors: Doors) -> None:
    before = await doors.service.dump()
    for template in TAKEN.keys() - LARGE:
        size = (
            DESK_BYTES if template.startswith(("/admin/broadcasts/", "/admin/sequences/")) else PUBLIC_BYTES
        )
        chunk = b"%x\r\n%b\r\n" % (size + 1, b"x" * (size + 1))
        framing = {"Transfer-Encoding": "chunked", "Content-Length": ""}
        assert status(await doors.ask("POST", doors.path(template), chunk, framing)) == 413, template
        head = f"POST {doors.path(template)} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 9\r\n\r\nemail"
        await hang_up(doors.service.port, head.encode())
    assert (await doors.web.get("/health")).status_code == 200
    assert await doors.service.dump() == before


async def hang_up(port: int, said: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


NO_FORMS = [
    ("text/plain", b'{"email": "mallory@example.com"}', 415),
    ("application/xml", b"<email/>", 415),
    ("", b"email=mallory@example.com", 415),
    (f"{URLENCODED}; charset=utf-16", "email=mallory@example.com".encode("utf-16"), 415),
    (JSON, b"email=mallory@example.com", 422),
    (JSON, b'["mallory@example.com"]', 422),
    (JSON, b"[" * 20_000, 422),
    (JSON, b'{"email": "mallory@example.com"', 422),
    (MULTIPART, b"--xyz\r\nContent-Disposition: form-data\r\n\r\nmallory@example.com\r\n--xyz--\r\n", 422),
    (MULTIPART, b'--xyz\r\nContent-Disposition: form-data; name="email"\r\n\r\nmallory@example.com', 422),
    ("multipart/form-data", b"--xyz--\r\n", 422),
    (URLENCODED, b"&".join(b"a%d=1" % n for n in range(1_000)), 422),
]


async def test_what_is_no_form(doors: Doors) -> None:
    before = await doors.service.dump()
    for template in FORMS:
        for media_type, body, expected in NO_FORMS:
            answer = await send(doors, template, media_type, body)
            assert answer == expected, (template, media_type, body)
        packed = await doors.web.post(
            doors.path(template), content=b"x", headers={"Content-Encoding": "gzip"}
        )
        assert packed.status_code == 415, template
    assert await doors.service.dump() == before


async def test_what_is_right_is_taken(doors: Doors) -> None:
    """Or else the refusals would prove nothing."""
    others = (
        "/admin/sign-out",  # Olga stays
        "/admin/magnets/{slug:str}/tell",  # of a newer version, which is not there: tests/web/test_desk_magnets.py
        "/admin/forms/{slug:str}/page",  # there is no page to look at: tests/web/test_desk_form_page.py
        "/admin/forms/{slug:str}/test",  # one at a time: tests/web/test_desk_form_test.py
        "/admin/subscribers/many/{id:str}",  # started once: tests/web/test_desk_bulk.py
    )
    refused = []
    for template, media_type in product(FORMS, KINDS):
        if template not in others:
            body = encoded(media_type, list(doors.fields(template).items()))
            status = await send(doors, template, media_type, body)
            if status not in (200, 202, 303):
                refused.append((template, media_type, status))
    assert not refused
