"""A comment that came as HTML is changed as Markdown, and says what it said."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.comments import plain, render
from newsletter.comments.source import source
from newsletter.comments.text import sanitise


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>Fine.</p>", "Fine."),
        ("<p>One<br>two.</p><p>Three.</p>", "One\ntwo.\n\nThree."),
        ("<p>So <b>bold </b>and <i>thin</i>, <del>gone</del></p>", "So **bold** and *thin*, ~~gone~~"),
        ('<p>See <a href="https://a.example/x_y">my <b>site</b></a>.</p>', "See [my **site**](<https://a.example/x_y>)."),
        ("<ul><li>One</li><li>Two<ol><li>In</li></ol></li></ul>", "- One\n- Two\n  1. In"),
        ('<ol start="3"><li>Three</li><li>Four</li></ol>', "3. Three\n4. Four"),
        ("<blockquote><p>Said</p><p>before</p></blockquote><p>No.</p>", "> Said\n>\n> before\n\nNo."),
        ("<p>Type <code>a`b</code></p>", "Type ``a`b``"),
        ("<p>Type <code>ab</code></p>", "Type `ab`"),
        ("<p>Type <code>`a</code></p>", "Type `` `a ``"),
        ("<p><b>Bold</b> and *not*</p>", r"**Bold** and \*not\*"),
        ("<p>One.</p>Two.", "One.\n\nTwo."),
        ("*none*", r"\*none\*"),
        ("<p>So:</p><pre>x = *1*</pre>", "So:\n\n```\nx = *1*\n```"),
        ("<pre><code>x = *1*\n\n  y\n</code></pre>", "```\nx = *1*\n\n  y\n```"),
        ("<p>2 * 3 * 4, snake_case, [x], &amp;lt;</p>", r"2 \* 3 \* 4, snake\_case, \[x\], \&lt;"),
        ("<p># none<br>1. nor<br>- nor &gt;</p>", "\\# none\n1\\. nor\n\\- nor >"),
    ],
)  # fmt: skip
def test_it_reads_as_somebody_would_have_typed_it(html: str, markdown: str) -> None:
    came = sanitise(html)
    assert source(html, came) == markdown
    for tag in ("strong|b", "em|i", "del|s", "a", "li", "blockquote", "pre"):
        count = len(re.findall(rf"<(?:{tag})[ >]", came))
        assert len(re.findall(rf"<(?:{tag})[ >]", render(markdown))) == count, tag


def test_what_was_written_here_stays_as_it_was_typed() -> None:
    raw = "*So* <b>it</b>\nis & was"
    assert source(raw, render(raw)) == raw


def test_marks_that_cannot_be_written_are_left_out_rather_than_shown() -> None:
    html = sanitise('<p>a<b>"x"</b>y and <i>thin</i></p>')
    assert source("", html) == 'a"x"y and thin'
    assert source("", sanitise('<p>a<b>"x"</b>y</p><p>and <i>thin</i></p>')) == 'a"x"y\n\nand thin'


TAGS = "p b i ul li ol pre code blockquote".split()  # noqa: SIM905  read better so
PIECES = [
    *(f"<{slash}{tag}>" for tag in TAGS for slash in ("", "/")), "<br>", '<a href="https://a.example/">', "</a>",
    "word", " ", "    ", "\n", *"*_`#[]()\\", "**", "~~", "1.", "- ", "> ", "&amp;", "&lt;b&gt;", "&amp;amp;",
    "https://b.example",
]  # fmt: skip


@settings(max_examples=150)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_whatever_came_it_says_the_same(text: str) -> None:
    html = sanitise(text)
    said = plain(html, 10_000)
    assert plain(render(source(text, html)), 10_000) in (said, plain(render(said), 10_000))
