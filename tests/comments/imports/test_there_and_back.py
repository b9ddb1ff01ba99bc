"""HTML of another system is kept in the form that our own export keeps too."""

import pytest

from newsletter.comments.importing import shown
from newsletter.comments.imports import Imported
from newsletter.comments.text import sanitise
from tests.comments.imports.conftest import NOON


def imported(text: str) -> Imported:
    return Imported(
        source="disqus",
        source_id="1",
        parent_id=None,
        url="https://olga.example.org/",
        title="",
        name="Ada",
        email="",
        website="",
        text=text,
        is_html=True,
        newlines=False,
        created_at=NOON,
        status="approved",
    )


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Fine.", "<p>Fine.</p>"),
        ("<p>One\nline.</p>\n\n<p>Two.</p>\n", "<p>One line.</p><p>Two.</p>"),
        ("<p>So:<br>    a = 1<br>\n  b = 2</p>", "<p>So:<br>a = 1<br>b = 2</p>"),
        (
            "<p>So:</p><pre><code>a = 1\n\n  b = 2\n</code></pre>",
            "<p>So:</p><pre><code>a = 1\n\n  b = 2\n</code></pre>",
        ),
        ("<blockquote>One\n\ntwo</blockquote>", "<blockquote>One  two</blockquote>"),
    ],
)
def test_line_feeds_of_html_are_spaces_and_stay_so(text: str, html: str) -> None:
    assert shown(imported(text)) == html
    assert sanitise(html, newlines=True) == html  # how it comes in again from our own export
