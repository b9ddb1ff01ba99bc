"""What its owner is told before a broadcast is sent, and a draft that comes as a file."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from newsletter.broadcasts import Draft, Letters, look_over, read_draft, write_draft
from newsletter.errors import BadInput
from newsletter.mail.bulk import thaw
from newsletter.settings import Settings
from tests.conftest import NOON

SETTINGS = Settings(
    public_url="https://news.example.com",
    from_name="Olga Writes",
    from_email="letters@example.com",
    secret_keys=("test-key-" + "k" * 32,),
    postal_address="Olga, 1 Quay\nPorto",
    allowed_origins=("https://blog.example.com",),
)
FINE = Draft(
    subject="On work", preheader="A thought", body="Hello\n\n![A desk](https://blog.example.com/d.png)"
)


def findings(settings: Settings = SETTINGS, **changes: Any) -> list[tuple[str, str]]:
    draft = msgspec.structs.replace(FINE, **changes)
    found = look_over(draft, Letters(settings).letter(draft), settings)
    assert all(one.sentence.endswith(".") for one in found)
    return [(one.level, one.sentence) for one in found]


def test_nothing_is_wrong_with_a_good_one() -> None:
    assert findings() == []
    assert (
        findings(body='Hello {{ first_name | "there" }} [x](https://b.de/?e={{ email }}) `{{ code }}`') == []
    )


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"subject": " "}, "error", "The subject is missing"),
        ({"subject": "{{ name }}"}, "error", "empty for those"),
        ({"subject": "a =?utf-8?q?b?="}, "error", "can’t be sent"),
        ({"subject": "a\u202eb"}, "error", "can’t be sent"),
        ({"subject": "word " * 40}, "warning", "199 characters"),
        ({"body": "\n"}, "error", "no text"),
        ({"body": "![](https://blog.example.com/d.png)"}, "error", "no alternative text"),
        ({"body": "![A](https://cdn.example.net/d.png)"}, "warning", "another server"),
        ({"body": "[a](/about)"}, "error", "does not begin with"),
        ({"body": "[a](javascript:x)"}, "error", "does not begin with"),
        ({"body": "[a](https://)"}, "error", "no host"),
        ({"body": "[a](https:///x)"}, "error", "no host"),
        ({"body": "[a](https://b.de@mallory.example/)"}, "error", "no host"),
        ({"body": "[a](<https://b.de/a b>)"}, "error", "has a space"),
        ({"body": "[a](https://b.de/a b)"}, "error", "is no link as it stands"),
        ({"body": "[a](https://{{ name }}.de/)"}, "error", "merge tag where the host"),
        ({"body": "Hi {{ nmae }}"}, "error", "“{{ nmae }}” is no merge tag"),
        ({"subject": "Hi {{ 7 * 7 }}"}, "error", "“{{ 7 * 7 }}” is no merge tag"),
        ({"preheader": "Hi {{ x }}"}, "error", "“{{ x }}” is no merge tag"),
        ({"body": "Hi {{ name"}, "error", "not closed"),
        ({"body": "Hi {{ name }}"}, "warning", "name has no default"),
        ({"body": "{% if x %}"}, "warning", "shown as it was typed"),
        ({"body": "<b>" * 10_000}, "warning", "kB of HTML"),
        ({"body": "<b>" * 20_000}, "error", "kB of HTML"),
    ],
)
def test_a_sentence_for_each(changes: dict[str, Any], level: str, words: str) -> None:
    found = findings(**changes)
    assert [one for one in found if one[0] == level and words in one[1]], found


def test_a_postal_address_is_asked_for() -> None:
    ((level, sentence),) = findings(msgspec.structs.replace(SETTINGS, postal_address=" "))
    assert level == "error"
    assert sentence.endswith("set it at the desk, under Settings, or in NEWSLETTER_POSTAL_ADDRESS.")


@pytest.mark.parametrize("place", ["subject", "preheader"])
def test_what_looks_like_a_tag_is_escaped_in_the_preview_and_named(place: str) -> None:
    changes: dict[str, Any] = {place: "{{<script>x</script>}}"}
    draft = msgspec.structs.replace(FINE, body="Hello", **changes)
    _, _, html = Letters(SETTINGS).letter(draft).seen_by({})
    assert "<script" not in html
    assert "{{&lt;script&gt;" in html
    assert any(level == "error" and "no merge tag" in words for level, words in findings(**changes))


def test_errors_come_first() -> None:
    assert [level for level, _ in findings(subject="", body="{{ name }} [a](x)")] == [
        "error",
        "error",
        "warning",
    ]


def test_the_whole_way_to_bytes() -> None:
    letters = Letters(SETTINGS)
    draft = msgspec.structs.replace(
        FINE,
        subject="Hi {{ name | 'you' }}",
        body="# Title of {{ name | 'yours' }}\n\nText",
        sender="Ada <ada@b.de>",
    )
    letter = letters.letter(draft)
    frozen = thaw(letters.freeze(letter, NOON).to_bytes())
    leave = "https://news.example.com/u/abc"
    raw = frozen.message("ben@example.org", "<a.1@b.de>", '{"name": "Ben"}', leave).replace(b"=\r\n", b"")
    assert b"From: Ada <ada@b.de>\r\n" in raw
    assert b"Subject: Hi Ben\r\n" in raw
    assert b"Title of=20Ben\r\n" in raw
    assert b"\r\n\r\nText\r\n\r\n--=20\r\nAda sends this because" in raw
    assert raw.count(leave.encode()) == 5, "the header, and both links in both parts"
    assert b"Olga, 1 Quay<br>Porto" in raw
    subject, plain, html = letter.seen_by({"name": "<Ben>"}, leave)
    assert (subject, plain.splitlines()[0]) == ("Hi <Ben>", "Title of <Ben>")
    assert "Title of &lt;Ben&gt;</h1>" in html


@pytest.mark.parametrize(
    "sender", ["nobody", "a@b@c.de", "Ada <ada@b.de", "A\nBcc: x <a@b.de>", "=?x?= <a@b.de>"]
)
def test_a_sender_that_is_none(sender: str) -> None:
    with pytest.raises(BadInput, match="The sender"):
        Letters(SETTINGS).letter(msgspec.structs.replace(FINE, sender=sender))


def test_a_draft_as_a_file() -> None:
    text = """\ufeff---\r
# not yet sure of the subject
subject: "On \\"work\\": a word"
preheader: 'It''s short'

audience: tag:coaching and joined > 2026-01-01
from: Ada Byron <ada@example.org>
archive: yes
send_at: 2026-12-01 09:00
---

Hello

---

Bye
"""
    assert read_draft(text) == Draft(
        subject='On "work": a word',
        preheader="It's short",
        audience="tag:coaching and joined > 2026-01-01",
        sender="Ada Byron <ada@example.org>",
        archive=True,
        send_at=datetime(2026, 12, 1, 9),  # noqa: DTZ001  in the owner's time zone, whichever that is
        body="Hello\n\n---\n\nBye",
    )
    assert read_draft("Only *this*\n") == Draft(body="Only *this*\n")
    assert read_draft("---\n---\nx") == Draft(body="x")
    assert read_draft("---\nsend_at: 2026-12-01T09:00Z\n---\n").send_at == datetime(
        2026, 12, 1, 9, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("---\nsubject: x\n", "Line 1: .*no second “---”"),
        ("---\nsubject\n---\n", "Line 2: write it like"),
        ("---\n\nsubjct: x\n---\n", "Line 3: “subjct” is not known here. Did you mean “subject”"),
        ("---\nzzz: x\n---\n", "Line 2: .* Known are subject, "),
        ("---\nsubject: x\nSubject: y\n---\n", "Line 3: “subject” is said twice"),
        ('---\nsubject: "x\n---\n', "Line 2: the quotation mark"),
        ("---\narchive: maybe\n---\n", "Line 2: “archive” is yes or no"),
        ("---\nsend_at: tomorrow\n---\n", "Line 2: “send_at” is written like"),
        ("---\nsend_at: 2026-12-01\n---\n", "Line 2: “send_at” is written like"),
        ("---\nfrom: nobody\n---\n", "Line 2: The sender can’t be used"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        read_draft(text)


@pytest.mark.parametrize(
    "value", ["x", "", "'x", '"x"', "a 'b' \\", '"', "''", "# x", "yes", "a: b", "---", "“x”"]
)
def test_what_is_written_as_a_file_reads_as_the_same(value: str) -> None:
    draft = Draft(subject=value, preheader=value, audience=value, body=f"# {value}\n\n---\nx", archive=True)
    assert read_draft(write_draft(draft)) == draft
    assert read_draft(write_draft(Draft(sender="'O' <a@example.org>"))).sender == "'O' <a@example.org>"
