"""What goes into a message at its edges: lines that just fit, and what another program would read in another way."""

import quopri

import pytest

from newsletter.errors import SettingsError
from newsletter.mail.brand import logo_of, written
from newsletter.mail.bulk import quoted
from newsletter.mail.headers import WIDTH, MessageError
from newsletter.mail.messages import check
from tests.mail.conftest import ADA, delivery

NAMES = ("To", "Message-ID")
ONE = delivery()


def raw(*, to: str = ADA, message_id: str = ONE.message_id, body: str = "A letter.") -> bytes:
    return f"To: {to}\r\nMessage-ID: {message_id}\r\n\r\n{body}\r\n".encode()


@pytest.mark.parametrize("first", ["a", "ü", ".", "From "])
@pytest.mark.parametrize("length", range(WIDTH - 8, WIDTH + 4))
def test_a_line_that_ends_with_a_space_keeps_it_at_every_length(first: str, length: int) -> None:
    line = first + "b" * (length - len(first)) + " "
    lines = quoted(line).split("\r\n")
    assert quopri.decodestring(quoted(line).encode()).decode() == line
    assert max(map(len, lines)) <= WIDTH
    assert not any(one.endswith((" ", "\t")) or one == "." or one.startswith("From ") for one in lines)


@pytest.mark.parametrize(
    "line", ["{}", "{}-", "well {}", "see {} now", "Fro{}", "From {}", ".{}", "{}=", "ü{}", "{}ü"]
)
@pytest.mark.parametrize("length", [1, *range(WIDTH - 8, WIDTH + 4), 2 * WIDTH, 999])
def test_any_line_is_read_as_it_was_and_is_short_enough(line: str, length: int) -> None:
    text = line.format("b" * length)
    lines = quoted(text).split("\r\n")
    assert quopri.decodestring(quoted(text).encode()).decode() == text
    assert max(map(len, lines)) <= WIDTH
    assert not any(one.startswith((".", "From ")) for one in lines)


def test_what_is_read_as_it_was_meant_goes() -> None:
    check(raw(), NAMES, ONE)
    check(raw(body="x" * WIDTH), NAMES, ONE)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (raw(to="ben@example.com"), "headers would not be read"),
        (raw(to=f"{ADA}\r\nBcc: mallory@example.com"), "headers would not be read"),
        (raw(message_id="<another@example.com>"), "Message-ID would not be read"),
        (raw(body="a\nb"), "lines would not survive"),
        (raw(body="x" * (WIDTH + 1)), "line of its body is too long"),
    ],
)
def test_what_would_be_read_otherwise_is_not_sent(message: bytes, why: str) -> None:
    with pytest.raises(MessageError, match=why):
        check(message, NAMES, ONE)


def test_a_logo_that_was_damaged_is_none() -> None:
    with pytest.raises(SettingsError, match="this is none"):
        logo_of(f"{written(b'')}not base64!")
