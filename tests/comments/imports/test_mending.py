"""Exports as they really are: what XML forbids, and WordPress, a theme or a paste put into them all the same."""

from io import BytesIO
from pathlib import Path

import pytest

from newsletter.comments.imports import read
from newsletter.comments.imports.mending import mended
from newsletter.errors import BadInput
from tests.comments.imports.conftest import SAMPLES, Write, comments
from tests.comments.imports.exports import wxr, wxr_comment

DECLARED = '<?xml version="1.0" encoding="UTF-8"?>\n'


def whole(content: bytes) -> bytes:
    return b"".join(mended(BytesIO(content)))


@pytest.mark.parametrize("before", ["\n", "\r\n\r\n \t", "\n" * 900])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_blank_lines_before_the_declaration(write: Write, before: str, mark: str) -> None:
    text = mark + before + DECLARED + wxr(wxr_comment(1))
    assert list(comments(write(text))) == ["1"]


def test_the_line_of_other_damage_is_still_right(write: Write) -> None:
    with pytest.raises(BadInput, match=r"^Line 6 of the file can't be read as XML: mismatched tag"):
        list(read(write("\n\n" + DECLARED + "\n\n" + wxr(more="</wp:other>"))))


def test_a_website_with_an_ampersand_that_nobody_escaped(write: Write) -> None:
    url = "https://ada.example.com/?p=1&amp;lang=de&page=2&#38;x=&y;"
    found = comments(write(wxr(wxr_comment(1, author_url=url), wxr_comment(2))))
    assert found["1"].website == "https://ada.example.com/?p=1&lang=de&page=2&x=&y;"
    assert list(found) == ["1", "2"]


@pytest.mark.parametrize("control", ["\x00", "\x08", "\x11", "\x1b", "\x1d"])
def test_control_characters_are_left_out(write: Write, control: str) -> None:
    found = comments(write(wxr(wxr_comment(1, f"Well{control} said,\n\tAda."))))
    assert found["1"].text == "Well said,\n\tAda."


def test_an_ampersand_elsewhere_is_no_business_of_ours(write: Write) -> None:
    kept = wxr(wxr_comment(1, "a & b &amp; c")).encode()
    assert whole(kept) == kept
    with pytest.raises(BadInput, match="can't be read as XML"):
        list(read(write(wxr(wxr_comment(1, author="Ada & Ben")))))


def test_a_website_stands_whole_wherever_a_piece_ends() -> None:
    website = b"<wp:comment_author_url>https://ada.example.com/?a=1&b=2</wp:comment_author_url>"
    for shift in range(len(website) + 2):
        before = b"<rss>".ljust(65_536 - shift)
        assert whole(before + website + b"</rss>") == before + website.replace(b"&", b"&amp;") + b"</rss>"


def test_a_piece_without_a_tag_is_not_held_back() -> None:
    content = b"<wp:comment_author_url>" + b"&" * 1_000_000
    pieces = list(mended(BytesIO(content)))
    assert max(map(len, pieces)) <= 10 * 65_536
    assert all(pieces)


@pytest.mark.parametrize(
    "path", [SAMPLES / "wordpress.xml", SAMPLES / "disqus.xml"], ids=lambda path: path.name
)
def test_what_is_sound_stays_as_it_is(path: Path) -> None:
    content = path.read_bytes()
    assert whole(content) == content
    wide = content.decode().replace("UTF-8", "UTF-16").replace("utf-8", "utf-16").encode("utf-16")
    assert whole(wide) == wide
