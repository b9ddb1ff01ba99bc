"""A mail that answers a notification: what is new in it, whose it is, and which mails are no answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.comments import mail_reply
from newsletter.comments.mail_reply import reply_text, reply_token, sender
from newsletter.errors import BadInput
from tests.comments.mails import HEAD, MAILS, QUOTED, mail, parts


@pytest.mark.parametrize("program", MAILS)
def test_what_is_new_is_found(program: str) -> None:
    message, new = MAILS[program]

    assert reply_text(message) == new
    assert sender(message) == "ada@example.org"
    assert reply_token(message, "letters.example.org") == "Ab.c-9_X"


@pytest.mark.parametrize(
    "header",
    ["Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated (rejected)", "auto-submitted: AUTO-REPLIED; x=y",
     "Precedence: bulk", "Precedence: junk", "X-Autoreply: yes", "X-Autorespond: x", "Return-Path: <>"],
)  # fmt: skip
def test_a_machine_gets_no_say(header: str) -> None:
    with pytest.raises(BadInput, match="written by a machine"):
        reply_text(mail("I am out of the office until Monday.", "text/plain", header))


def test_a_bounce_gets_no_say_either() -> None:
    for bounce in (
        parts(("text/plain", "It failed."), kind='report; report-type="delivery-status"'),
        mail("It failed.").replace(b"Ada@Example.org", b"MAILER-DAEMON@example.org"),
    ):
        with pytest.raises(BadInput, match="written by a machine"):
            reply_text(bounce)


def test_a_person_may_say_so() -> None:
    assert reply_text(mail("Thanks!", "text/plain", "Auto-Submitted: no", "Precedence: normal")) == "Thanks!"


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (mail(""), mail_reply.NOTHING_NEW),
        (mail(f"\n{HEAD}\n{QUOTED}"), mail_reply.NOTHING_NEW),
        (mail("-- \nAda"), mail_reply.NOTHING_NEW),
        (mail("Sent from my iPhone\n\n> hello"), mail_reply.NOTHING_NEW),
        (mail("AAAA", "application/pdf"), mail_reply.NOTHING_NEW),
        (mail("a" * mail_reply.LARGEST), mail_reply.TOO_LARGE),
        (b"", mail_reply.NOTHING_NEW),
        (mail("--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 5_000, "multipart/mixed; boundary=x"),
         mail_reply.UNREADABLE),
    ],
)  # fmt: skip
def test_what_says_nothing_is_refused_with_a_sentence(message: bytes, sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        reply_text(message)

    assert refused.value.sentence == sentence


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("Ada@Example.ORG", "ada@example.org"),
        ('"ben@example.org" <ada@example.org>', "ada@example.org"),
        ('"Lovelace, Ada" <ada@example.org>', "ada@example.org"),
        ("=?utf-8?q?Ada_=3Cben=40example=2Eorg=3E?= <ada@example.org>", "ada@example.org"),
        ("Ada\r\n <ada@example.org>", "ada@example.org"),
        ("ben@example.org <ada@example.org>", None),
        ("ada@example.org, ben@example.org", None),
        ("ada@example.org\r\nFrom: ben@example.org", None),
        ("<ada@example.org> <ben@example.org>", None),
        ("Ada (ben@example.org) <ada@example.org>", None),
        ("undisclosed:;", None),
        ("Ada", None),
        ("<>", None),
        ("", None),
        ("(" * 5_000, None),
    ],
)
def test_a_mail_has_one_sender_or_none(line: str, address: str | None) -> None:
    message = f"From: {line}\r\nSubject: x\r\n\r\nhello".encode()

    if address:
        assert sender(message) == address
    else:
        with pytest.raises(BadInput, match="doesn’t say who sent it"):
            sender(message)


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ("To: reply+Tok.en-1_~@letters.example.org", "Tok.en-1_~"),
        ("To: Olga <REPLY+Token@Letters.Example.ORG>", "Token"),
        ("To: ben@example.org,\r\n \"Olga, who writes\" <reply+Token@letters.example.org>", "Token"),
        ("Cc: reply+Token@letters.example.org", "Token"),
        ("X-Original-To: reply+Token@letters.example.org", "Token"),
        ("To: olga@letters.example.org\r\nDelivered-To: reply+Token@letters.example.org", "Token"),
        ("To: reply+Old@letters.example.org\r\nDelivered-To: reply+Token@letters.example.org", "Token"),
        ("To: reply+Token@mallory.example", None),
        ("To: reply+Token@letters.example.org.mallory.example", None),
        ('To: "reply+Token@letters.example.org" <olga@letters.example.org>', None),
        ("To: noreply+Token@letters.example.org", None),
        ("To: reply+@letters.example.org", None),
        ("To: reply+a/../b@letters.example.org", None),
        ("Subject: reply+Token@letters.example.org", None),
        ("To: " + "(" * 5_000, None),
    ],
)  # fmt: skip
def test_the_token_is_in_the_address(headers: str, token: str | None) -> None:
    message = f"{headers}\r\n\r\nreply+Body@letters.example.org".encode()

    assert reply_token(message, "letters.example.org") == token


@given(
    st.binary(max_size=300) | st.text("<>a/ =\"'!-&;\n", max_size=80).map(str.encode),
    st.sampled_from(sorted(MAILS)),
)
def test_whatever_a_mail_holds_is_text_or_a_sentence(noise: bytes, program: str) -> None:
    message = MAILS[program][0]
    for one in (noise, b"Content-Type: text/html\n\n" + noise, noise + b"\n" + message, message + noise):
        for read in (reply_text, sender):
            try:
                assert read(one)
            except BadInput as refused:
                assert refused.sentence.endswith((".", "several."))  # noqa: PT017  either is fine
