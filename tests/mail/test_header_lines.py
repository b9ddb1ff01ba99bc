"""What is written into headers, to the character: a line that just fits, the next longer one, and what needs quotes."""

from email.header import decode_header, make_header
from email.headerregistry import Address

import msgspec
import pytest

from newsletter.errors import SettingsError
from newsletter.mail.headers import WIDTH, MessageError, encoded, for_a_list, mailbox, one_line, sender
from newsletter.settings import Settings
from tests.mail.conftest import ADA

ROOM = WIDTH - len("Subject: ")


def test_a_text_that_fits_stays_as_it_is_and_a_longer_one_is_folded_between_words() -> None:
    for text in ("a" * ROOM, "On work", "a" * (ROOM - 2) + " b"):
        assert encoded(text) == text
    assert encoded("a" * ROOM + " b") == "a" * ROOM + "\r\n b"
    assert encoded("a" * (ROOM - 7) + " well-known") == "a" * (ROOM - 7) + "\r\n well-known"


@pytest.mark.parametrize("text", ["a" * (ROOM + 1), "ü", "ü" * 200, "ä" + "a" * 200, "€" * 99, "😀" * 50])
def test_what_no_line_can_hold_is_in_encoded_words_that_do(text: str) -> None:
    lines = f"Subject: {encoded(text)}".split("\r\n")
    assert max(map(len, lines)) <= WIDTH
    assert all(line.endswith("?=") for line in lines)
    assert str(make_header(decode_header(encoded(text)))) == text


def test_an_encoded_word_is_filled() -> None:
    """39 octets: with one more it would be four characters longer, and too long after "Subject: "."""
    assert "\r\n" not in encoded("ü" * 19 + "a")
    assert encoded("ü" * 20).count("\r\n") == 1
    assert encoded("ü" * 19 + "ab").count("\r\n") == 1


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("", f"{ADA}"),
        ("Ada Byron", f"Ada Byron <{ADA}>"),
        ("Byron, Ada", f'"Byron, Ada" <{ADA}>'),
        ('Ada "the" Byron\\', f'"Ada \\"the\\" Byron\\\\" <{ADA}>'),
        ("Ädä", f"=?utf-8?b?w4Rkw6Q=?= <{ADA}>"),
        ("a" * (ROOM - len(ADA) - 1), f"{'a' * (ROOM - len(ADA) - 1)} <{ADA}>"),
        ("a" * (ROOM - len(ADA)), f"{'a' * (ROOM - len(ADA))}\r\n <{ADA}>"),
        ("Ada, " + "a" * (ROOM - 5), f'"Ada, {"a" * (ROOM - 5)}"\r\n <{ADA}>'),
    ],
)
def test_a_name_stands_before_its_address(name: str, written: str) -> None:
    assert mailbox(Address(name, addr_spec=ADA)) == written


def test_a_text_for_a_header_is_one_line_of_plain_text() -> None:
    assert one_line("The title", " On \u00a0 work ") == "On work"
    for text in ("", "  ", "a\nb", "a\x00b", "=?utf-8?b?YQ==?=", "a\u202eb"):
        with pytest.raises(MessageError, match="The title is empty, or holds"):
            one_line("The title", text)


def test_whom_to_ask_stands_there_where_its_line_is_short_enough() -> None:
    fits = Address("", addr_spec="a" * 32 + "@example.io")
    assert len(f"List-Help: {for_a_list(fits, 'f')['List-Help']}") == WIDTH
    assert "List-Help" not in for_a_list(Address("", addr_spec="a" * 33 + "@example.io"), "f")
    five = for_a_list(Address("", addr_spec="a@abc.de"), "f")
    assert five["Feedback-ID"] == "f:newsletter:letters:abcde"


def test_whom_it_is_from(settings: Settings) -> None:
    assert sender(settings) == Address("Olga Writes", addr_spec="letters@example.com")
    assert sender(msgspec.structs.replace(settings, from_name="")) == Address(
        "", addr_spec="letters@example.com"
    )
    for wrong in ({"from_name": "Olga\x00"}, {"from_email": "a b@example.com"}, {"from_email": "@"}):
        with pytest.raises(SettingsError, match="NEWSLETTER_FROM can't be the sender"):
            sender(msgspec.structs.replace(settings, **wrong))
