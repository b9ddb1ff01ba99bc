"""Where the bounds of a comment's text stand, to the character: a mistake by one there is noticed."""

import pytest

from newsletter.comments import markdown, text
from newsletter.errors import BadInput

SITE = "https://example.org/"


def test_the_longest_comment_is_markdown_and_one_character_more_is_not() -> None:
    emphasis = "*a*" + "x" * (text.LONGEST - 3)
    assert text.LONGEST == 10_000
    assert text.render(emphasis).startswith("<p><em>a</em>x")
    assert text.render(emphasis + "x").startswith("<p>*a*x")


def test_the_longest_html_keeps_its_marks_and_one_character_more_does_not() -> None:
    bold = f"<b>{'x' * (200_000 - 7)}</b>"
    assert text.sanitise(bold) == bold
    assert text.sanitise(f"x{bold}") == f"<p>x{bold[3:-4]}</p>"


def test_html_that_outgrows_it_by_its_line_ends_is_text() -> None:
    lines = "\n".join(["<b>x</b>"] * 17_000)
    assert len(lines) < 200_000 < len(lines.replace("\n", "<br>"))
    assert "<b>" not in text.sanitise(lines, newlines=True)
    assert text.sanitise(lines) == lines


def test_a_list_shows_twelve_thousand_characters_as_they_are() -> None:
    html = f"<p>{'x' * (12_000 - 7)}</p>"
    assert text.excerpt(html, 5) == html
    assert text.excerpt(html.replace("<p>", "<p>x"), 5) == "<p>xxxx…</p>"


@pytest.mark.parametrize(("longest", "shown"), [(-1, ""), (0, ""), (1, "…"), (2, "a…"), (3, "abc")])
def test_a_cut_counts_its_sign(longest: int, shown: str) -> None:
    assert text.plain("abc", longest) == shown


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("ab cdefgh", "ab cde…"),  # a blank in the first third is none to cut at
        ("abc defgh", "abc…"),
        ("abcdef gh", "abcdef…"),
        ("abcde\u0301\u0301fgh", "abcd…"),  # a letter goes with its marks
        ("abcdef\u0301gh", "abcde…"),
        ("abcd\U0001f469\u200d\U0001f467fgh", "abcd…"),  # and a family stays together
        (
            "abc\U0001f469\u200d\U0001f467fgh",
            "abc\U0001f469\u200d\U0001f467…",
        ),  # also where nothing more fits
    ],
)
def test_seven_characters_end_where_a_reader_would_end_them(typed: str, shown: str) -> None:
    assert text.plain(typed, 7) == shown


@pytest.mark.parametrize(("typed", "tag", "deepest"), [("> ", "<blockquote>", 12), ("- ", "<ul>", 6)])
def test_quotes_and_lists_go_so_deep(typed: str, tag: str, deepest: int) -> None:
    """A list takes two levels, its own and its item's. What is deeper stands there as it was typed."""
    assert markdown.to_html(typed * (deepest - 1) + "a").count(tag) == deepest - 1
    assert markdown.to_html(typed * deepest + "a").count(tag) == deepest
    deeper = markdown.to_html(typed * (deepest + 1) + "a")
    assert deeper.count(tag) == deepest
    assert (typed.strip().replace(">", "&gt;") + " a") in deeper


@pytest.mark.parametrize(
    "typed",
    [
        "https://a.example https://b.example",
        "[a](https://a.example) https://b.example",
        "[a](https://a.example)[b](https://b.example)",
    ],
)
def test_a_link_may_follow_another(typed: str) -> None:
    assert text.count_links(text.render(typed)) == 2


@pytest.mark.parametrize(
    ("address", "left"),
    [("a[1]", ""), ("a[1]", "]"), ("a(1)", ""), ("a(1)", ")"), ("a", ")))"), ("a[(1)]", ")].")],
)
def test_a_bare_address_keeps_the_brackets_that_open_in_it(address: str, left: str) -> None:
    assert text.render(f"{SITE}{address}{left}").endswith(f">{SITE}{address}</a>{left}</p>")


@pytest.mark.parametrize(
    "html",
    ["a<script>b</style>c</script>d", "a<style>b<script>c</script></style>d", "a</script>d", "a</style>d"],
)
def test_what_a_script_or_a_style_holds_goes_up_to_its_own_end(html: str) -> None:
    assert text.sanitise(html) == "ad"


def test_forty_elements_stand_in_each_other() -> None:
    assert text.sanitise("<b>" * 39 + "a" + "</b>" * 39).count("<b>") == 39
    assert text.sanitise("<b>" * 40 + "a" + "</b>" * 40).count("<b>") == 40
    assert text.sanitise("<b>" * 41 + "a" + "</b>" * 41).count("<b>") == 40


def test_what_was_too_deep_or_never_open_counts_for_nothing() -> None:
    assert text.sanitise("</b>" * 40 + "<b>" * 41 + "a").count("<b>") == 40
    assert text.sanitise("<b>" * 100 + "a" + "</b>" * 40 + "<i>b</i>").endswith("<i>b</i>")


def test_a_list_starts_at_a_number_of_nine_digits_at_most() -> None:
    assert text.sanitise('<ol start="123456789"><li>a</li></ol>') == '<ol start="123456789"><li>a</li></ol>'
    assert text.sanitise('<ol start="1234567890"><li>a</li></ol>') == "<ol><li>a</li></ol>"
    assert text.sanitise('<ol start="https://example.org/"><li>a</li></ol>') == "<ol><li>a</li></ol>"


def test_a_website_has_two_hundred_characters_at_most() -> None:
    longest = SITE + "a" * (200 - len(SITE))
    assert text.website(longest) == longest
    with pytest.raises(BadInput, match="200 characters at most"):
        text.website(longest + "a")
    with pytest.raises(BadInput, match="200 characters at most"):  # it is 200 only as it was typed
        text.website(longest[8:] + "aaaaaaa")
    with pytest.raises(BadInput, match="200 characters at most"):  # and here only as it would be kept
        text.website(longest.replace("example.org", "example.org:443"))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("http://example.org:80", "http://example.org/"),
        ("http://example.org:443", "http://example.org:443/"),
        ("https://example.org:443", SITE),
        ("https://example.org:80", "https://example.org:80/"),
        ("example.org:80", "https://example.org:80/"),
    ],
)
def test_only_the_port_that_goes_without_saying_is_left_out(typed: str, kept: str) -> None:
    assert text.website(typed) == kept
