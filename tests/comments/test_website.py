"""A commenter's website: kept in one spelling, or refused."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.comments.text import website
from newsletter.errors import BadInput
from tests.comments.payloads import PAYLOADS


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("  ", ""),
        ("example.org", "https://example.org/"),
        (" Example.ORG/Ada ", "https://example.org/Ada"),
        ("HTTP://example.org:80?a=b&c#d", "http://example.org/?a=b&c#d"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("example.org:8080/a", "https://example.org:8080/a"),
        ("https://bücher.example.org/ü%C3%BC", "https://xn--bcher-kva.example.org/%C3%BC%C3%BC"),
        ("https://straße.de", "https://xn--strae-oqa.de/"),
        ("https://example.org/'\"<>`%zz%", "https://example.org/%27%22%3C%3E%60%25zz%25"),
    ],
)
def test_a_website_is_written_in_one_way(typed: str, kept: str) -> None:
    assert website(typed) == kept
    assert website(kept) == kept


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("https://example.org/" + "a" * 181, "too long: 200"),
        ("https://example.org/" + "ü" * 60, "too long: 200"),
        *[
            (text, "begins with https://")
            for text in ("javascript:alert(1)", "data:text/html,x", "ftp://example.org", "https:a.de")
        ],
        *[
            (text, "no spaces")
            for text in (
                "https://a b.de",
                "https://a.de\\@b.de",
                "https://a.de/\r\nX: y",
                "a\u202e.de",
                "a\u200b.de",
            )
        ],
        *[
            (text, "doesn’t look")
            for text in ("//a.de", "https://a@b.de", "https://a:b@c.de", "https://", "https:///a", "ada")
        ],
        *[
            (text, "doesn’t look")
            for text in ("localhost", "http://127.0.0.1", "http://[::1]", "http://[", "a.de:99999", "-.de")
        ],
        *[
            (text, "doesn’t look")
            for text in ("https://xn--/", "https://a..de", "https://a%2ede", "javascript:1", "https://a.de:x")
        ],
    ],
)
def test_a_website_that_would_deceive_is_refused_with_a_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        website(typed)


@settings(max_examples=300)
@given(
    st.text(st.characters(categories=None), max_size=60)
    | st.text(max_size=60).map("https://example.org/".__add__)
    | st.text(max_size=30).map("https://{}.org".format)
)
def test_a_website_is_safe_in_a_link_or_refused(text: str) -> None:
    try:
        url = website(text)
    except BadInput:
        return

    assert re.fullmatch(r"|https?://[a-z0-9.-]+(?::[0-9]+)?/[!-~]*", url)
    assert not re.search(r"[\s<>\"'`\\]", url)
    assert website(url) == url


@pytest.mark.parametrize("payload", [payload for payload in PAYLOADS if len(payload) < 200])
def test_no_payload_is_a_website_that_runs(payload: str) -> None:
    try:
        url = website(payload)
    except BadInput:
        return

    assert re.fullmatch(r"|https?://[a-z0-9.-]+(?::[0-9]+)?/[!-~]*", url)
