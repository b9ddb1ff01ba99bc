"""The style of all pages together is small, and names no side by its left or right: those change places elsewhere."""

import gzip
import re

from newsletter.paths import TEMPLATES

MOST = 10 * 1024
"""Bytes, packed."""

_SIDES = re.compile(
    r"[{;]\s*(?:left|right|[a-z]+(?:-[a-z]+)*-(?:left|right)[a-z-]*)\s*:|:\s*(?:left|right)\b"
)


_FAR_AWAY = "left: -99em"
"""Where what only robots fill in is put; tests/browser/test_embed_rtl.py sees that it is out of sight on both sides."""


def styles() -> dict[str, str]:
    paths = [*(TEMPLATES / "assets").glob("*.css"), TEMPLATES / "embed" / "style.css"]
    return {path.name: re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL) for path in paths}


def test_they_are_small() -> None:
    found = styles()
    assert len(found) > 5
    assert len(gzip.compress("".join(found.values()).encode(), 9)) <= MOST


def test_no_side_is_named_by_left_or_right() -> None:
    assert {
        name: said for name, css in styles().items() if (said := _SIDES.findall(css.replace(_FAR_AWAY, "")))
    } == {}
    for wrong in ("a { left: 0 }", "a { color: red; margin-left: 1rem }", "a { text-align: right }"):
        assert _SIDES.search(wrong), wrong
