"""The tags of a page, in one pass over it, whoever wrote it.

The standard library's parser begins anew behind each tag, quote or comment that has no end, so a hostile page takes it
the square of its length, with everybody waiting. Here as in a browser such a one goes on to the end of the page, and no
expression ever steps back. Source: WHATWG HTML, 13.2.5 (Tokenization).
"""

import re
from collections.abc import Iterator, Mapping, Set
from html import unescape
from itertools import islice

import msgspec

MOST_TAGS = 100_000  # with comments; what stands behind them is not found
_MOST_ATTRIBUTES = 100  # of one tag
LONGEST = 2_000  # characters of a value; a longer one is read as an empty one

_S = r" \t\n\f\r"
_NAME = rf"[^{_S}/>][^{_S}/>=]*+"
_VALUE = rf""""[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^{_S}>]*+"""
_PAIR = rf"[{_S}/]*+({_NAME})(?:[{_S}]*+=[{_S}]*+({_VALUE}))?+"
_ATTRIBUTE = re.compile(_PAIR)
_PIECE = re.compile(
    rf"""<(?:
        (?P<end>/)?(?P<tag>[a-zA-Z][^{_S}/>]*+)
        (?P<attributes>(?:{_PAIR})*+)
        (?P<rest>[{_S}/]*+)>
      | !--(?:-?>|.*?--!?>)
      | (?!/[a-zA-Z]|!--)[!?/][^>]*+>  # what a browser takes for a comment too
    )""",
    re.DOTALL | re.VERBOSE,
)
_BEGIN = re.compile("<(?=[a-zA-Z/!?])")
_VERBATIM = {
    name: re.compile(rf"</{name}(?=[{_S}/>])", re.IGNORECASE | re.ASCII)
    for name in ("script", "style", "textarea", "title", "iframe", "xmp", "noembed", "noframes")
}
"""Elements that hold text and no tags, and where that text is over."""


class Tag(msgspec.Struct, frozen=True):
    name: str  # in lower case, as those of its values
    ends: bool
    values: Mapping[str, str]


def tags(html: str, wanted: Set[str]) -> Iterator[Tag]:
    """Those of the wanted names, in order. One that closes itself (`<script/>`) holds nothing, as in XHTML and SVG."""
    at = 0
    for _ in range(MOST_TAGS):
        begin = _BEGIN.search(html, at)
        piece = _PIECE.match(html, begin.start()) if begin else None
        if piece is None:
            return  # there is none, or it goes on to the end
        at = piece.end()
        name = (piece["tag"] or "").lower()
        if name in wanted:
            yield Tag(name, bool(piece["end"]), _values(html, *piece.span("attributes")))
        if name in _VERBATIM and not piece["end"] and not piece["rest"].endswith("/"):
            over = _VERBATIM[name].search(html, at)
            if over is None:
                return
            at = over.start()


def _values(html: str, start: int, end: int) -> dict[str, str]:
    """Of one name the first counts."""
    values: dict[str, str] = {}
    for one in islice(_ATTRIBUTE.finditer(html, start, end), _MOST_ATTRIBUTES):
        value = one[2] or ""
        if value[:1] in ('"', "'"):
            value = value[1:-1]
        values.setdefault(one[1].lower(), unescape(value) if len(value) <= LONGEST else "")
    return values
