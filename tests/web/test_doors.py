"""Every address: by HEAD and wrong methods, under foreign hosts, with links that are broken or meant for elsewhere."""

from itertools import product
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.web.door_rows import SHOWN, TAKEN
from tests.web.doors import LEAVING, Doors, own_purposes
from tests.web.stage import HOST, MALLORY
from tests.web.wire import ask, status

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITH_TOKEN = sorted(template for template in {*SHOWN, *TAKEN} if "{token:str}" in template)
METHODS = ("GET", "POST")
LEADING_ON = ("/l/{slug:str}",)  # elsewhere


def doors_of(method: str) -> list[str]:
    return sorted(SHOWN if method == "GET" else TAKEN)


async def test_head_is_get_without_its_body(doors: Doors) -> None:
    own = {"date", "transfer-encoding"}
    telling = ("/admin", "/admin/audit")  # of the others: how often a form was seen, who took a file along
    doors_to = sorted(SHOWN, key=lambda one: (one in telling, one))
    shown = {template: await doors.web.get(doors.path(template)) for template in doors_to}
    before = await doors.service.dump()
    for template, answer in shown.items():
        head = await doors.web.head(doors.path(template))
        well = 303 if template in LEADING_ON else 200
        assert (answer.status_code, head.status_code, head.content) == (well, well, b""), template
        assert answer.content
        left, right = ({n: v for n, v in one.headers.items() if n not in own} for one in (head, answer))
        assert left == right, template
    assert await doors.service.dump() == before


async def test_wrong_methods(doors: Doors) -> None:
    before = await doors.service.dump()
    for template, methods in doors.service.routes.items():
        allowed = {*methods, "HEAD"} if "GET" in methods else methods
        for method in {"HEAD", "GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - allowed:
            answer = await doors.web.request(method, doors.path(template))
            assert answer.status_code == 405, (method, template)
            assert set(answer.headers["Allow"].split(", ")) == methods
        asked = await doors.web.options(doors.path(template))
        assert asked.status_code == 204
    assert await doors.service.dump() == before


NOWHERE = (
    "/forms/none", "/forms/", "/forms/%ff", "/forms/%ED%A0%80", "/assets/..%2fbase.html",
    "/../etc/passwd", "/%2e%2e/x", "/admin/x", "/admin/..%2fforms", "/%61dmin/x", "/Admin", "/ADMIN/export",
    "//admin/export", "/admin;x/export", "/admin/..;/export", "/./admin/export", "/x/../admin/export",
    "/assets/", "/assets/..%5c..%5cbase.html", "/assets/%2e%2e/%2e%2e/etc/passwd", "/downloads/../../etc/passwd",
)  # fmt: skip


async def test_nothing_is_where_nothing_is(doors: Doors) -> None:
    for method, path in product(METHODS, NOWHERE):
        assert status(await doors.ask(method, path)) in (404, 405), (method, path)


async def test_a_foreign_host(doors: Doors) -> None:
    before = await doors.service.dump()
    for host in ("evil.example", f"{HOST}.evil.example", "newsXexample.org", f"a@{HOST}", f"{HOST}:81", ""):
        for method, template in product(METHODS, {*SHOWN, *TAKEN}):
            answer = await doors.ask(
                method, doors.path(template), b"", {"Host": host, "X-Forwarded-Host": HOST}
            )
            assert status(answer) == (400 if template != "/health" else 200 if method == "GET" else 405)
    assert await doors.service.dump() == before


async def test_no_host_or_two(doors: Doors) -> None:
    for lines in ("", f"Host: {HOST}\r\nHost: {HOST}\r\n"):
        assert (
            status(await ask(doors.service.port, f"GET /forms/guide HTTP/1.1\r\n{lines}\r\n".encode())) == 400
        )


def broken(token: str) -> dict[str, int]:
    """Spellings of a token that are none, and what each is answered."""
    middle = len(token) - 5
    flipped = "A" if token[middle] != "A" else "B"
    return {
        token[:-8]: 404,
        token[1:]: 404,
        token[:middle] + flipped + token[middle + 1 :]: 404,
        token.partition(".")[0]: 404,
        token.rpartition(".")[2]: 404,
        token.replace(".", "..", 1): 404,
        f"0{token}": 404,
        token.swapcase(): 404,
        "x": 404,
        "é": 404,
        "\U0001f600": 404,
        "a" * 500: 404,
        "1.1.1": 404,
        "' OR 1=1 --": 404,
        "%ff%fe": 404,
        token + "%00": 400,
        token + "%0d%0aX: y": 400,
        "a" * 40_000: 414,
    }


async def test_broken_links(doors: Doors) -> None:
    before = await doors.service.dump()
    for method, template in product(METHODS, WITH_TOKEN):
        if template not in doors_of(method):
            continue
        for token, expected in broken(doors.tokens[own_purposes(template)[0]]).items():
            path = doors.path(template, quote(token, safe="%"))
            answer = status(await doors.ask(method, path))
            left = template in LEAVING and method == "POST" and expected == 404
            assert answer == (200 if left else expected), (method, template, token)
    assert await doors.service.dump() == before


async def test_links_meant_for_elsewhere(doors: Doors) -> None:
    """All pairs: what opens one door opens no other."""
    before = await doors.service.dump()
    for method, template in product(METHODS, WITH_TOKEN):
        if template not in doors_of(method):
            continue
        for purpose, token in doors.tokens.items():
            if purpose in own_purposes(template):
                continue
            answer = status(await doors.ask(method, doors.path(template, token)))
            expected = 200 if method == "POST" and template in LEAVING else 404
            assert answer == expected, (method, template, purpose)
    assert await doors.service.dump() == before
    for template in WITH_TOKEN:
        for purpose in own_purposes(template) if template in SHOWN else ():
            assert (await doors.web.get(doors.path(template, doors.tokens[purpose]))).status_code == 200


async def test_what_mail_programs_glue_to_a_link_does_no_harm(doors: Doors) -> None:
    for glued in (".", ",", ")", ">", '"', "!"):
        path = doors.path("/confirm/{token:str}", doors.tokens["confirm"] + quote(glued))
        assert (await doors.web.get(path)).status_code == 200, glued


HOSTILE = (
    "a\u202eb", "=?utf-8?q?x?=", "<script>alert(1)</script>", "' OR 1=1", "9" * 400, "x" * 2000, "%", "{{7*7}}",
)  # fmt: skip
READ_QUERIES = ("/forms/{slug:str}/sent", "/preferences/{token:str}", "/admin/export")
GARBLED = "%ED%A0%80=%ED%A0%80&%ff&&==;&form=%ED%A0%80&typed=%ff"


async def test_hostile_queries(doors: Doors) -> None:
    names = ("typed", "saved", "format", "status", "tag", "form", "raw", "other")
    before = await doors.service.dump()
    for template in sorted(SHOWN):
        queries = [GARBLED, *(urlencode([(name, value) for name in names * 2]) for value in HOSTILE)]
        if template in READ_QUERIES:
            queries += [urlencode({name: value}) for name, value in product(names, HOSTILE)]
        for query in queries:
            answer = await doors.ask("GET", f"{doors.path(template)}?{query}")
            assert 200 <= status(answer) < 500, (template, query)
            as_json = b"content-type: application/json" in answer.lower()  # text, whatever it holds
            assert as_json or b"<script>alert" not in answer, (template, query)
        assert status(await doors.ask("GET", f"{doors.path(template)}?form=%00")) == 400
    assert unread(await doors.service.dump()) == unread(before)


HEADERS = (
    "Origin", "User-Agent", "Cookie", "Accept", "Range", "If-None-Match", "If-Range", "X-Forwarded-For", "Referer",
    "Content-Type", "Accept-Language", "Content-Length", "Expect", "Sec-Fetch-Site", "Authorization",
)  # fmt: skip
ODD = (
    b"\xff\xfe",
    b"a\tb",
    b"\x1b[2J",
    b"=?utf-8?q?x?=",
    b"x" * 4000,
    b"<script>",
    b"https://a.example\x7f",
    b"a\0b",
)


@pytest.mark.parametrize("method", METHODS)
async def test_hostile_headers(doors: Doors, method: str) -> None:
    before = await doors.service.dump()
    for name, value, template in product(
        HEADERS, ODD, ("/forms/{slug:str}", "/downloads/{token:str}", "/admin")
    ):
        answer = await doors.ask(method, doors.path(template), b"", {name: value.decode("latin-1")})
        assert 200 <= status(answer) < 500, (name, value, template)
        assert b"<script>" not in answer
    assert unread(await doors.service.dump()) == unread(before)


async def test_who_says_what_sent_it_is_believed_only_as_far_as_it_is_one(doors: Doors) -> None:
    for origin in (
        "null",
        "javascript:alert(1)",
        "https://a.example/<script>",
        "https://" + "a" * 4000,
        "ada@example.org",
    ):
        answer = await doors.web.post("/forms/guide", data={"email": MALLORY}, headers={"Origin": origin})
        assert answer.status_code == 303
    assert await doors.service.house.count("SELECT count(*) FROM signups WHERE page <> ''") == 0
    await doors.web.post(
        "/forms/guide", data={"email": MALLORY}, headers={"Origin": "https://a.example:8443"}
    )
    sql = "SELECT count(*) FROM signups WHERE page = 'https://a.example:8443'"
    assert await doors.service.house.count(sql) == 1


def unread(tables: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Without what a GET may well write: that a guide was read, that somebody took a file along."""
    return {name: rows for name, rows in tables.items() if name not in ("downloads", "audit")}
