"""Every message, right to the byte and the same in both parts."""

import email
import re
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from newsletter.clock import DAY
from newsletter.mail.headers import MessageError
from newsletter.mail.messages import Attachment, Messages
from newsletter.paths import TEMPLATES
from newsletter.settings import Settings
from newsletter.tokens import Tokens
from tests.conftest import NOON
from tests.mail.conftest import CONTEXTS, delivery

EVERY = sorted(CONTEXTS)
TWO = {
    **CONTEXTS["guide"],
    "downloads": [*CONTEXTS["guide"]["downloads"], *CONTEXTS["guide"]["downloads"]],
}
OWN = {
    "own": {
        "subject": "My own",
        "above": [["Dear reader,", "on two lines."], ["Truly."]],
        "below": [["Olga"]],
    }
}
VARIANTS = [
    *((name, CONTEXTS[name]) for name in EVERY),
    ("confirmation", CONTEXTS["confirmation"] | {"magnet_title": None}),
    ("reminder", CONTEXTS["reminder"] | {"magnet_title": None}),
    ("confirmation", CONTEXTS["confirmation"] | OWN),
    ("guide", CONTEXTS["guide"] | OWN),
    ("guide", TWO),
    ("guide", CONTEXTS["guide"] | {"downloads": []}),
    ("already", CONTEXTS["guide"] | {"downloads": []}),
    ("comment_confirm", CONTEXTS["comment_confirm"] | {"newsletter": True}),
    ("comment_reply", CONTEXTS["comment_reply"] | {"answers_you": False, "name": ""}),
    ("moderation", CONTEXTS["moderation"] | {"items": CONTEXTS["moderation"]["items"] * 10, "total": 25}),
]


@pytest.fixture
def messages(settings: Settings, tokens: Tokens) -> Messages:
    return Messages(settings, tokens)


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def parts(raw: bytes) -> tuple[str, str]:
    message = parsed(raw)
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert isinstance(plain, EmailMessage)
    assert isinstance(html, EmailMessage)
    return plain.get_content(), html.get_content()


def lines_of(raw: bytes, name: str) -> bytes:
    """A header with its folded lines."""
    found = re.search(rb"(?m)^" + name.encode() + rb":.*\r\n(?:[ \t].*\r\n)*", raw)
    assert found
    return found[0]


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "title")
        self.text += [value for name, value in attrs if name == "href" and value]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text.append(data)


def words(text: str) -> set[str]:
    return set(re.findall(r"https?://\S+|[\w’]+", text.lower()))


def spoken(raw: bytes) -> tuple[set[str], set[str]]:
    """The words of its text, and those of its HTML."""
    plain, html = parts(raw)
    reader = _Words()
    reader.feed(html)
    return words(plain), words(" ".join(reader.text))


def alike(said: set[str], shown: set[str]) -> float:
    """The share of the words of either in the other, the smaller one."""
    return len(said & shown) / max(len(said), len(shown))


def test_every_folder_is_tried_here() -> None:
    folders = {folder.name for folder in (TEMPLATES / "email").iterdir() if folder.is_dir()}
    assert folders == set(EVERY)
    for folder in folders:
        found = {path.name for path in (TEMPLATES / "email" / folder).iterdir()}
        assert found == {"subject.txt", "body.txt", "body.html"}


@pytest.mark.parametrize(("name", "context"), VARIANTS)
def test_lines(messages: Messages, name: str, context: dict[str, Any]) -> None:
    raw = messages.build(delivery(name, context=context))
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    assert raw.isascii()
    message = parsed(raw)
    assert message.get_content_type() == "multipart/alternative"
    subparts = list(message.iter_parts())
    assert [part.get_content_type() for part in subparts] == ["text/plain", "text/html"]
    assert {part["Content-Transfer-Encoding"] for part in subparts} == {"quoted-printable"}
    assert {part.get_content_charset() for part in subparts} == {"utf-8"}


@pytest.mark.parametrize(("name", "context"), VARIANTS)
def test_text_and_html_say_the_same(messages: Messages, name: str, context: dict[str, Any]) -> None:
    said, shown = spoken(messages.build(delivery(name, context=context)))
    assert alike(said, shown) >= 0.9, said ^ shown
    assert len(said) >= 40, "a stub of a text part is worse than none"
    urls = {word for word in said if "://" in word}
    assert urls == {word for word in shown if "://" in word}


@pytest.mark.parametrize(("name", "context"), VARIANTS)
def test_nobody_else_is_contacted(messages: Messages, name: str, context: dict[str, Any]) -> None:
    plain, html = parts(messages.build(delivery(name, context=context)))
    told = str(context.get("url"))  # to the owner, as text
    assert f'href="{told}' not in html
    assert not re.findall(r"https?://(?!news\.example\.com/)", (plain + html).replace(told, ""))
    assert not re.findall(r"(?i)<img|<link|<script|<iframe|@import|url\(|src=|background=", html)


@pytest.mark.parametrize("name", EVERY)
def test_a_resend_has_equal_bytes(settings: Settings, tokens: Tokens, name: str) -> None:
    first = Messages(settings, tokens).build(delivery(name))
    assert Messages(settings, Tokens(settings.secret_keys)).build(delivery(name)) == first
    other = Messages(settings, tokens).build(
        delivery(name, created_at=NOON + DAY, message_id="<2@example.com>")
    )
    assert other != first


def test_links_are_made_when_the_message_is(messages: Messages, tokens: Tokens) -> None:
    plain, html = parts(messages.build(delivery("guide")))
    (download,) = set(re.findall(r"https://news\.example\.com/downloads/(\S+)", plain))
    assert tokens.read("download", download, NOON + DAY, 30 * DAY) == (41, 7)
    (leave,) = set(re.findall(r"https://news\.example\.com/u/(\S+)", plain))
    assert tokens.read("unsubscribe", leave)[1] == 1
    assert f'href="https://news.example.com/downloads/{download}"' in html


def test_the_confirmation_says_who_asked_for_what_where_and_when(messages: Messages) -> None:
    plain, html = parts(messages.build(delivery("confirmation")))
    text = " ".join(plain.split())
    assert (
        "On 15 January 2026 someone, hopefully you, asked for “Structure your career” on news.example.com"
        in text
    )
    assert "The link works for 7 days." in text
    assert "nobody is subscribed" in text
    assert "“This wasn’t me”" in text
    assert html.count("Confirm and get my guide") == 1
    assert "“Download my guide”" in html
    assert plain.splitlines()[-2:] == ["Olga, 1 Quay", "Porto"]
    assert "Olga, 1 Quay<br>Porto" in html


def test_the_reminder_speaks_of_the_day_they_asked(messages: Messages) -> None:
    plain, html = parts(messages.build(delivery("reminder")))
    assert "On 13 January 2026 someone, hopefully you, asked" in plain
    assert "On 13 January 2026 someone, hopefully you, asked" in html
    assert "This is the only reminder." in plain


def test_an_attachment_rides_along(messages: Messages) -> None:
    guide = Attachment("Führer.pdf", "application/pdf", b"%PDF-1.7\n" + bytes(range(256)) * 9)
    raw = messages.build(delivery("guide"), [guide])
    assert raw == messages.build(delivery("guide"), [guide])
    message = parsed(raw)
    (file,) = message.iter_attachments()
    assert message.get_content_type() == "multipart/mixed"
    assert (file.get_filename(), file.get_content_type()) == (guide.name, guide.media_type)
    assert file.get_content() == guide.content
    assert parts(raw) == parts(messages.build(delivery("guide")))
    assert max(map(len, raw.split(b"\r\n"))) <= 76


@pytest.mark.parametrize(
    "name", ["Ada Byron", 'Ada "the" Byron', "Byron, Ada", "Müller, Jürgen", "日本語" * 9, ""]
)
def test_any_name_may_send(settings: Settings, tokens: Tokens, name: str) -> None:
    raw = Messages(msgspec.structs.replace(settings, from_name=name), tokens).build(delivery())
    value = re.sub(r"\r\n(?= )", "", lines_of(raw, "From").decode()).removeprefix("From:").strip()
    (one,) = parsed(raw)["From"].addresses
    assert one.addr_spec == settings.from_email
    said = str(make_header(decode_header(value)))
    assert said.removesuffix(f"<{settings.from_email}>").strip().replace('\\"', '"').strip('"') in (
        name,
        settings.from_email,
    )


@limits(deadline=None)
@given(title=st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=300))
def test_any_title_survives_in_the_subject(title: str) -> None:
    settings = Settings(
        public_url="https://news.example.com", from_email="letters@example.com", secret_keys=("k" * 32,)
    )
    messages = Messages(settings, Tokens(settings.secret_keys))
    context = CONTEXTS["confirmation"] | {"magnet_title": title}
    try:
        raw = messages.build(delivery(context=context))
    except MessageError:
        assert re.search("=\\?|[\u202a-\u202e\u2066-\u2069]", title)
        return
    expected = " ".join(f"Confirm to get your guide: {title}".split())
    assert str(parsed(raw)["Subject"]) == expected
    assert max(map(len, lines_of(raw, "Subject").split(b"\r\n"))) <= 76


def test_a_template_that_lacks_a_value_says_which(messages: Messages) -> None:
    with pytest.raises(MessageError, match="templates/email/confirmation: 'magnet_title' is undefined"):
        messages.build(delivery(context={"form_title": "x", "links": CONTEXTS["confirmation"]["links"]}))
    with pytest.raises(MessageError, match="templates/email/nothing"):
        messages.build(delivery("nothing"))


def test_no_template_trusts_a_value() -> None:
    for path in (TEMPLATES / "email").rglob("*.*"):
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", path.read_text("utf-8")), path


def test_an_answer_goes_where_the_owner_wants_it(settings: Settings, tokens: Tokens) -> None:
    ours = msgspec.structs.replace(settings, reply_to="desk@example.com")
    raw = Messages(ours, tokens).build(delivery())
    assert b"\r\nReply-To: desk@example.com\r\n" in raw
    assert b"Reply-To" not in Messages(settings, tokens).build(delivery())
    one = delivery("comment_reply", context=CONTEXTS["comment_reply"] | {"reply": [41, 7]})
    assert b"\r\nReply-To: letters@example.com\r\n" in Messages(ours, tokens).build(one)  # no door for them
    door = msgspec.structs.replace(ours, bounce_domain="bounces.example.com")
    answer = f"\r\nReply-To: reply+{tokens.make('reply', 41, 7)}@bounces.example.com\r\n"
    assert answer.encode() in Messages(door, tokens).build(one)


def test_what_html_would_escape_stands_in_the_text_as_it_is(messages: Messages) -> None:
    context = CONTEXTS["confirmation"] | {"magnet_title": "Q & A <for you>"}
    text, html = parts(messages.build(delivery(context=context)))
    assert "Q & A <for you>" in " ".join(text.split())
    assert "Q &amp; A &lt;for you&gt;" in " ".join(html.split())
