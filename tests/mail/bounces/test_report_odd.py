"""Reports that say little, or in odd ways, and a door that can't keep what comes: nothing is guessed, nothing lost."""

import logging

import msgspec
import pytest

from newsletter.errors import Unavailable
from newsletter.mail.bounces.listener import Door, listening
from newsletter.mail.bounces.mime import decoded_words, parse, walk
from newsletter.mail.bounces.model import Report
from newsletter.mail.bounces.report import of_words, plain, read
from newsletter.mail.bounces.sender import envelope_sender
from newsletter.settings import Settings
from newsletter.tokens import Tokens
from newsletter.web.process import listen
from tests.mail.bounces.test_listener import DOMAIN, call

REPORT = """\
From: MAILER-DAEMON@mx.example.net
Subject: {subject}
MIME-Version: 1.0
Content-Type: multipart/report; boundary=x

--x
Content-Type: {kind}

{fields}
--x--
"""


def report(kind: str, fields: str, subject: str = "Report") -> Report:
    return read(REPORT.format(kind=kind, fields=fields, subject=subject).encode())


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ("User-Agent: SomeProvider/1.0\nVersion: 1\n", "unknown"),  # a complaint of what is not said
        ("Version: 1\n\nFeedback-Type: abuse\n", "complaint"),  # in the second block
        ("Feedback-Type: not-spam\n", "auto"),
    ],
)
def test_a_feedback_report_means_what_its_type_says(fields: str, kind: str) -> None:
    assert report("message/feedback-report", fields).kind == kind


def test_a_delivery_status_alone_is_believed_by_its_code() -> None:
    """Without a word for people beside it."""
    found = report(
        "message/delivery-status",
        "Reporting-MTA: dns; mx.example.net\n\nAction: failed\nStatus: 5.1.1\n",
        "Undelivered Mail Returned to Sender",
    )
    assert (found.kind, found.status, found.words) == ("hard", "5.1.1", "")
    assert report("message/delivery-status", "Action: delivered\n").kind == "auto"
    assert report("message/delivery-status", "Reporting-MTA: dns; mx.example.net\n").kind == "unknown"


@pytest.mark.parametrize(
    ("header", "kind"),
    [("Precedence: bulk", "auto"), ("X-Autoreply: yes", "auto"), ("Precedence: first-class", "unknown")],
)
def test_who_only_answers_by_a_program_has_not_bounced(header: str, kind: str) -> None:
    assert read(f"From: ben@example.com\nSubject: Hello\n{header}\n\nI am well.\n".encode()).kind == kind


def test_what_came_encoded_is_read() -> None:
    said = "Subject: Returned mail: see transcript for details\nContent-Transfer-Encoding: {}\n\n{}\n"
    quoted = said.format("quoted-printable", "550 5.1.=\n1 <ada@example.org> User unknown=20")
    found = read(quoted.encode())
    assert (found.kind, found.status) == ("hard", "5.1.1")
    assert parse(said.format("8bit", "Gr=C3=BC=C3=9Fe").encode()).content == b"Gr=C3=BC=C3=9Fe\n"
    assert parse(said.format("base64", "YWRh!!YmVu===x").encode()).content == b"adaben"


def test_a_subject_that_is_encoded_wrongly_is_read_as_it_stands() -> None:
    assert decoded_words("=?utf-8?b?R3LDvMOfZQ==?=") == "Grüße"
    assert decoded_words("=?utf-8?b?a?=") == "=?utf-8?b?a?="
    assert read(b"Subject: =?utf-8?b?a?=\n\nHello\n").kind == "unknown"


def test_a_report_that_quotes_many_of_our_messages_is_followed_only_so_far(
    settings: Settings, tokens: Tokens
) -> None:
    ours = msgspec.structs.replace(settings, bounce_domain=DOMAIN)
    senders = [envelope_sender(ours, tokens, n) for n in range(50)]
    found = read("\n".join(["Subject: Delivery failed", "", *senders]).encode(), senders[40])
    assert len(found.tokens) == 5
    assert found.tokens[0] in senders[40]  # whom the envelope names comes first
    assert found.tokens[1] in senders[0]


def test_a_servers_last_word_that_says_nothing_counts_little() -> None:
    found = of_words("550 5.1.1 <ada@example.org>: no such user here")
    assert (found.kind, found.status) == ("hard", "5.1.1")
    assert "ada" not in found.words
    assert of_words("no").kind == "soft"


async def test_what_can_not_be_kept_may_come_again(
    settings: Settings, tokens: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    ours = msgspec.structs.replace(settings, bounce_domain=DOMAIN)
    troubles = [Unavailable("The disk is full."), RuntimeError("of ada@example.org")]
    taken: list[Report] = []

    async def take(one: Report) -> str:
        if troubles:
            raise troubles.pop(0)
        taken.append(one)
        return "noted"

    at, recipient = listen("127.0.0.1", 0), envelope_sender(ours, tokens, 7)
    door = Door(DOMAIN, tokens, take, connections=2)
    mail = b"Subject: Undelivered Mail\n\n550 5.1.1 unknown user\n"
    answers = []
    async with listening(door, at):
        for _ in range(3):
            talk = await call(at.getsockname()[1])
            await talk.hears()
            answers.append(await talk.hands_over(recipient, mail))
            talk.close()
    assert [answer[:3] for answer in answers] == ["451", "451", "250"]
    assert "can't be kept now" in answers[0]
    assert [one.kind for one in taken] == ["hard"]
    assert sum(door.taken.values()) == 1
    assert [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR] == [
        "A mail that came back could not be taken: RuntimeError"
    ]


def test_a_warning_in_a_form_that_only_a_library_knows_is_no_bounce() -> None:
    """It is in nobody's words for a delay: a switch's."""
    text = b"Your message to:\n\n  ada@example.org\n\nis still here.\n"
    text += b"This is just a warning, you do not need to take any action\n"
    report = read(b"From: switch@example.org\nSubject: Notice\n\n" + text, "")
    assert report.kind == "auto"
    assert "is still here" in report.words


def test_of_a_server_s_words_so_many_are_kept() -> None:
    assert plain("x" * 400) == "x" * 300
    assert plain(" " * 999 + "ab") == "a", "what comes after the first thousand is not looked at"
    long = report("message/feedback-report", f"Feedback-Type: {'x' * 50}\n")
    assert (long.kind, long.words) == ("auto", "x" * 40)


NESTED = """\
From: MAILER-DAEMON@mx.example.net
Subject: Report
Content-Type: multipart/report; boundary=a

--a
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: {}

--c
Content-Type: text/plain

550 from the depth
--c--
--b--
--a
Content-Type: message/delivery-status

Action: failed
Status: 5.0.0
{}
--a--
"""


def test_words_for_people_stand_beside_the_status_or_one_part_deeper() -> None:
    """What lies deeper still is of the message that came back."""
    shallow = "text/plain\n\n550 5.1.1 no such user\n--b\nContent-Type: multipart/mixed; boundary=c"
    assert read(NESTED.format(shallow, "").encode()).words == "550 5.1.1 no such user"
    assert read(NESTED.format("multipart/mixed; boundary=c", "").encode()).words == ""


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Status: 5.0.0\nDiagnostic-Code: smtp; 550 5.1.1 no such user", "5.1.1"),
        ("Status: 5.2.2\nDiagnostic-Code: smtp; 550 5.1.1 no such user", "5.2.2"),
        ("Diagnostic-Code: smtp; 550 5.1.1 no such user", "5.1.1"),
        ("Status: 5.0.0\nDiagnostic-Code: smtp; 550 no such user", "5.0.0"),
    ],
)
def test_the_exact_one_of_two_codes_is_kept(said: str, status: str) -> None:
    found = report("message/delivery-status", f"Action: failed\n{said}\n")
    assert found.status == status


def test_who_is_not_said_to_have_failed_has_not() -> None:
    assert report("message/delivery-status", "Action: delayed\nStatus: 4.4.1\n").kind == "auto"
    assert report("message/delivery-status", "Status: 5.1.1\n").kind == "hard"
    both = "Action: delayed\nStatus: 4.4.1\n\nAction: failed\nStatus: 5.1.1\n"
    assert report("message/delivery-status", both).kind == "hard"


def test_parts_whose_end_nobody_knows_are_none() -> None:
    message = parse(b"Content-Type: multipart/report\n\n--x\nContent-Type: text/plain\n\n550 5.1.1 gone\n")
    assert list(walk(message)) == [message]


async def test_an_answer_to_a_notification_is_handed_on_as_it_came(
    settings: Settings, tokens: Tokens
) -> None:
    """What its server hears is what became of it; nothing has come back."""
    answers: list[tuple[str, bytes]] = []

    async def take(_: Report) -> str:
        raise AssertionError("no report")

    async def answer(recipient: str, mail: bytes) -> str:
        answers.append((recipient, mail))
        return "554 5.7.1 Not today"

    at, to = listen("127.0.0.1", 0), f"Reply+{'a' * 45}@{DOMAIN}"
    door = Door(DOMAIN, tokens, take, answer=answer)
    async with listening(door, at):
        talk = await call(at.getsockname()[1])
        await talk.hears()
        assert await talk.hands_over(to, b"Subject: Re: On work\n\nI agree.") == "554 5.7.1 Not today"
        talk.close()
    assert answers == [(to, b"Subject: Re: On work\r\n\r\nI agree.\r\n")]
    assert not door.taken
