"""“Check my page”: what is found on it, and what is never asked for."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from newsletter.errors import BadInput
from newsletter.owners import audit
from newsletter.signups import Field, Form
from newsletter.web.admin.forms_filling import blank
from newsletter.web.kit import forms_page_check
from newsletter.web.kit import forms_page_fetching as fetching
from newsletter.web.kit.forms_embedding import codes
from newsletter.web.kit.forms_page_fetching import Fetch
from newsletter.web.kit.forms_page_reading import findings
from newsletter.webhooks.targets import LOCAL
from tests.conftest import ON_ONE
from tests.web.conftest import Serve
from tests.web.stage import FIREFOX, URL, Loopback, Stage
from tests.web.test_desk import csrf_on

NOBODYS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
HTML = "text/html; charset=utf-8"
PAGE = "https://blog.example.org/on/work"


@dataclass
class Blog:
    """A server whose pages are what the test says, by their paths; HANG never answers."""

    port: int = 0
    pages: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
            path = head.split(" ")[1]
            self.asked.append(path)
            page = self.pages.get(path)
            if page == b"HANG":
                await reader.read()
            else:
                writer.write(page or b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()


def says(html: str, kind: str = HTML) -> bytes:
    raw = html.encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        kind.encode(),
        len(raw),
        raw,
    )


def leads(to: str) -> bytes:
    return b"HTTP/1.1 301 Moved\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % to.encode()


@asynccontextmanager
async def blogging() -> AsyncIterator[Blog]:
    blog = Blog()
    server = await asyncio.start_server(blog.take, "127.0.0.1", 0)
    blog.port = server.sockets[0].getsockname()[1]
    try:
        yield blog
    finally:
        server.close()


FORM = Form(
    1,
    "guide",
    "A guide",
    "",
    "Send it",
    "",
    1,
    "Yes.",
    (*blank().fields, Field("city", "City", required=True)),
    (),
    (),
)


def found(html: str, url: str = PAGE) -> list[tuple[str, str]]:
    return [(one.kind, one.what) for one in findings(html, url, FORM, URL)]


def test_the_code_to_copy_is_found_in_each_of_its_shapes() -> None:
    plain, script, frame = (code.text for code in codes(FORM, URL))
    assert found(f"<p>{plain}") == [("plain", "")]
    assert found(script) == [("plain", ""), ("element", "")]
    assert found(frame) == [("frame", "")]
    assert found(f"<!-- {plain} -->") == []
    assert found(
        f'<base href="{URL}/"><form method=POST action="forms/guide"><input name=email><select name=city>'
    ) == [("plain", "")]


def test_what_is_wrong_with_it_is_said() -> None:
    assert found(f'<form action="{URL}/forms/guide"><input name="email">') == [("no_post", "")]
    assert found(
        f'<form method="post" action="{URL}/forms/guide"><input name="email"></form><input name="city">'
    ) == [("lacks", "city")]
    assert found(f'<form method="post" action="{URL}/forms/course"></form>') == [("other_form", "course")]
    assert found('<form method="post" action="https://old.example.org/forms/guide"></form>') == [
        ("elsewhere", "https://old.example.org/forms/guide")
    ]
    assert found('<form method="post" action="/forms/guide"></form>') == [
        ("elsewhere", "https://blog.example.org/forms/guide")
    ]
    assert found(f'<iframe src="{URL}.evil.example/forms/guide/embed"></iframe>')[0][0] == "elsewhere"
    assert found('<newsletter-form form="guide"></newsletter-form>') == [("no_script", "")]
    other = '<script src="https://old.example.org/embed.js"></script><newsletter-form form="guide">'
    assert found(other) == [("other_script", "https://old.example.org/embed.js")]
    assert found("<form><form action='http://[::1'><iframe src='//['></iframe>\x00<![x[") == []


async def refused(url: str, fetch: Fetch) -> str:
    with pytest.raises(BadInput) as error:
        await fetch.page(url)
    return error.value.sentence


async def test_only_what_may_be_asked_for_is_asked_for() -> None:
    async with blogging() as blog, blogging() as elsewhere:
        local = Fetch(True, NOBODYS)
        blog.pages = {
            "/": says("<p>Hello"),
            "/old": leads("/new/"),
            "/new/": leads(f"{blog.origin}/#top"),
            "/away": leads(elsewhere.origin),
            "/round": leads("/round"),
            "/pdf": says("%PDF", "application/pdf"),
            "/smtp": b"220 mail.example.org ESMTP\r\n",
            "/large": says("x" * 3_000_000),
            "/hangs": b"HANG",
        }
        assert (await local.page(f"{blog.origin}/old")).url == f"{blog.origin}/"
        assert blog.asked == ["/old", "/new/", "/"]
        assert await refused(f"{blog.origin}/away", local) == fetching.LEADS_AWAY.format(elsewhere.origin)
        assert elsewhere.asked == []
        assert await refused(f"{blog.origin}/round", local) == fetching.ROUND
        assert await refused(f"{blog.origin}/pdf", local) == fetching.NO_PAGE
        assert await refused(f"{blog.origin}/smtp", local) == fetching.NO_HTTP
        assert await refused(f"{blog.origin}/none", local) == fetching.STATUS.format(404)
        assert len((await local.page(f"{blog.origin}/large")).html) == fetching.LARGEST
        assert await refused(f"{blog.origin}/hangs", Fetch(True, NOBODYS, seconds=0.2)) == fetching.NO_ANSWER

        async def here(host: str, port: int) -> list[str]:
            return ["93.184.215.14", "127.0.0.1"]

        asked = len(blog.asked)
        assert await refused("https://blog.example.org/", Fetch(False, NOBODYS, here)) == LOCAL
        for url in (
            f"{blog.origin}/",
            f"https://127.0.0.1:{blog.port}/",
            "https://10.0.0.1/",
            "ftp://a.example/",
        ):
            await refused(url, Fetch(False, NOBODYS))
        assert len(blog.asked) == asked


async def noted(stage: Stage, way: audit.Way) -> list[tuple[str, str]]:
    """Each page that was asked for at somebody's wish has its row: what was done, and of which form."""
    found, _ = await stage.site.db.read(audit.page, audit.Asked(way=way, area="forms"))
    return [(one.verb, one.object) for one in found]


@ON_ONE
async def test_the_desk_says_whether_a_page_carries_the_form(serve: Serve) -> None:
    async with blogging() as blog:
        here = "http://localhost:8000"
        async with serve(worker=False, public_url=here, allowed_origins=(blog.origin,)) as still:
            form = await still.house.form()
            blog.pages = {"/with": says(codes(form, here)[0].text), "/without": says("<p>Nothing here")}
            async with httpx.AsyncClient(
                base_url=here, transport=Loopback(still.port), headers=FIREFOX, timeout=30
            ) as web:
                await still.signs_in(web)
                path = "/admin/forms/guide/page"
                assert path in (await web.get("/admin/forms/guide")).text
                own = {"csrf": csrf_on(await web.get(path))}
                there = await web.post(path, data={**own, "page_url": f"{blog.origin}/with#form"})
                assert (there.status_code, "Yes, it is there." in there.text) == (200, True)
                missing = await web.post(path, data={**own, "page_url": f"{blog.origin}/without"})
                assert "Nothing on the page leads to this service." in missing.text
                async with forms_page_check._under_way:  # by somebody else
                    busy = await web.post(path, data={**own, "page_url": f"{blog.origin}/with"})
                assert (busy.status_code, forms_page_check.BUSY in busy.text) == (422, True)
                assert blog.asked == ["/with", "/without"]
                asked = len(blog.asked)
                for url in (
                    "",
                    "https://evil.example/",
                    "http://localhost:1/",
                    f"{blog.origin}.evil.example/",
                    "x",
                ):
                    wrong = await web.post(path, data={**own, "page_url": url})
                    assert (wrong.status_code, 'id="page_url-error"' in wrong.text) == (422, True), url
                assert len(blog.asked) == asked
                assert await noted(still, "desk") == [("forms/{slug}/page", "guide")] * len(blog.asked)
