"""Every page in German: none of its words are still those that the code says."""

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from newsletter import words
from tests import words as gathering
from tests.browser.sights import FIRST_COME, Sight, Sights, all_sights

_CSRF = re.compile(r'name="csrf" value="(\w+)"')
_TAG = re.compile("<[^>]*>")
_PLACE = re.compile(r"%\(\w+\)[sd]|\{\}")
_LETTERS = re.compile("[A-Za-z]{2}")
_SPOKEN = ("aria-label", "title", "placeholder", "alt")
_EMPTY = {"meta", "link", "input", "br", "img", "hr", "base", "rect", "path", "circle"}
_OWN = {
    "bdi",
    "code",
    "kbd",
    "pre",
    "textarea",
    "script",
    "style",
}  # what they hold are names, codes, and letters
_SMALL = """
    an are be by can for from has have is it of please that the there they this to was what which who with you your
"""
_KLEIN = "am an das der die ein eine er für ist mit nicht sie und von zu"
_FURNITURE = (  # what tests.browser.furnished brings
    "A question of the kind ",
    "A file with a rather long name, of 2026.csv",
    "Its server refuses it: ",
    "This is no address that mail can be sent to.",
)
_ENGLISH, _GERMAN = frozenset(_SMALL.split()), frozenset(_KLEIN.split())


class _Nodes(HTMLParser):
    """The words of a page that are ours, and those of its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._within: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.said += [
            value
            for name, value in known.items()
            if name in _SPOKEN or (name.startswith("data-") and " " in value)
        ]
        if tag not in _EMPTY:
            theirs = tag in _OWN or known.get("dir") == "auto" or "words" in known.get("class", "").split()
            self._within.append((tag, theirs))

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(theirs for _, theirs in self._within):
            self.said.append(" ".join(data.split()))


@pytest.fixture
def back_to_english() -> Iterator[None]:
    yield
    words.speak("en")


async def test_no_page_says_a_word_that_was_not_translated(tmp_path: Path, back_to_english: None) -> None:
    ours, theirs = _pieces()
    found: dict[str, set[str]] = {}
    async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db", "de") as sights:
        for sight in sights.every:
            page = await page_of(sights, sight)
            assert '<html lang="de"' in page.text or not page.text.startswith("<!doctype"), sight.name
            nodes = _Nodes()
            nodes.feed(page.text)
            english = {
                said
                for said in nodes.said
                if said not in theirs and (ours.fullmatch(said) or _is_english(said))
            }
            if english:
                found[sight.name] = english
    assert not found


async def page_of(sights: Sights, sight: Sight) -> httpx.Response:
    web = sights.doors.web
    nobody = {"Cookie": ""} if sight.path.startswith((*FIRST_COME, "/admin/passkey")) else {}
    headers = nobody if not sight.at_the_desk else {}
    if sight.sends is None:
        return await web.get(sight.path, headers=headers)
    key = _CSRF.search((await web.get("/admin/sessions")).text) if sight.at_the_desk else None
    fields = {**sight.sends, **({"csrf": key[1]} if key else {})}
    return await web.post(sight.path, data=fields, headers=headers)


def _pieces() -> tuple[re.Pattern[str], set[str]]:
    """What would stand between two tags, in our words, as one pattern, and in those of the translation."""
    ours, theirs = set[str](), set[str]()
    for message in gathering.catalog_of("de"):
        if message.id:
            ours |= {*_between([message.id] if isinstance(message.id, str) else message.id)}
            theirs |= {
                *_between([message.string] if isinstance(message.string, str) else message.string or ())
            }
    patterns = [".+".join(map(re.escape, _PLACE.split(piece))) for piece in ours - theirs]
    return re.compile("|".join(patterns)), theirs


def _between(sentences: list[str] | tuple[str, ...]) -> Iterator[str]:
    for sentence in sentences:
        for piece in _TAG.split(sentence):
            said = " ".join(html.unescape(piece).split())
            if _LETTERS.search(_PLACE.sub("", said)):
                yield said


def _is_english(said: str) -> bool:
    """So that what nobody marked is found too; names of one word or two are not."""
    for theirs in _FURNITURE:
        said = said.replace(theirs, "")
    spoken = {word.strip(".,:;?!").lower() for word in said.split()}
    return len(spoken & _ENGLISH) > 1 and not spoken & _GERMAN
