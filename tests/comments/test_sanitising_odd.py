"""HTML that no rendering here makes: it is neither lost nor kept as it came."""

import pytest

from newsletter.comments import text
from newsletter.comments.source import source


@pytest.mark.parametrize(
    ("html", "written"),
    [
        ("<p>She said <q>yes</q>.</p>", "She said yes."),  # which Markdown has no mark for
        ("</p>ada</b>", "ada"),
        ("<p><code> </code>and <a href='https://a.example'> </a></p>", "and"),
    ],
)
def test_what_markdown_has_no_mark_for_stays_as_words(html: str, written: str) -> None:
    assert source("another program's", html) == written


def test_what_does_not_come_to_rest_is_shown_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cleaning of it finds something else to do; where there are too many nothing of it is believed."""
    html = "<p>Hi</code><blockquote><q></li><pre><br><ol><li> <blockquote>2 &lt; 3 <b>you"
    assert "<blockquote>" in text.sanitise(html)
    monkeypatch.setattr(text, "_PASSES", 1)
    assert text.sanitise(html) == "<p>Hi 2 &lt; 3 you</p>"
