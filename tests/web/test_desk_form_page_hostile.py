"""“Check my page” of a page that means harm: it takes no longer than another, and hides no form and shows none."""

import ssl
import time
from collections.abc import Iterable

import pytest

from newsletter.web.kit import forms_page_fetching as fetching
from newsletter.web.kit.forms_page_fetching import LARGEST, Fetch
from newsletter.web.kit.forms_page_reading import findings
from newsletter.web.kit.forms_page_tags import LONGEST, MOST_TAGS, tags
from tests.web.stage import URL
from tests.web.test_desk_form_page import FORM, PAGE, blogging, found, leads, refused, says

HARMLESS = "<p>A <em>word</em> and <a href='https://a.example/'>a link</a></p>\n"
TIMES = 20

UNITS = [
    "<", "<a ", "<a>", "</a ", "<a/", "<a x ", "<a x=", "<a x='", "<a x='\"'=\"'\"=", "<!", "<!-", "<!--", "<!-->",
    "<!--a", "<?", "</", "</>", "<![CDATA[", "<script>", "<script></script", "<script></script>",
    "<style></style>", "<textarea>", "</textarea ", "<title>", "<iframe src=x>", "<form>", "</form>",
    "<form action=/a/../b>", "<input name=x>", "<select>", "<base href=x>", "<newsletter-form form=x>", "&", "&#1",
    "<a x=&lt", "\x00", "\n", "-", "=", "é",
]  # fmt: skip
BEGUN = [
    "<form ", "<form a", "<form action=", "<form action='", "<form action=&#", "<base href=/", "<script src=",
    "<!--", "<script>", "<textarea>", "<iframe src='//",
]  # fmt: skip
REPEATED = [
    "a", " ", "/", "a/", "../", "?", "&", "&#", "1", "=", "'", '"', "a=b ", "a='b' ", "-", "<!--", "</scrip",
]  # fmt: skip
FORMS = "<form action=b></form>" * 200


def seconds(html: str) -> float:
    """Of this process alone, whatever else the machine does."""
    began = time.process_time()
    findings(html, PAGE, FORM, URL)
    return time.process_time() - began


def filled(begin: str, unit: str, end: str) -> str:
    whole = begin + unit * ((LARGEST - len(begin) - len(end)) // len(unit)) + end
    return whole.encode()[:LARGEST].decode("utf-8", "ignore")


@pytest.fixture(scope="module")
def most() -> float:
    return TIMES * max(seconds(filled("", HARMLESS, "")) for _ in range(3))


def shown(pages: Iterable[tuple[str, str, str]], most: float) -> None:
    taken = {page: seconds(filled(*page)) for page in pages}
    assert {page: took for page, took in taken.items() if took > most} == {}


def test_no_page_takes_much_longer_than_a_harmless_one(most: float) -> None:
    shown([("", unit, "") for unit in UNITS], most)


@pytest.mark.parametrize("end", ["", f"'>{FORMS}"], ids=["open", "closed"])
def test_nor_does_one_tag_that_is_all_of_the_page(end: str, most: float) -> None:
    shown([(begin, unit, end) for begin in BEGUN for unit in REPEATED], most)


PLAIN = f'<form method="post" action="{URL}/forms/guide"><input name="email"><input name="city"></form>'


@pytest.mark.parametrize(
    "before",
    [
        "<a title='<!--'>", '<a title="<textarea>" x>', "<a x='\"' y=<script>", "<a b=\"'\"c='>'>", "<a ==x>",
        "<a / =>", "<!-->", "<!--->", "<!-- > --!>", "<!-- <!-- -->", "<!doctype html>", "<? ' >", "</>", "</ '>",
        "<![CDATA[ ' ]]>", "< a '", "<3 '", "<script>'<form>'</scripty </SCRIPT >", "<style></style\n>",
        "<title><!--</title>", "<script/>", "<svg><title />", "<textarea>'</textarea x='>'>", "<title></title>",
        "<script>&lt;!--</script>", "<a\fx\r=\n'>'>", "<iframe></iframe>",
    ],
)  # fmt: skip
def test_what_stands_before_a_form_does_not_hide_it(before: str) -> None:
    assert found(before + PLAIN) == [("plain", "")]


@pytest.mark.parametrize(
    "before",
    [
        "<!--", "<!-- --", "<!--!>", "<!-- -- >", "<script>", "<script></script", "<script><!--", "<style>",
        "<textarea>", "<title>", "<iframe>", "<xmp>", "<a x='", "<a x =\n'", "<script src=/>",
        "<textarea></text></textareas>",
    ],
)  # fmt: skip
def test_what_no_browser_shows_as_a_form_is_none(before: str) -> None:
    assert found(before + PLAIN.replace('"', "")) == []


def test_what_a_tag_says() -> None:
    html = """<FORM/Action = a/ METHOD='"&amp;' method=b c d=''e="1"f = g/>"""
    (tag,) = tags(html, {"form"})
    said = {"action": "a/", "method": '"&', "c": "", "d": "", "e": "1", "f": "g/"}
    assert (tag.name, tag.ends, dict(tag.values)) == ("form", False, said)
    assert [(one.name, one.ends) for one in tags("<a><br></FORM x>", {"form", "br"})] == [
        ("br", False),
        ("form", True),
    ]
    longest = "a" * LONGEST
    assert [one.values["x"] for one in tags(f"<a x={longest}><a x={longest}a>", {"a"})] == [longest, ""]
    assert found("<b>" * (MOST_TAGS - 4) + PLAIN) == [("plain", "")]
    assert found("<b>" * MOST_TAGS + PLAIN) == []


@pytest.mark.parametrize("bad", ["http://[x", "//[", "http://℀.example/", "https://[::1"])
def test_an_address_that_is_none_hides_nothing(bad: str) -> None:
    """As browsers have it, a base that is none counts for nothing."""
    for html in (
        f'<base href="{bad}"><form action="{bad}">',
        f'<base href="{bad}"><script src="{bad}"></script><iframe src="{bad}"></iframe>',
    ):
        assert found(html) == []
    assert found(f'<base href="{bad}"><form action="/forms/guide"></form>') == [
        ("elsewhere", "https://blog.example.org/forms/guide")
    ]
    element = '<newsletter-form form="guide"></newsletter-form>'
    assert found(f'<base href="{bad}"><script src="{bad}"></script>{element}') == [("no_script", "")]
    assert found(f'<base href="{bad}"><script src="{URL}/embed.js"></script>{element}') == [("element", "")]


async def test_an_answer_that_leads_to_no_page() -> None:
    local = Fetch(True, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    nowhere = ("http://[bad", "//[", "http://\N{ACCOUNT OF}.example/", "/é")
    upgrade = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nx"
    async with blogging() as blog:
        blog.pages = {f"/{number}": leads(to) for number, to in enumerate(nowhere)}
        blog.pages |= {"/101": upgrade, "/early": b"HTTP/1.1 103 Early Hints\r\n\r\n" + says("<p>Hello")}
        for path in list(blog.pages)[: len(nowhere)]:
            assert await refused(f"{blog.origin}{path}", local) == fetching.LEADS_NOWHERE
        assert await refused(f"{blog.origin}/101", local) == fetching.STATUS.format(101)
        assert (await local.page(f"{blog.origin}/early")).html == "<p>Hello"


async def test_a_page_that_comes_byte_by_byte() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    local = Fetch(True, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    async with blogging() as blog:
        taken = []
        for count in (40_000, 160_000):
            blog.pages = {"/": head + b"1\r\nx\r\n" * count + b"0\r\n\r\n"}
            times = []
            for _ in range(3):
                began = time.process_time()
                assert len((await local.page(f"{blog.origin}/")).html) == count
                times.append(time.process_time() - began)
            taken.append(min(times))
    assert taken[1] < 9 * taken[0], "four times as much, not its square"
