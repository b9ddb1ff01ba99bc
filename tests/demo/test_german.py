"""The demonstration's pages in German: each sentence that they have is said there, and none of its English."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from newsletter import words
from newsletter.demo import Blog, Inbox
from tests import words as gathering
from tests.browser.test_demo_pages import MAIL

WAYS = ("plain", "script", "iframe")
SERVICE, BLOG = "http://localhost:8000", "http://localhost:8001"
_FILE = (
    b'----\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="a.txt"\r\n\r\n'
    b"Hello.\r\n------\r\n"
)


@pytest.fixture
def german() -> Iterator[None]:
    words.speak("de")
    yield
    words.speak("en")


async def pages(inbox: Inbox) -> str:
    """All that the blog shows, one after the other, as somebody reads it."""
    blog = httpx.ASGITransport(app=Blog(SERVICE, "Wilma Harrow", inbox))
    async with httpx.AsyncClient(base_url=BLOG, transport=blog) as web:
        paths = ["/inbox", "/nothing", *(f"/?form={way}&comments={way}" for way in WAYS)]
        shown = [await web.get(path) for path in paths]
        mail = (
            (MAIL % (b"", b"#"))
            .replace(b"multipart/alternative", b"multipart/mixed")
            .replace(b"------\r\n", _FILE)
        )
        one_click = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version"
        inbox.keep(mail.replace(b"MIME-Version", one_click))
        shown += [await web.get(path) for path in ("/inbox", f"/inbox/{inbox.newest()[0].id}")]
    assert all('<html lang="de">' in page.text for page in shown)
    return " ".join(unescape(" ".join(page.text for page in shown)).split())


async def test_every_sentence_is_said_in_german(tmp_path: Path, german: None) -> None:
    shown = await pages(Inbox(tmp_path))
    ours = {
        str(one.id): str(one.string)
        for one in gathering.catalog_of("de")
        if isinstance(one.id, str)
        and "%(" not in one.id
        and any("templates/demo/" in path for path, _ in one.locations)
    }
    assert len(ours) > 40
    assert [said for said in ours.values() if said not in shown] == ["Ältere"]  # than two hundred others
    assert not [said for said in ours if " " in said and said in shown]
    assert "Elf Jahre in einem Umzugskarton" in shown
    assert "Donnerstags von sechs bis acht" in shown
