"""One page is one thread, however it was reached; and no page of anybody else's is."""

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.comments import pages
from newsletter.comments.pages import ascii_host, canonical_url
from newsletter.errors import BadInput

_TOO_LONG = pages.TOO_LONG % {"most": "1,000"}
ALLOWED = ("https://olga.example.org", "http://localhost:8001", "https://müller.example", "http://[::1]:8000")
PIECES = [
    "/", "a", "index.html", "..", ".", "%2e", "%2F", "%7e", "%e9", "%", "%4", "é", "山", " ", "?", "&", "=", "+",
    ";", "utm_source=x", "b=2", "a=1", "ref", "#", "#top", "~", "|", "<", '"', "[", "@", ":", "%25", "%3Aa",
]  # fmt: skip
PAGE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://olga.example.org", "https://olga.example.org/"),
        ("https://olga.example.org/index.html", "https://olga.example.org/"),
        ("  https://olga.example.org/a \n", "https://olga.example.org/a"),
        ("https://olga.example.org/a/", "https://olga.example.org/a"),
        ("https://olga.example.org/a/index.html", "https://olga.example.org/a"),
        ("https://olga.example.org/a/index.html/", "https://olga.example.org/a"),
        ("https://olga.example.org/my-index.html", "https://olga.example.org/my-index.html"),
        ("HTTPS://OLGA.Example.ORG:443/A", "https://olga.example.org/A"),
        ("https://olga.example.org:/a", "https://olga.example.org/a"),
        ("http://localhost:8001/a#comment-7", "http://localhost:8001/a"),
        ("https://olga.example.org/a/../b/./c", "https://olga.example.org/b/c"),
        ("https://olga.example.org/../../a", "https://olga.example.org/a"),
        ("https://olga.example.org/a/%2e%2E/b", "https://olga.example.org/b"),
        ("https://olga.example.org/%7Eolga/%c3%a9", "https://olga.example.org/~olga/%C3%A9"),
        ("https://olga.example.org/é/山 田", "https://olga.example.org/%C3%A9/%E5%B1%B1%20%E7%94%B0"),
        ("https://olga.example.org/a%2Fb", "https://olga.example.org/a%2Fb"),
        ("https://olga.example.org/100%", "https://olga.example.org/100%25"),
        ("https://olga.example.org//a//b", "https://olga.example.org//a//b"),
        ("https://olga.example.org/?p=3&cat=2", "https://olga.example.org/?cat=2&p=3"),
        ("https://olga.example.org/?t=b&t=a&s", "https://olga.example.org/?s&t=b&t=a"),
        ("https://olga.example.org/a?", "https://olga.example.org/a"),
        ("https://olga.example.org/a?q=a/b?c", "https://olga.example.org/a?q=a/b?c"),
        ("https://olga.example.org/می\u200cخواهم", None),
        ("https://müller.example/a", "https://xn--mller-kva.example/a"),
        ("https://xn--mller-kva.example/a", "https://xn--mller-kva.example/a"),
        ("https://MÜLLER。example/a", "https://xn--mller-kva.example/a"),
        ("http://[0:0:0:0:0:0:0:1]:8000/a", "http://[::1]:8000/a"),
    ],
)
def test_a_page_has_one_address(typed: str, url: str | None) -> None:
    found = canonical_url(typed, ALLOWED)

    assert url is None or found == url
    assert canonical_url(found, ALLOWED) == found


@pytest.mark.parametrize(
    "parameter",
    [
        "utm_source=letter", "UTM_Campaign=x", "fbclid=IwAR0", "gclid=1", "mc_cid=1", "mc_eid=2", "ref=ada",
        "replytocom=7", "comment=7", "unapproved=7&moderation-hash=abc", "amp", "amp=1", "utm%5Fmedium=x",
        "%66bclid=1",
    ],
)  # fmt: skip
def test_how_a_reader_came_is_no_other_page(parameter: str) -> None:
    for url in (
        "https://olga.example.org/a?",
        "https://olga.example.org/a?b=2&",
        "https://olga.example.org/?",
    ):
        assert canonical_url(url + parameter, ALLOWED) == canonical_url(url, ALLOWED)


@pytest.mark.parametrize(
    "parameter", ["reference=1", "comments=1", "amps=1", "utm=1", "p=utm_source", "q=ref"]
)
def test_what_only_looks_like_tracking_is_kept(parameter: str) -> None:
    assert canonical_url(f"https://olga.example.org/?{parameter}", ALLOWED).endswith(f"/?{parameter}")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", pages.NOT_A_PAGE),
        ("/a", pages.NOT_A_PAGE),
        ("//olga.example.org/a", pages.NOT_A_PAGE),
        ("olga.example.org/a", pages.NOT_A_PAGE),
        ("javascript:alert(1)", pages.NOT_A_PAGE),
        ("data:text/html,x", pages.NOT_A_PAGE),
        ("file:" + "/etc/passwd", pages.NOT_A_PAGE),
        ("ftp://olga.example.org/a", pages.NOT_A_PAGE),
        ("https:///a", pages.NOT_A_PAGE),
        ("https://olga.example.org:port/a", pages.NOT_A_PAGE),
        ("https://olga.example.org:99999/a", pages.NOT_A_PAGE),
        ("https://olga.example.org:0/a", pages.NOT_A_PAGE),
        ("http://[::1/a", pages.NOT_A_PAGE),
        ("https://ada:secret@olga.example.org/a", pages.NOT_A_PAGE),
        ("https://@olga.example.org/a", pages.NOT_A_PAGE),
        ("https://olga.example.org@mallory.example/", pages.NOT_A_PAGE),
        ("https://mallory.example/a", pages.NOT_ALLOWED),
        ("http://olga.example.org/a", pages.NOT_ALLOWED),
        ("https://olga.example.org:8443/a", pages.NOT_ALLOWED),
        ("https://www.olga.example.org/a", pages.NOT_ALLOWED),
        ("https://olga.example.org.mallory.example/a", pages.NOT_ALLOWED),
        ("http://localhost/a", pages.NOT_ALLOWED),
        ("https://mallory.example\\@olga.example.org/", pages.UNREADABLE),
        ("https://olga.example.org\\a", pages.UNREADABLE),
        ("https://olga.example.org/a\nb", pages.UNREADABLE),
        ("https://olga.exa\tmple.org/a", pages.UNREADABLE),
        ("https://olga.example.org/a\x00", pages.UNREADABLE),
        ("https://olga.example.org/a%0d%0aBcc:", pages.UNREADABLE),
        ("https://olga.example.org/a%00", pages.UNREADABLE),
        ("https://olga.example.org/\u202egnp", pages.UNREADABLE),
        ("https://olga.example.org/%E2%80%AEgnp", pages.UNREADABLE),
        ("https://olga.example.org/?q=\u2066x", pages.UNREADABLE),
        ("https://olga.example.org/\ud800", pages.UNREADABLE),
        ("https://olga.example.org/" + "a" * 1000, _TOO_LONG),
        ("https://olga.example.org/" + "é" * 200, _TOO_LONG),
        ("https://olga.example.org/?utm_source=" + "a" * 9000, _TOO_LONG),
    ],
)
def test_it_is_refused_with_a_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=f"^{re.escape(sentence)}$"):
        canonical_url(typed, ALLOWED)


def test_without_a_list_of_origins_nothing_is_allowed() -> None:
    with pytest.raises(BadInput, match="aren’t open"):
        canonical_url("https://olga.example.org/a", ())


def test_an_origin_in_the_list_may_be_spelled_otherwise() -> None:
    for origin in ("https://OLGA.example.org", "https://olga.example.org:443", "https://olga.example.org/"):
        assert canonical_url("https://olga.example.org/a", [origin]) == "https://olga.example.org/a"


@settings(max_examples=600)
@given(PAGE | st.text(max_size=40))
def test_the_address_of_an_address_is_itself(rest: str) -> None:
    try:
        once = canonical_url("https://olga.example.org/" + rest, ALLOWED)
    except BadInput:
        return

    assert canonical_url(once, ALLOWED) == once
    assert once.isascii()
    assert once.isprintable()
    assert len(once) <= pages.LONGEST
    assert not set(once) & set(' "<>\\^`{|}#')
    parts = urlsplit(once)
    assert (parts.scheme, parts.netloc) == ("https", "olga.example.org")
    assert parts.path == "/" or not parts.path.endswith(("/", "/index.html"))
    assert "utm_source" not in re.split("[&=]", parts.query)


@settings(max_examples=200)
@given(PAGE)
def test_slash_index_and_fragment_change_nothing(rest: str) -> None:
    page = "https://olga.example.org/" + re.sub("[?#]", "", rest).strip()
    try:
        once = canonical_url(page, ALLOWED)
    except BadInput:
        return

    for more in ("/", "/index.html", "#top", "?utm_source=letter"):
        assert canonical_url(page + more, ALLOWED) == once


@settings(max_examples=200)
@given(st.text(max_size=30))
def test_what_stands_before_the_path_must_be_the_origin(host: str) -> None:
    try:
        found = canonical_url(f"https://{host}/", ["https://olga.example.org"])
    except BadInput:
        return

    assert found.startswith("https://olga.example.org/")


@pytest.mark.parametrize(
    ("host", "ascii_form"),
    [
        ("Example.ORG", "example.org"),
        ("straße.example", "xn--strae-oqa.example"),
        ("::1", "[::1]"),
        ("a..b", ""),
        ("a b", ""),
        ("", ""),
        ("1::2::3", ""),
    ],
)
def test_a_host_is_written_as_it_is_looked_up(host: str, ascii_form: str) -> None:
    assert ascii_host(host) == ascii_form
