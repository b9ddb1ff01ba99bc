"""One message to many: whatever is filled in, another program reads what was meant."""

import email
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from newsletter.mail.bulk import Frozen, freeze, quoted, thaw
from newsletter.mail.headers import MessageError
from newsletter.mail.merge import PREFERENCES, UNSUBSCRIBE, Marks, clean
from newsletter.mail.smtp import wire_form
from tests.conftest import NOON
from tests.mail.conftest import ADA
from tests.mail.test_injection import CORPUS

LEAVE = "https://news.example.com/u/abc.DEF_-123"
ID = "<seed.41@example.com>"
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
GOLDEN = b"""\
From: Olga Writes <letters@example.com>\r
To: ada@example.org\r
Subject: On work, Ada\r
Date: Thu, 15 Jan 2026 12:00:00 +0000\r
Message-ID: <seed.41@example.com>\r
X-Auto-Response-Suppress: OOF, AutoReply\r
Precedence: bulk\r
List-Id: Olga Writes\r
 <newsletter.news.example.com>\r
List-Help: <mailto:letters@example.com?subject=help>\r
Feedback-ID: MAILING:newsletter:letters:examplecom\r
List-Unsubscribe: <https://news.example.com/u/abc.DEF_-123>\r
List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
MIME-Version: 1.0\r
Content-Type: multipart/alternative; boundary="=_BOUNDARY"\r
\r
--=_BOUNDARY\r
Content-Type: text/plain; charset="utf-8"\r
Content-Transfer-Encoding: quoted-printable\r
\r
=2E dot\r
Hello=20=\r
Ada=\r
, caf=C3=A9\r
=46rom here:=20=\r
https://news.example.com/u/abc.DEF_-123=\r
\r
\r
--=_BOUNDARY\r
Content-Type: text/html; charset="utf-8"\r
Content-Transfer-Encoding: quoted-printable\r
\r
<p class=3D"a">Hello=20=\r
Ada=\r
</p>\r
\r
--=_BOUNDARY--\r
"""


def frozen(
    subject: str = "On work", plain: str = "Hello\n", html: str = "<p>Hello</p>\n", name: str = "Olga Writes"
) -> Frozen:
    """`{L}` is the link to leave."""
    marks = Marks()
    leave = marks.link(UNSUBSCRIBE)
    return freeze(
        sender=Address(name, addr_spec="letters@example.com"),
        list_id="newsletter.news.example.com",
        date=NOON,
        marks=marks,
        subject=marks.mark(subject),
        plain=marks.mark(plain).replace("{L}", leave),
        html=marks.mark(html).replace("{L}", leave),
    )


def message(made: Frozen, values: dict[str, str] | None = None) -> bytes:
    return made.message(ADA, ID, msgspec.json.encode(values or {}).decode(), LEAVE)


def read(raw: bytes) -> tuple[EmailMessage, str, str]:
    parsed = email.message_from_bytes(raw, policy=default)
    assert isinstance(parsed, EmailMessage)
    plain, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert isinstance(plain, EmailMessage)
    assert isinstance(html, EmailMessage)
    said = [part.get_content().replace("\r\n", "\n") for part in (plain, html)]
    return parsed, said[0], said[1]


def assert_sound(raw: bytes) -> None:
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    assert wire_form(raw) == raw, "no dot to be stuffed, no line's end to be mended"
    assert not raw.partition(b"\r\n\r\n")[2].count(b"\r\nFrom ")
    parsed = email.message_from_bytes(raw, policy=default)
    assert len(parsed.keys()) == len(set(parsed.keys())) == 14
    assert [part.get_content_type() for part in parsed.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert not any(part.defects for part in parsed.walk())


def test_to_the_byte() -> None:
    made = frozen(
        'On work, {{ first_name | "friend" }}',
        ". dot\nHello {{ first_name }}, café\nFrom here: {L}\n",
        '<p class="a">Hello {{ first_name }}</p>\n',
    )
    raw = message(made, {"first_name": "Ada"})
    boundary = re.findall(rb'boundary="=_([0-9a-f]{24})"', raw)[0]
    assert raw.replace(boundary, b"BOUNDARY").replace(boundary[:16], b"MAILING") == GOLDEN


@limits(deadline=None)
@given(name=ANY, city=ANY)
def test_any_value_is_read_as_it_was_meant(name: str, city: str) -> None:
    made = frozen(
        'On {{ field.city | "work" }}, {{ name | "you" }}',
        ".\n{{ name }}{{ field.city }} \n {{ name }}\nend {{ field.city }}",
        "<p>{{ name }}\n.{{ field.city }}</p>",
    )
    raw = message(made, {"name": name, "field.city": city})
    assert_sound(raw)
    parsed, plain, html = read(raw)
    name, city = clean(name), clean(city)
    subject = f"On {city or 'work'}, {name or 'you'}"
    while "=?" in subject:
        subject = subject.replace("=?", "= ?")
    assert str(parsed["Subject"]) == subject
    assert plain == f".\n{name}{city} \n {name}\nend {city}"
    shown = re.sub(r"&(amp|lt|gt|quot|#x27);", "", html)
    assert not set("&") & set(shown)
    assert html.count("<") == html.count(">") == 2


@limits(deadline=None)
@given(
    st.lists(st.sampled_from(["{{ name }}", "{L}", ".", "\n", " ", "=", "ä", "😀", "x" * 76, "From ", "\t"]))
)
def test_a_slot_may_stand_anywhere(pieces: list[str]) -> None:
    text = "".join(pieces)
    raw = message(frozen(plain=text, html=text), {"name": "Ada"})
    assert_sound(raw)
    meant = text.replace("{{ name }}", "Ada").replace("{L}", LEAVE)
    assert read(raw)[1:] == (meant, meant)


@limits(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")))
def test_quoted_printable(line: str) -> None:
    lines = quoted(line).split("\r\n")
    assert max(map(len, lines)) <= 76
    assert not any(one.startswith((".", "From ")) or one.endswith((" ", "\t")) for one in lines)
    back = email.message_from_string(
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
        + "\n".join(lines),
        policy=default,
    )
    assert back.get_content() == line


@pytest.mark.parametrize("payload", CORPUS, ids=ascii)
def test_no_value_becomes_a_header(payload: str) -> None:
    made = frozen('On work, {{ name | "you" }}', "{{ name }}", "{{ name }}")
    try:
        raw = message(made, {"name": payload})
    except UnicodeEncodeError:
        return  # a lone surrogate is no JSON
    assert_sound(raw)
    parsed, _, html = read(raw)
    assert "Bcc" not in parsed
    assert "<" not in html


@pytest.mark.parametrize("payload", CORPUS, ids=ascii)
def test_recipients_ids_and_links_that_could_say_more_are_refused(payload: str) -> None:
    made = frozen(plain="{L}", html="{L}")
    for recipient in (payload, f"{payload}@example.org", f"ada@{payload}", f"{ADA}{payload}"):
        try:
            raw = made.message(recipient, ID, "{}", LEAVE)
        except MessageError:
            continue
        (only,) = email.message_from_bytes(raw, policy=default)["To"].addresses
        assert only.addr_spec == recipient, "mailed to another than the stored one"
    with pytest.raises(MessageError):
        made.message(ADA, payload, "{}", LEAVE)
    if re.search(r"[\s<>\"'\ud800\x00-\x1f]|[^ -~]", payload):
        with pytest.raises(MessageError):
            made.message(ADA, ID, "{}", LEAVE + payload)
        with pytest.raises(MessageError):
            made.message(ADA, ID, "{}", LEAVE, LEAVE + payload)


@pytest.mark.parametrize("values", ["", "[]", '{"name": 1}', '{"name": {"a": "b"}}', "{"])
def test_values_that_are_none_are_refused(values: str) -> None:
    with pytest.raises(MessageError):
        frozen().message(ADA, ID, values, LEAVE)


def test_a_value_cannot_move_the_link_to_leave() -> None:
    made = frozen(plain="{L}", html="{L}")
    raw = message(made, {UNSUBSCRIBE: "https://mallory.example", PREFERENCES: "x", "email": "x"})
    assert raw == message(made)
    assert read(raw)[1] == LEAVE


def test_equal_bytes_also_after_it_lay_in_its_row() -> None:
    made = frozen("Hi {{ name | 'you' }}", "Hello {{ name }}", "<p>{{ name }} {L}</p>")
    values = {"name": "Ada Ü"}
    assert made.tags == thaw(made.to_bytes()).tags == {"name"}
    assert message(thaw(made.to_bytes()), values) == message(made, values)
    assert frozen("Hi {{ name | 'you' }}", "Hello {{ name }}", "<p>{{ name }} {L}</p>").to_bytes() == (
        made.to_bytes()
    )
    for spoilt in (b"", b"{}", made.to_bytes().replace(b'"version":1', b'"version":2')):
        with pytest.raises(MessageError):
            thaw(spoilt)


@pytest.mark.parametrize("subject", ["", " ", "{{ name }}", "a\x00b", "=?utf-8?q?x?=", "a\u202eb"])
def test_a_subject_that_may_be_empty_or_say_more_is_not_frozen(subject: str) -> None:
    with pytest.raises(MessageError, match="The subject"):
        frozen(subject)


@pytest.mark.parametrize("name", ["Ada", "Müller, Jürgen", 'Ada "the" Byron', "日本語" * 9, ""])
def test_any_name_may_send(name: str) -> None:
    raw = message(frozen(name=name))
    assert_sound(raw)
    (one,) = read(raw)[0]["From"].addresses
    assert one.addr_spec == "letters@example.com"
    assert raw.count(b"<newsletter.news.example.com>\r\n") == 1
