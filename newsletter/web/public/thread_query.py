"""Which page's thread is asked for: read from the query, strictly, with a sentence for each fault."""

import re
from functools import lru_cache
from urllib.parse import parse_qsl

import msgspec

from newsletter.comments import MOST_URLS, canonical_url
from newsletter.errors import BadInput
from newsletter.words import gettext

MISSING = "Which page’s comments? Please add its address: ?url=https://example.org/article"
TWICE = "Please ask for one page at a time."
NO_PLACE = "There is no such place in a thread. Please start at its beginning, without `after`."
TOO_MANY = "These are too many pages: %(most)s at most."
FIELDS = "This address has too many parameters."
UNREADABLE = "These addresses can’t be read. Please send them as JSON: a list of texts."

_PLACE = re.compile("(?:[0-9a-f]{16}){1,12}")  # a comment's path
_MOST_FIELDS = 200
_REMEMBERED = 2_000  # bytes of the longest query that is kept in memory
_REMEMBERED_PAGES = 8_000


class Asked(msgspec.Struct, frozen=True):
    url: str  # canonical; "" for all pages
    after: str = ""


class Counted(msgspec.Struct, frozen=True):
    """Pages by the addresses under which they were asked for."""

    pages: tuple[tuple[str, str], ...]  # as asked, canonical


def one_page(query: bytes, allowed: tuple[str, ...], *, or_all: bool = False) -> Asked:
    """The page in `query`; with `or_all` none means all. Raises BadInput."""
    read = _remembered if len(query) <= _REMEMBERED else _one_page
    return read(query, allowed, or_all)


def _one_page(query: bytes, allowed: tuple[str, ...], or_all: bool) -> Asked:
    fields = _fields(query)
    urls = [value for name, value in fields if name == "url"]
    places = [value for name, value in fields if name == "after"]
    if or_all and not urls:
        return Asked("")
    if len(urls) != 1 or not urls[0].strip():
        raise BadInput(TWICE if len(urls) > 1 else MISSING)
    if len(places) > 1 or (places and places[0] and not _PLACE.fullmatch(places[0])):
        raise BadInput(NO_PLACE)
    return Asked(canonical_url(urls[0], allowed), places[0] if places else "")


_remembered = lru_cache(maxsize=2_000)(_one_page)


def many_pages(query: bytes, allowed: tuple[str, ...]) -> Counted:
    """The pages that a GET counts. Raises BadInput."""
    read = _remembered_pages if len(query) <= _REMEMBERED_PAGES else _many_pages
    return read(query, allowed)


def _many_pages(query: bytes, allowed: tuple[str, ...]) -> Counted:
    return counted(tuple(value for name, value in _fields(query) if name == "url"), allowed)


_remembered_pages = lru_cache(maxsize=500)(_many_pages)


def sent_pages(body: bytes, allowed: tuple[str, ...]) -> Counted:
    """The pages that a POST counts: a JSON list of addresses, or an object with one in `urls`. Raises BadInput."""
    try:
        sent = msgspec.json.decode(body, type=list[str] | _Urls)
    except (msgspec.DecodeError, UnicodeError):
        raise BadInput(UNREADABLE) from None
    return counted(tuple(sent.urls if isinstance(sent, _Urls) else sent), allowed)


class _Urls(msgspec.Struct, forbid_unknown_fields=True):
    urls: list[str]


def counted(urls: tuple[str, ...], allowed: tuple[str, ...]) -> Counted:
    """Those that are pages with comments; one that is none must not cost the others their counts.

    Raises BadInput, where none is, that says of each address what is wrong with it.
    """
    if not urls:
        raise BadInput(MISSING)
    if len(urls) > MOST_URLS:
        raise BadInput(gettext(TOO_MANY) % {"most": MOST_URLS})
    pages: dict[str, str] = {}
    errors: dict[str, str] = {}
    for url in urls:
        try:
            pages[url] = _canonical(url, allowed) if len(url) <= _REMEMBERED else canonical_url(url, allowed)
        except BadInput as error:
            errors[_showable(url)] = error.sentence
    if not pages:
        raise BadInput("None of these is a page with comments.", errors)
    return Counted(tuple(pages.items()))


_canonical = lru_cache(maxsize=2_000)(canonical_url)


def _fields(query: bytes) -> list[tuple[str, str]]:
    text = query.decode("utf-8", "surrogateescape")
    try:
        return parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise BadInput(FIELDS) from None


def _showable(url: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in url[:200])
