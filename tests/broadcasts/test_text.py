"""What an owner wrote, as HTML and as text: the same words, and nothing that runs or loads."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from markdown_it.ruler import Ruler

from newsletter.broadcasts import markdown
from newsletter.broadcasts.text import LONGEST, Written, write
from newsletter.errors import BadInput
from newsletter.mail.merge import Marks
from tests.comments.payloads import PAYLOADS

TAGS = set("p h2 h3 h4 ul ol li blockquote pre code a em strong s hr br img".split())  # noqa: SIM905  read better so
ATTRIBUTES = {"class", "style", "href", "title", "src", "alt", "start"}


def written(body: str) -> Written:
    return write(Marks(), body)


def bare(html: str) -> str:
    """Without our own looks."""
    return re.sub(r' (class|style)="[^"]*"', "", html).strip()


@pytest.mark.parametrize(
    ("body", "html", "plain"),
    [
        ("Hello\nyou", "<p>Hello\nyou</p>", "Hello you"),
        ("*a* **b**  \nc", "<p><em>a</em> <strong>b</strong><br />\nc</p>", "_a_ *b*\nc"),
        ("~~a~~ b", "<p><s>a</s> b</p>", "~~a~~ b"),
        ("x\n\n# Big", "<p>x</p>\n<h2>Big</h2>", "x\n\nBig\n==="),
        ("## Small", "<h2>Small</h2>", "Small\n-----"),
        ("### Less", "<h3>Less</h3>", "Less\n----"),
        ("- a\n- b\n  - c", "<ul>\n<li>a</li>\n<li>b\n<ul>\n<li>c</li>\n</ul>\n</li>\n</ul>", "- a\n- b\n  - c"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>', "3. a\n4. b"),
        (
            "- a\n\n  b\n- c",
            "<ul>\n<li>\n<p>a</p>\n<p>b</p>\n</li>\n<li>\n<p>c</p>\n</li>\n</ul>",
            "- a\n\n  b\n\n- c",
        ),
        (
            "> a\n>\n> > b",
            "<blockquote>\n<p>a</p>\n<blockquote>\n<p>b</p>\n</blockquote>\n</blockquote>",
            "> a\n>\n> > b",
        ),
        ("`a < b`", "<p><code>a &lt; b</code></p>", "a < b"),
        ("```py\na < b\n```", "<pre>a &lt; b\n</pre>", "    a < b"),
        ("a\n\n---\n\nb", "<p>a</p>\n<hr />\n<p>b</p>", "a\n\n* * *\n\nb"),
        ("[a](https://b.de/c)", '<p><a href="https://b.de/c">a</a></p>', "a (https://b.de/c)"),
        ("<https://b.de>", '<p><a href="https://b.de">https://b.de</a></p>', "https://b.de"),
        ("see https://b.de/a_b_c.", '<p>see <a href="https://b.de/a_b_c">https://b.de/a_b_c</a>.</p>',
         "see https://b.de/a_b_c."),
        ("[me](mailto:a@b.de)", '<p><a href="mailto:a@b.de">me</a></p>', "me (a@b.de)"),
        ("![A desk](https://b.de/d.png)", '<p><img src="https://b.de/d.png" alt="A desk" /></p>', "[A desk]"),
        ("<b>raw</b> & <!-- x -->", "<p>&lt;b&gt;raw&lt;/b&gt; &amp; &lt;!-- x --&gt;</p>", "<b>raw</b> & <!-- x -->"),
        ("[x](javascript:alert(1))", "<p>x</p>", "x"),
        ("![x](data:image/png;base64,AA)", "<p>x</p>", "[x]"),
    ],
)  # fmt: skip
def test_both_forms(body: str, html: str, plain: str) -> None:
    found = written(body)
    assert (bare(found.html), found.plain) == (html, plain)


def test_a_first_heading_is_the_mail_s_title() -> None:
    found = written("# On *work*\n\nHello")
    assert (found.title, bare(found.html), found.plain) == ("On work", "<p>Hello</p>", "Hello")


def test_a_paragraph_is_one_line_however_long() -> None:
    assert "\n" not in written("word " * 1000).plain


def filled(body: str, **values: str) -> tuple[str, str]:
    marks = Marks()
    found = write(marks, body)
    return bare(marks.fill(found.html, "html", values)), marks.fill(found.plain, "text", values)


def test_merge_tags_live_through_markdown_escaped_for_their_place() -> None:
    name = '<b>"Ada" & *co*'
    html, plain = filled('**{{ name }}** {{ name | "you" }}', name=name)
    assert html == "<p><strong>{0}</strong> {0}</p>".format("&lt;b&gt;&quot;Ada&quot; &amp; *co*")
    assert plain == f"*{name}* {name}"
    assert filled('{{ name | "<you>" }}') == ("<p>&lt;you&gt;</p>", "<you>")


def test_in_an_address_a_value_is_percent_encoded() -> None:
    html, plain = filled('[a](https://b.de/?e={{ email | "no one" }}&x)', email='"a&b/../"@c.de')
    assert html == '<p><a href="https://b.de/?e=%22a%26b%2F..%2F%22%40c.de&amp;x">a</a></p>'
    assert plain == "a (https://b.de/?e=%22a%26b%2F..%2F%22%40c.de&x)"
    assert "no%20one" in filled('[a](https://b.de/?e={{ email | "no one" }}&x)')[0]


@pytest.mark.parametrize(
    "url", ["{{ name }}", "https://{{ name }}.de/", "https://{{ name }}", "{{ name }}://b.de"]
)
def test_a_tag_never_chooses_where_a_link_leads(url: str) -> None:
    html, _ = filled(f"[a]({url})", name="javascript")
    assert html == "<p>a</p>"
    (link,) = written(f"[a]({url})").links
    assert link.url == url
    assert link.trouble


def test_in_code_and_after_a_backslash_a_tag_is_what_was_typed() -> None:
    html, plain = filled("`{{ name }}` \\{{ name }}\n\n    {{ name }}", name="Ada")
    assert html == "<p><code>{{ name }}</code> {{ name }}</p>\n<pre>{{ name }}\n</pre>"
    assert plain == "{{ name }} {{ name }}\n\n    {{ name }}"
    assert not written("`{{ 7 * 7 }}` \\{{ 7 * 7 }}").unknown


@pytest.mark.parametrize(
    "body",
    ["{{ 7 * 7 }}", "{{ ''.__class__ }}", "{% for x in y %}", "{# no #}", "{{ name | upper }}", "${7*7}"],
)
def test_nothing_is_evaluated(body: str) -> None:
    html, plain = filled(body, name="Ada")
    assert unescape(html) == f"<p>{body}</p>"
    assert plain == body


def assert_inert(html: str) -> None:
    """Our own tags with our own attributes, and addresses that only lead to the web or to a mailbox."""
    for tag in re.findall(r"<[^<>]*>", html):
        name = re.match(r"</?([a-z0-9]+)", tag)
        assert name, tag
        assert name[1] in TAGS, tag
        rest = re.sub(r'\s([a-z]+)="([^"]*)"', lambda m: "" if m[1] in ATTRIBUTES else m[0], tag)
        assert re.fullmatch(r"</?[a-z0-9]+( /)?>", rest), tag
        for url in re.findall(r'(?:href|src)="([^"]*)"', tag):
            assert re.match(r"(?i)(https?://[^/?#@]|mailto:)", url), tag
    assert "<" not in re.sub(r"<[^<>]*>", "", html)


@pytest.mark.parametrize("payload", [text for text in PAYLOADS if len(text) < 2_000], ids=ascii)
def test_what_is_hostile_is_inert(payload: str) -> None:
    for body in (payload, f"[x]({payload})", f"![{payload}](https://b.de/x)", f"> {payload}", f"a `{payload}` b",
                 f'[x](https://b.de/ "{payload}")', f"# {payload}", f"[x](<{payload}>)"):  # fmt: skip
        assert_inert(written(body).html)
    html, _ = filled('[{{ name }}](https://b.de/{{ name }} "{{ name }}")', name=payload)
    assert_inert(html)


TAG = '{{" onclick="alert(1)}}'


@pytest.mark.parametrize(
    "body",
    [f"[x](<https://b.de/{TAG}>)", f"![x](<https://b.de/{TAG}>)", "![{{<b>}}](x)", f"<https://b.de/{TAG[:-2]}",
     '<https://b.de/{{"x}}>'],
)  # fmt: skip
def test_what_looks_like_a_tag_ends_no_attribute_and_is_named(body: str) -> None:
    marks = Marks()
    found = write(marks, body)
    assert_inert(marks.fill(found.html, "html", {}))
    assert len(found.unknown) == 1


@limits(deadline=None)
@given(st.text(st.sampled_from("a *_`[]()<>!#-+1.\n\\{}|\"':/&;~ \ue0000\ue001é"), max_size=200))
def test_any_text_is_inert_and_has_no_mark_that_nobody_made(body: str) -> None:
    html, plain = filled(body)
    assert_inert(html)
    assert not re.search("[\ue000-\ue002]", html + plain)


@pytest.mark.parametrize(
    "typed",
    [
        "&#xE000;0&#xe001;",
        "&#57344;0&#057345;",
        "[a](https://b.de/%EE%80%800%ee%80%81)",
        "[a](https://b.de/\\%EE\\%80\\%800\\%EE\\%80\\%81)",
        "[a](https://b.de/&percnt;EE%80%800%EE%80%81)",
        "<https://b.de/%EE%80%800%EE%80%81>",
        "https://b.de/%EE%80%800%EE%80%81",
        "![a&#xE000;0&#xE001;](https://b.de/%EE%80%820%EE%80%81)",
    ],
)
def test_nobody_types_a_mark_in_disguise(typed: str) -> None:
    for body in (typed, f"{typed} {{{{ name }}}}"):
        html, plain = filled(body, name="Ada")
        assert "Ada" not in (html + plain).replace(" Ada", "")
        assert not re.search("[\ue000-\ue002]", html + plain)


def test_many_tags_are_all_tags() -> None:
    html, plain = filled("{{ name }}" * 9_999 + "{{name}}", name="A")
    assert (html, plain) == (f"<p>{'A' * 10_000}</p>", "A" * 10_000)
    many = "{{x}}" * 20_000
    assert filled(many) == (f"<p>{many}</p>", many)


def test_a_text_has_an_end() -> None:
    with pytest.raises(BadInput, match="100,000"):
        written("x" * (LONGEST + 1))


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("![a *b*](https://b.de/c.png)", '<p><a href="https://b.de/c.png">a b</a></p>'),
        ("![](https://b.de/c.png)", '<p><a href="https://b.de/c.png">Picture</a></p>'),
        ("[![a](https://b.de/c.png) d](https://b.de/)", '<p><a href="https://b.de/">a d</a></p>'),
        ("![a](c.png)", "<p>a</p>"),
        ("# a\n\n# b\n\n##### c", "<h2>b</h2>\n<h4>c</h4>"),
        ("    a", "<pre>a\n</pre>"),
        ("https://b.de/", '<p><a href="https://b.de/" class="bare">https://b.de/</a></p>'),
    ],
)
def test_on_a_page_it_has_no_looks_and_loads_nothing(body: str, html: str) -> None:
    assert write(Marks(), body, for_page=True).html == html + "\n"


def test_nothing_is_left_to_be_made_ready_by_the_first_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are rendered in threads: of two that were the first, one found the parser's rules half made."""
    fresh = markdown._set_up()
    monkeypatch.delattr(Ruler, "__compile__")
    assert [token.type for token in fresh.parse("> *b*\n\n- `e`")].count("inline") == 2
