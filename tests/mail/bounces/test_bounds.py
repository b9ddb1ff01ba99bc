"""How much of a stranger's mail is looked at: each bound is where it is said to be, and nothing beyond it is read."""

import pytest

from newsletter.errors import BadInput
from newsletter.mail.bounces import crooked, events, mime, verdict
from newsletter.mail.bounces.mime import field_blocks, parse, walk

HEAD = 32_000
TEXT = 32_000


def nested(depth: int) -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))


def test_a_nest_is_followed_four_deep() -> None:
    assert [part.depth for part in walk(parse(nested(9)))] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("parts", [28, 29, 30, 40])
def test_thirty_parts_are_looked_at(parts: int) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\nhello\n" * parts + b"--x--\n"
    assert len(list(walk(parse(raw)))) == min(1 + parts, 30)


def test_three_hundred_fields_of_two_thousand_letters_are_read() -> None:
    names = [b"x-%d: %s" % (n, b"y" * 9) for n in range(400)]
    assert len(parse(b"\n".join(names) + b"\n\nhello").fields) == 300
    long = parse(b"Subject: " + b"y" * 3_000 + b"\n\n")
    assert long.first("subject") == "y" * 2_000


def test_a_head_is_read_so_far() -> None:
    filler = b"x: " + b"y" * 1_990 + b"\n"
    before = filler * ((HEAD - 10) // len(filler))
    rest = HEAD - len(before) - len(b"\na: b")
    fits = before + b"z: " + b"y" * (rest - 3) + b"\na: b"
    assert len(fits) == HEAD
    assert parse(fits + b"\n\nhello").first("a") == "b"
    assert parse(fits + b"c\n\nhello").first("a") == "b", "its last letter is beyond"
    assert parse(b"w" + fits + b"\n\nhello").first("a") == ""
    assert parse(fits + b"c").first("a") == "b"


def test_a_text_is_read_so_far() -> None:
    plain = parse(b"\n" + b"y" * (TEXT + 9))
    assert len(plain.text) == TEXT
    coded = parse(b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=79" * TEXT)
    assert len(coded.text) == 2 * TEXT // 3


def test_a_mail_is_read_so_far() -> None:
    assert len(parse(b"\n" + b"y" * (mime.LARGEST + 9)).body) == mime.LARGEST - 1


def test_blocks_of_fields_are_counted() -> None:
    assert len(field_blocks("\n\n".join(f"a: {n}" for n in range(40)))) == 30


def test_a_code_is_told_with_so_much_after_it() -> None:
    words = "550 5.1.1 " + "x" * 900
    assert crooked.telling("Sorry.\n" + words) == ("\n" + words)[:600]
    assert crooked.telling("y" * 900) == "y" * 600


def test_what_comes_late_in_a_text_is_not_looked_at() -> None:
    assert crooked.telling("y" * 7_993 + "550 5.1") == ("y" * 7_993 + "550 5.1")[:600]
    late = "y " * 500 + "could not be delivered to"
    spoken = b"From: ada@example.org\nSubject: Hello\n\n"
    message = parse(spoken + late.encode())
    assert crooked.words(message, [message]) is None
    early = parse(spoken + b"y " * 480 + b"could not be delivered to")
    assert crooked.words(early, [early]) is not None
    assert crooked.is_delay("", "y" * 1_990 + " will retry") is False
    assert crooked.is_delay("", "y" * 1_989 + " will retry") is True


def test_a_server_s_words_are_judged_so_far() -> None:
    code = "5.1.1"
    assert verdict.enhanced(" " * 1_995 + code) == code
    assert verdict.enhanced(" " * 1_996 + code) == ""
    assert verdict.judge(" " * 1_987 + "user unknown!") == "hard"
    assert verdict.judge(" " * 1_989 + "user unknown") is None


def test_two_thousand_events_come_at_once_and_no_more() -> None:
    for read in (events.sendgrid, events.brevo):
        assert read([{}] * 2_000, "") == []
        with pytest.raises(BadInput, match="no report that this provider sends"):
            read([{}] * 2_001, "")
    people = [{"emailAddress": "ada@example.org"}] * 2_000
    bounce = {"notificationType": "Bounce", "mail": {}, "bounce": {"bouncedRecipients": people}}
    assert len(events.ses(bounce, "1")) == 2_000
    people.append(people[0])
    with pytest.raises(BadInput):
        events.ses(bounce, "1")


def test_a_text_of_an_event_is_read_so_far() -> None:
    (event,) = events.sendgrid([{"event": "spamreport", "sg_event_id": "x" * 2_100}], "")
    assert event.id == "x" * 2_000
