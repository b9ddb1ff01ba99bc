"""Whatever is put into a message, it is refused or it is text: never a header, an address or a tag."""

import email
import re
from collections.abc import Iterator
from email.policy import default
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from newsletter.errors import SettingsError
from newsletter.mail.headers import MessageError
from newsletter.mail.messages import Attachment, Messages, check
from newsletter.settings import Settings
from newsletter.tokens import Tokens
from tests.mail.conftest import ADA, CONTEXTS, delivery

CORPUS = [
    "x\r\nBcc: mallory@example.com",
    "x\nBcc: mallory@example.com",
    "x\rBcc: mallory@example.com",
    "x\r\n\r\nanother body",
    "x\n .\r\nMAIL FROM:<mallory@example.com>",
    "x\x0bBcc: mallory@example.com",
    "x\x0cBcc: mallory@example.com",
    "x\x1cBcc: mallory@example.com",
    "x\x85Bcc: mallory@example.com",
    "x\u2028Bcc: mallory@example.com",
    "x\u2029Bcc: mallory@example.com",
    "x\x00y",
    "x\x7fy",
    "x\x1b[31my",
    "=?utf-8?q?a=0ABcc:_mallory@example.com?=",
    "=?utf-8?b?YQpCY2M6IG1hbGxvcnlAZXhhbXBsZS5jb20=?=",
    "=?utf-8?q?a=0D=0ABcc:_mallory@example.com?= =?utf-8?q?x?=",
    "=?us-ascii?Q?a=0aReply-To:_mallory@example.com?=",
    "=?utf-7?q?+AAo-Bcc:?=",
    "=?utf-8*en?q?a=0ABcc:_m?=",
    "x =?utf-8?q?=0A?= y",
    "\u202egpj.exe",
    "\u2066abc\u2069",
    "\ud800",
    "a" * 5000,
    "ä" * 5000,
    "x" * 900 + " =?",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% for x in ().__class__.__mro__ %}{{ x }}{% endfor %}",
    "${7*7}",
    "</title></style><h1>",
    "javascript:alert(1)",
    "\r\n.\r\n",
    ".",
    "--=_boundary--",
    "Bcc: mallory@example.com",
    "mallory@example.com, ben@example.com",
    "Ada <mallory@example.com>",
    "(comment) mallory@example.com",
    ';:,<>@[]\\"',
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every text in a context."""
    if isinstance(value, str):
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def put(value: Any, path: tuple[Any, ...], payload: str) -> Any:
    if not path:
        return payload
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], payload)
    return copy


PLACES = [(name, path) for name, context in sorted(CONTEXTS.items()) for path in places(context)]


HERE = Settings(
    public_url="https://news.example.com", from_email="letters@example.com", secret_keys=("k" * 32,)
)
BUILDER = Messages(HERE, Tokens(HERE.secret_keys))  # for all: its templates are read once


@pytest.fixture
def messages() -> Messages:
    return BUILDER


def assert_sound(raw: bytes, name: str, payload: str) -> None:
    clean = email.message_from_bytes(raw, policy=default)
    allowed = {"from", "to", "subject", "date", "message-id", "auto-submitted", "x-auto-response-suppress",
               "list-unsubscribe", "list-unsubscribe-post", "mime-version", "content-type"}  # fmt: skip
    assert {key.lower() for key in clean} <= allowed
    assert len(clean.keys()) == len({key.lower() for key in clean})
    assert [one.addr_spec for one in clean["To"].addresses] == [ADA]
    assert [one.addr_spec for one in clean["From"].addresses] == ["letters@example.com"]
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert [part.get_content_type() for part in clean.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    html = list(clean.walk())[2].get_content()
    assert not re.search(r"<(script|img|h1>)|onmouseover='|\b49\b", html), (name, payload)


@pytest.mark.parametrize(("name", "path"), PLACES, ids=str)
def test_no_value_becomes_anything_else(messages: Messages, name: str, path: tuple[Any, ...]) -> None:
    told: list[str] = []
    for payload in CORPUS:
        try:
            row = delivery(name, context=put(CONTEXTS[name], path, payload))
        except UnicodeEncodeError:
            continue  # a lone surrogate is no JSON
        try:
            raw = messages.build(row)
        except MessageError as error:
            told.append(str(error))
        else:
            assert_sound(raw, name, payload)
    assert len(told) >= 14, "all of the control characters"
    assert "mallory" not in "".join(told), "what is told must not repeat the value"


PIECES = st.sampled_from(
    ["\r\n", "\n", "Bcc: ", "=?utf-8?q?", "=0A", "?=", ": ", " ", "<h1>", ", ", "=_", "."]
)


@limits(deadline=None, max_examples=60)
@given(
    st.sampled_from(PLACES), st.lists(PIECES | st.text(st.characters(exclude_categories=["Cs"]))).map("".join)
)
def test_no_text_becomes_anything_else(place: tuple[str, tuple[Any, ...]], text: str) -> None:
    name, path = place
    try:
        raw = BUILDER.build(delivery(name, context=put(CONTEXTS[name], path, text)))
    except MessageError:
        return
    assert_sound(raw, name, text)


@pytest.mark.parametrize(
    "forged",
    [
        b"To: ada@example.org\r\nBcc: mallory@example.com\r\n",
        b"To: ada@example.org\r\nTo: ben@example.com\r\n",
        b"To: ben@example.com\r\n",
        b"To: ada@example.org\r\nSubject: " + b"x" * 1000 + b"\r\n",
        b"To: ada@example.org\n",
        b"",
    ],
)
def test_the_last_look_finds_what_slipped_through(forged: bytes) -> None:
    names = ["To", "Message-ID", *(["Subject"] if b"Subject" in forged else [])]
    fine = b"Message-ID: " + delivery().message_id.encode() + b"\r\n"
    with pytest.raises(MessageError):
        check(fine + forged + b"\r\nbody\r\n", names, delivery())
    check(fine + b"To: ada@example.org\r\n\r\nbody\r\n", ["To", "Message-ID"], delivery())


def test_escapes_in_json_are_seen_too(messages: Messages) -> None:
    text = msgspec.json.encode(CONTEXTS["confirmation"]).decode()
    for escape in (r"\u000a", r"\u2028", r"\u0000"):
        row = msgspec.structs.replace(delivery(), context=text.replace("Structure", f"x{escape}Bcc: y"))
        with pytest.raises(MessageError):
            messages.build(row)


@pytest.mark.parametrize("payload", CORPUS, ids=ascii)
def test_the_sender_s_name(settings: Settings, tokens: Tokens, payload: str) -> None:
    wrong = any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in payload) or "=?" in payload
    named = msgspec.structs.replace(settings, from_name=payload)
    if wrong or re.search("[\u2028\u2029\u202e\u2066\ud800]", payload):
        with pytest.raises(SettingsError, match="NEWSLETTER_FROM"):
            Messages(named, tokens)
    else:
        assert_sound(Messages(named, tokens).build(delivery()), "from", payload)


@pytest.mark.parametrize("payload", CORPUS, ids=ascii)
def test_the_recipient(messages: Messages, payload: str) -> None:
    for recipient in (payload, f"{payload}@example.org", f"ada@{payload}", f"ada@example.org{payload}"):
        try:
            raw = messages.build(delivery(recipient=recipient))
        except MessageError:
            continue
        (only,) = email.message_from_bytes(raw, policy=default)["To"].addresses
        assert only.addr_spec == recipient, "mailed to another than the stored one"


@pytest.mark.parametrize("payload", CORPUS, ids=ascii)
def test_a_file_s_name(messages: Messages, payload: str) -> None:
    try:
        raw = messages.build(delivery("guide"), [Attachment(payload, "application/pdf", b"%PDF-")])
    except MessageError:
        return
    (file,) = email.message_from_bytes(raw, policy=default).iter_attachments()
    assert sorted(file.keys()) == [
        "Content-Disposition",
        "Content-Transfer-Encoding",
        "Content-Type",
        "MIME-Version",
    ]
