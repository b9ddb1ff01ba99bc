"""The script for other people's pages as it is served: small, whole, and readable in its sources."""

import gzip
from pathlib import Path

import httpx
import pytest

from newsletter import words
from newsletter.paths import TEMPLATES
from newsletter.web.kit.embedding import script, takes_gzip
from tests.conftest import ON_ONE
from tests.web.stage import Stage

SOURCES = sorted((TEMPLATES / "embed").glob("*.js"))


async def coded(web: httpx.AsyncClient, accepted: str) -> tuple[str | None, bytes]:
    """The coding and the bytes that went over the line, to who accepts so much."""
    async with web.stream("GET", "/embed.js", headers={"Accept-Encoding": accepted}) as answer:
        assert answer.status_code == 200
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["Content-Type"].startswith("text/javascript")
        return answer.headers.get("Content-Encoding"), b"".join([part async for part in answer.aiter_raw()])


async def test_it_comes_packed_to_who_can_unpack_it(still: Stage) -> None:
    web = await still.visitor()
    coding, packed = await coded(web, "br, gzip;q=0.8")
    assert coding == "gzip"
    assert len(packed) <= 5_000
    assert await coded(web, "identity") == (None, gzip.decompress(packed))
    assert gzip.decompress(packed) == script(TEMPLATES)


@ON_ONE
async def test_the_files_of_pages_are_packed_too(still: Stage) -> None:
    web = await still.visitor()
    for name in ("site.css", "desk.js"):
        path = still.site.pages.assets.url(name)
        plain = await web.get(path, headers={"Accept-Encoding": "identity"})
        packed = await web.get(path, headers={"Accept-Encoding": "gzip"})
        assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
        assert packed.content == plain.content
        assert int(packed.headers["Content-Length"]) < len(plain.content) / 2


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("deflate, GZIP ; q=0.001, br", True),
        ("", False),
        ("br, deflate", False),
        ("gzip;q=0", False),
        ("br, gzip; q=0.000", False),
        ("notgzip", False),
    ],
)
def test_who_takes_gzip(accepted: str, takes: bool) -> None:
    assert takes_gzip(accepted) is takes


def test_what_only_its_readers_need_is_left_out() -> None:
    served = script(TEMPLATES).decode()
    assert all(line == line.strip() and line and not line.startswith("//") for line in served.splitlines())
    assert "/*" not in served
    assert '"embed/' not in served
    for word in ("newsletter-form", "newsletter-comments", ":host{", "Preview. Not sent yet."):
        assert word in served


def test_it_speaks_the_language_of_the_service() -> None:
    english = script(TEMPLATES).decode()
    words.speak("de")
    try:
        german = script(TEMPLATES).decode()
    finally:
        words.speak("en")
    for said, translated in {
        '"Sending…"': '"Wird gesendet …"',
        "`Did you mean ${hint}?`": "`Meinten Sie ${hint}?`",
        'RelativeTimeFormat("en"': 'RelativeTimeFormat("de"',
    }.items():
        assert said in english
        assert said not in german
        assert translated in german
    assert "_(" not in english + german
    assert len(gzip.compress(german.encode(), 9)) <= 5_200


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_text_goes_over_several_lines(source: Path) -> None:
    """It would lose its indentation on the way."""
    for line in source.read_text("utf-8").splitlines():
        assert line.lstrip().startswith("//") or line.count("`") % 2 == 0, line
