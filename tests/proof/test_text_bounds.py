"""No text, however hostile, makes rendering or sanitising slow."""

import sys
import time
from collections.abc import Callable
from functools import cache

import pytest

from newsletter.comments.text import render, sanitise
from tests.comments.payloads import SLOW

pytestmark = pytest.mark.alone


def calls(work: Callable[[], object]) -> int:
    """How many functions are called meanwhile: the same on every machine, on a busy one too."""
    count = 0

    def heard(_frame: object, event: str, _what: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(heard)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("payload", SLOW, ids=lambda text: ascii(text[:10]))
def test_twice_the_text_is_at_most_twice_the_work(payload: str) -> None:
    half = payload[: len(payload) // 2]
    render("the first one loads the reader of Markdown")

    assert calls(lambda: render(payload)) < 2.5 * calls(lambda: render(half)) + 1000


@cache
def ordinary_seconds() -> tuple[float, float]:
    """What a text and an HTML text of everyday kind take, of the lengths tried below."""
    text = ("A *word*, `code` and [a link](https://example.org/a).\n" * 200)[:10_000]
    html = ("<p>A <em>word</em> and <a href='https://example.org/a'>a link</a></p>\n" * 2000)[:100_000]
    return max(seconds(lambda: render(text)) for _ in range(3)), max(
        seconds(lambda: sanitise(html)) for _ in range(3)
    )


@pytest.mark.parametrize("payload", SLOW, ids=lambda text: ascii(text[:10]))
def test_no_text_takes_much_longer_than_an_ordinary_one(payload: str) -> None:
    for_text, for_html = ordinary_seconds()

    assert seconds(lambda: render(payload)) < 20 * for_text
    assert seconds(lambda: sanitise(payload * 10)) < 40 * for_html


def seconds(work: Callable[[], object]) -> float:
    """Of this process alone, whatever else the machine does."""
    began = time.process_time()
    work()
    return time.process_time() - began
