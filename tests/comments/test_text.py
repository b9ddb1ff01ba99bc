"""From what a commenter types to what stands on the page: what is kept, and what never runs."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it.ruler import Ruler

from newsletter.comments import markdown
from newsletter.comments.text import LONGEST, count_links, excerpt, plain, render, sanitise, unlinked
from tests.comments.payloads import PAYLOADS, is_inert

REL = 'rel="nofollow ugc noopener"'
TAG = re.compile(
    rf'</?(?:b|blockquote|cite|code|del|em|i|li|p|pre|q|s|strong|ul|ol)>|<ol start="[0-9]{{1,9}}">|<br>|</a>|<a {REL}>'
    rf'|<a href="(?:https?://[^\s<>"@/?#]+(?:[/?#][^\s<>"]*)?|mailto:[^\s<>"]+)" {REL}>',
    re.IGNORECASE,
)

MARKS = st.sampled_from(
    r"""
    a b é 1 # * ** _ ~~ ` ``` ~~~ > - + 1. [ ] ( ) ![ ]( < > & &lt; &#x3c; \ " ' ! : // http:// https:// mailto:
    javascript: data: example.org @ ? </p> <b> </b> <i> <a> <pre> <ul> <li> <script> </script> <svg> <table> <!-- -->
    <style> <br> <blockquote> </blockquote> ]]>
    """.split()  # noqa: SIM905  a list of sixty is read better as words
)
BLANKS = st.sampled_from(["\n", "\n\n", " ", "    ", "\t", "\r", "\u00a0", "\u202e", "\ud800"])
MARKUP = st.lists(MARKS | BLANKS, max_size=40).map("".join)
ANYTHING = MARKUP | st.text(st.characters(categories=None), max_size=200)  # with lone surrogates


def assert_safe(html: str) -> None:
    assert not is_inert(html)
    assert "<" not in TAG.sub("", html)  # nothing but our tags, written our way
    assert not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)
    assert sanitise(html) == html


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("One\ntwo\n\nthree", "<p>One<br>\ntwo</p>\n<p>three</p>"),
        ("*a* __b__ ~~c~~ `<d>`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>&lt;d&gt;</code></p>"),
        ("```py\n\nif a < b:\n    c\n```", "<pre><code>\nif a &lt; b:\n    c\n</code></pre>"),
        ("a\n\n    b  c", "<p>a</p>\n<pre><code>b  c\n</code></pre>"),
        ("> a\n> > b", "<blockquote>\n<p>a</p>\n<blockquote>\n<p>b</p>\n</blockquote>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("## A *b*", "<p><strong>A <em>b</em></strong></p>"),
        ("A\n===", "<p>A<br>\n===</p>"),
        ("a | b\n--|--\nc | d", "<p>a | b<br>\n--|--<br>\nc | d</p>"),
        ("I <3 R&D, <b>really</b> &copy;", "<p>I &lt;3 R&amp;D, &lt;b&gt;really&lt;/b&gt; ©</p>"),
        (r"2 \* 3 \[x](y)", "<p>2 * 3 [x](y)</p>"),
        ("snake_case_name", "<p>snake_case_name</p>"),
        (
            "[1]: https://a.example\n\n[1]",
            f'<p>[1]: <a href="https://a.example" {REL}>https://a.example</a></p>\n<p>[1]</p>',
        ),
        ("", ""),
    ],
)
def test_markdown_is_shown(typed: str, shown: str) -> None:
    assert render(typed) == shown


@pytest.mark.parametrize(
    ("typed", "href", "label"),
    [
        ("[a *b*](https://example.org/c)", "https://example.org/c", "a <em>b</em>"),
        ('[a](<https://example.org/b c> "title")', "https://example.org/b%20c", "a"),
        ("[a](https://example.org/b_(c))", "https://example.org/b_(c)", "a"),
        ("[[1] a](https://example.org)", "https://example.org", "[1] a"),
        ("[a](mailto:ada@example.org)", "mailto:ada@example.org", "a"),
        ("[](https://example.org)", "https://example.org", "https://example.org"),
        ("![a *cat*](https://example.org/cat.jpg)", "https://example.org/cat.jpg", "a <em>cat</em>"),
        ("![](https://example.org/cat.jpg)", "https://example.org/cat.jpg", "https://example.org/cat.jpg"),
        ("[![a](https://b.example/c.png)](https://example.org)", "https://example.org", "a"),
        (
            "https://bücher.example/ü?q=1&r=2",
            "https://xn--bcher-kva.example/%C3%BC?q=1&amp;r=2",
            "https://bücher.example/ü?q=1&amp;r=2",
        ),
        ("https://example.org/a_b_c*d*", "https://example.org/a_b_c*d", "https://example.org/a_b_c*d"),
    ],
)
def test_a_link_leads_where_it_says_and_is_vouched_for_by_nobody(typed: str, href: str, label: str) -> None:
    html = render(typed)

    assert f'<a href="{href}" {REL}>{label}</a>' in html
    assert count_links(html) == 1
    assert_safe(html)


@pytest.mark.parametrize(
    ("typed", "rest"),
    [
        ("(see https://example.org/a).", "(see {}).</p>"),
        ("https://example.org/a, or", "{}, or</p>"),
        ("**https://example.org/a**", "<strong>{}</strong></p>"),
        ("“https://example.org/a”", "“{}”</p>"),
        ("<https://example.org/a>", "&lt;{}&gt;</p>"),
        ('"https://example.org/a"', '"{}"</p>'),
    ],
)
def test_a_bare_address_ends_before_the_sentence_does(typed: str, rest: str) -> None:
    link = f'<a href="https://example.org/a" {REL}>https://example.org/a</a>'

    assert render(typed) == "<p>" + rest.format(link)


@pytest.mark.parametrize(
    "typed",
    [
        "[a](javascript:alert(1))",
        "[a](java&#115;cript:b)",
        "[a](//mallory.example)",
        "[a](/u/token)",
        "[a](data:text/html,b)",
        "https://example.org@mallory.example/",
        "[a](https://ada:b@mallory.example)",
        "[a](https:\\\\mallory.example)",
        "xhttps://example.org",
        "`https://example.org`",
        "www.example.org",
        "ada@example.org",
        "[a][b]",
        "https://",
        "[a]()",
    ],
)
def test_no_link_is_made_of_it(typed: str) -> None:
    assert count_links(render(typed)) == 0
    assert "<a" not in render(typed)


def unlinks(html: str) -> None:
    for words in (unlinked(html), unlinked(html, told=True)):
        assert_safe(words)
        assert "<a" not in words


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda text: ascii(text[:40]))
def test_no_payload_runs_or_loads(payload: str) -> None:
    assert_safe(render(payload))
    unlinks(render(payload))
    for newlines in (True, False):
        html = sanitise(payload, newlines=newlines)
        assert_safe(html)
        assert sanitise(html, newlines=newlines) == html


@settings(max_examples=300)
@given(ANYTHING)
def test_no_text_at_all_runs_or_loads(text: str) -> None:
    assert_safe(render(text))
    for newlines in (True, False):
        html = sanitise(text, newlines=newlines)
        assert_safe(html)
        assert sanitise(html, newlines=newlines) == html


@settings(max_examples=200)
@given(st.text(st.characters(categories=["L", "N", "M", "Zs"]), max_size=200))
def test_words_lose_nothing(text: str) -> None:
    assert plain(render(text), 1000) == " ".join(text.split())


@pytest.mark.parametrize(
    "typed", [">" * 60 + " end", "> - " * 30 + "end", "- " * 60 + "end", "**a " * 60 + "end" + " b**" * 60]
)
def test_what_is_nested_too_deep_is_still_read(typed: str) -> None:
    html = render(typed)

    assert "end" in html
    assert html.count("<blockquote>") <= 12
    assert_safe(html)


def test_a_text_that_is_too_long_is_shown_as_typed() -> None:
    typed = "*a* <b> [c](https://example.org)\nd\n\n" + "e" * LONGEST

    assert render(typed).startswith("<p>*a* &lt;b&gt; [c](https://example.org)<br>d</p><p>eee")


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        (
            "One\ntwo\n\nthree <em>four\n\nfive</em>",
            "<p>One<br>two</p><p>three <em>four</em></p><p><em>five</em></p>",
        ),
        ("<p>One\ntwo</p>\n<p>three<br />\nfour</p>", "<p>One<br>two</p><p>three<br>four</p>"),
        ("a\n\n<blockquote>b\nc</blockquote>\n\nd", "a<blockquote>b<br>c</blockquote>d"),
        ("<pre>\n\na\n  b\n</pre>\nc", "<pre>a\n  b\n</pre>c"),
        (
            "<A HREF='https://example.org' target=_blank class=x onclick=y>a</A>",
            f'<p><a href="https://example.org" {REL}>a</a></p>',
        ),
        ("<strong title='a'>b</strong> <font color=red>c</font>", "<p><strong>b</strong> c</p>"),
        ("<div><span>a</span></div><img src=b alt=c>", "<p>a</p>"),
        ("a<script>b</script><style>c</style>d", "<p>ad</p>"),
        ("I <3 you & a<b", "<p>I &lt;3 you &amp; a&lt;b</p>"),
        ("\u202eabc\0\u2066 d", "<p>abc d</p>"),
        ("<ol start='-1 onclick'><li>a</ol>", "<ol><li>a</li></ol>"),
    ],
)
def test_other_systems_html_is_kept_as_far_as_it_is_harmless(html: str, kept: str) -> None:
    assert sanitise(html, newlines=True) == kept


def test_line_feeds_are_blanks_where_nobody_says_otherwise() -> None:
    assert sanitise("<p>One\ntwo</p>") == "<p>One\ntwo</p>"


@pytest.mark.parametrize(
    ("html", "longest", "text"),
    [
        ("<p>a &lt;b&gt; &amp;amp; c</p>\n<p>d<br>\ne <em>f</em>g</p>", 100, "a <b> &amp; c d e fg"),
        ("<ul>\n<li>a</li>\n<li>b</li>\n</ul><pre><code>c\n  d</code></pre>", 100, "a b c d"),
        ("<p>Hello wonderful world</p>", 21, "Hello wonderful world"),
        ("<p>Hello wonderful world</p>", 20, "Hello wonderful…"),
        ("<p>Hello wonderful world</p>", 16, "Hello wonderful…"),
        ("<p>Hello wonderful world</p>", 15, "Hello…"),
        ("<p>Donaudampfschiff</p>", 6, "Donau…"),
        ("<p>&lt;&lt;&lt;&lt;&lt;</p>", 3, "<<…"),
        ("<p>ab\u0301\u0302cd</p>", 4, "a…"),
        ("<p>a👩\u200d👩\u200d👧 b</p>", 4, "a…"),
        ("<p>ab</p>", 1, "…"),
        ("<p>ab</p>", 0, ""),
        ("", 5, ""),
    ],
)
def test_plain_text_is_cut_at_a_word(html: str, longest: int, text: str) -> None:
    assert plain(html, longest) == text


@given(ANYTHING, st.integers(0, 60))
def test_plain_text_is_short_and_on_one_line(text: str, longest: int) -> None:
    short = plain(render(text), longest)

    assert len(short) <= longest
    assert "\n" not in short


@pytest.mark.parametrize(
    ("typed", "words", "told"),
    [
        (
            "[*a* b](https://x.example/?a=1&b=2)",
            "<em>a</em> b",
            " <cite>(https://x.example/?a=1&amp;b=2)</cite>",
        ),
        (
            "[https://good.example](https://bad.example)",
            "https://good.example",
            " <cite>(https://bad.example)</cite>",
        ),
        ("https://x.example", "https://x.example", ""),
    ],
)
def test_a_link_that_is_not_to_be_followed_may_say_where_it_leads(typed: str, words: str, told: str) -> None:
    assert unlinked(render(typed)) == f"<p>{words}</p>"
    assert unlinked(render(typed), told=True) == f"<p>{words}{told}</p>"


def test_a_list_shows_a_text_whole_unless_it_outgrows_it() -> None:
    long, grown = render("**word** " * 500), render("*&* " * 2_400)
    assert excerpt(long, 100) == long
    assert excerpt(grown, 10) == "<p>&amp; &amp; &amp; &amp; &amp;…</p>"
    assert excerpt(render('*"* ' * 2_400), 4) == '<p>" "…</p>'


def test_nothing_is_left_to_be_made_ready_by_the_first_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are rendered in threads: of two that were the first, one found the parser's rules half made."""
    fresh = markdown._set_up()
    typed = "> a *b*\n\n- [c](https://example.org/d) `e`"
    expected = markdown.to_html(typed)
    monkeypatch.delattr(Ruler, "__compile__")
    assert fresh.render(typed) == expected
