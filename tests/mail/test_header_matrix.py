"""Which kind of message has which headers, and what they say, as another program reads them from its bytes."""

import email
import re
from collections import Counter
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import compat32, default

import msgspec
import pytest

from newsletter.addresses import parse
from newsletter.mail.headers import MessageError, for_a_list
from newsletter.paths import TEMPLATES
from newsletter.settings import Settings, load
from tests.mail.conftest import ADA, delivery
from tests.mail.every import KINDS, built

_EACH = frozenset(
    (
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "X-Auto-Response-Suppress",
        "MIME-Version",
        "Content-Type",
    )
)
_BY_ITSELF = _EACH | {"Auto-Submitted"}  # RFC 3834
_LEAVE = frozenset(("List-Unsubscribe", "List-Unsubscribe-Post"))  # RFC 2369, RFC 8058
MATRIX = {
    "confirmation": _BY_ITSELF,  # not subscribed: nothing to leave
    "reminder": _BY_ITSELF,
    "guide": _BY_ITSELF | _LEAVE,
    "already": _BY_ITSELF | _LEAVE,
    "new_version": _BY_ITSELF | _LEAVE,
    "fresh_link": _BY_ITSELF | _LEAVE,
    "preferences": _BY_ITSELF | _LEAVE,
    "comment_confirm": _BY_ITSELF,
    "comment_reply": _BY_ITSELF | _LEAVE,
    "comment_reply by mail": _BY_ITSELF | _LEAVE | {"Reply-To"},
    "moderation": _BY_ITSELF,
    "broadcast_held": _BY_ITSELF,
    "sequence_held": _BY_ITSELF,
    "webhook_off": _BY_ITSELF,
    "provider_paused": _BY_ITSELF,
    "sign_in": _BY_ITSELF,
    "invitation": _BY_ITSELF,
    "relay_test": _BY_ITSELF,
    # To many, a sequence's step too. Not Auto-Submitted: a person wrote it.
    "broadcast": _EACH | _LEAVE | {"Precedence", "List-Id", "List-Help", "Feedback-ID"},
}
SAID = {
    "From": "Olga Writes <letters@example.com>",
    "To": ADA,
    "Date": "Thu, 15 Jan 2026 12:00:00 +0000",
    "Message-ID": delivery().message_id,
    "Auto-Submitted": "auto-generated",
    "X-Auto-Response-Suppress": "OOF, AutoReply",
    "Precedence": "bulk",
    "List-Id": "Olga Writes\r\n <newsletter.news.example.com>",
    "List-Help": "<mailto:letters@example.com?subject=help>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "MIME-Version": "1.0",
}
_WORDS = {"Subject", "From", "List-Id"}  # where an encoded word may stand


def head_of(raw: bytes) -> tuple[EmailMessage, dict[str, str]]:
    """As a mail program reads it, and as it stands there."""
    head = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    plain = BytesHeaderParser(policy=compat32).parsebytes(head)
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert Counter(message.keys()) == Counter(plain.keys()) == Counter(set(plain.keys())), "each of them once"
    return message, {name: str(value) for name, value in plain.items()}


def test_each_kind_of_message_has_its_row() -> None:
    folders = {path.name for path in (TEMPLATES / "email").iterdir() if path.is_dir()}
    assert folders <= set(KINDS)
    assert set(KINDS) <= set(MATRIX)


@pytest.mark.parametrize("kind", KINDS)
def test_its_headers_are_those_of_its_row_and_say_what_was_meant(settings: Settings, kind: str) -> None:
    settings = msgspec.structs.replace(settings, bounce_domain="bounces.example.com")
    raw = built(settings, kind)
    message, plain = head_of(raw)
    assert set(plain) == MATRIX[kind]
    assert not message.defects
    for name, value in plain.items():
        assert value == SAID.get(name, value)
        assert name in _WORDS or "=?" not in value, f"{name} is read by programs"
        assert name in _WORDS | {"Content-Type"} or "\r\n" not in value, f"{name} is folded"
    assert [one.addr_spec for one in message["To"].addresses] == [ADA]
    assert built(settings, kind) == raw, "the same when it is sent again"
    assert max(map(len, raw.split(b"\r\n"))) <= 76 + ("Reply-To" in plain) * 24
    if "List-Unsubscribe" in plain:
        line = f"List-Unsubscribe: {plain['List-Unsubscribe']}"
        assert len(line) <= 76, "a longer line is encoded by some relays, and the button is gone"
        assert re.fullmatch(r"List-Unsubscribe: <https://news\.example\.com/[fu]/[\w.-]+>", line)
    if "Feedback-ID" in plain:
        assert re.fullmatch(r"[0-9a-f]{16}:newsletter:letters:examplecom", plain["Feedback-ID"])
    if "Reply-To" in plain:
        assert re.fullmatch(r"reply\+[\w.-]{1,58}@bounces\.example\.com", plain["Reply-To"])


@pytest.mark.parametrize("kind", ["confirmation", "guide", "broadcast"])
def test_a_domain_of_any_letters_is_written_in_ascii(settings: Settings, kind: str) -> None:
    """RFC 5891: a relay needs to offer nothing for it."""
    given = load(
        {
            "NEWSLETTER_FROM": "Jürgen <briefe@bücher.example>",
            "NEWSLETTER_PUBLIC_URL": "https://bücher.example:8443",
            "NEWSLETTER_SECRET_KEY": settings.secret_keys[0],
            "NEWSLETTER_POSTAL_ADDRESS": "Olga, 1 Quay",
        }
    )
    assert given.public_url == "https://xn--bcher-kva.example:8443"
    message, plain = head_of(built(given, kind, parse("Ada@Müller.example").email))
    assert plain["To"] == "Ada@xn--mller-kva.example"
    assert message["From"].addresses[0].addr_spec == "briefe@xn--bcher-kva.example"
    assert plain.get("List-Unsubscribe", "<https://xn--bcher").startswith("<https://xn--bcher")


@pytest.mark.parametrize("kind", ["confirmation", "guide", "broadcast"])
@pytest.mark.parametrize("recipient", ["ada@müller.example", "=?utf-8?q?a?=@example.org"])
def test_an_address_that_would_need_another_spelling_gets_nothing(
    settings: Settings, kind: str, recipient: str
) -> None:
    """What may stand before the @ beyond ASCII: test_beyond_ascii.py."""
    with pytest.raises(MessageError):
        built(settings, kind, recipient)


def test_the_lines_of_a_list_are_short_enough_or_not_there() -> None:
    assert for_a_list(Address("", addr_spec="a+b@x.io"), "f" * 24) == {
        "List-Help": "<mailto:a%2Bb@x.io?subject=help>",
        "Feedback-ID": f"{'f' * 16}:newsletter:letters:senderxio",
    }
    long = Address("", addr_spec=f"letters@{'long-' * 12}name.example")
    assert for_a_list(long, "f") == {"Feedback-ID": "f:newsletter:letters:longlonglonglon"}
