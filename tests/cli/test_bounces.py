"""Mail that came back, through a pipe."""

from pathlib import Path

from newsletter.mail.bounces.sender import envelope_sender
from newsletter.settings import Settings
from newsletter.tokens import Tokens
from tests.cast import SETTINGS, House
from tests.cli.machine import ADA, Machine

_BOUNCE = """From: MAILER-DAEMON@mx.example.com
Subject: failure notice
To: {to}

Hi. This is the qmail-send program at mx.example.com.
<ada@example.org>: Sorry, no mailbox here by that name. (#5.1.1)
"""


def test_a_bounce_through_a_pipe(machine: Machine) -> None:
    found: list[str] = []

    async def sent(house: House) -> None:
        (mail, *_) = await house.mails(ADA)
        here = Settings(bounce_domain="bounces.example.org")
        found.append(envelope_sender(here, Tokens(SETTINGS.secret_keys), mail.id))

    machine.act(sent)
    done = machine.says("bounces", "read", "-", answer=_BOUNCE.format(to="nobody@bounces.example.org"))
    assert done.text == "The address is gone. Nothing follows from it.\n"
    done = machine.says(
        "bounces", "read", "-", "--to", found[0], answer=_BOUNCE.format(to="nobody@example.org")
    )
    assert done.text == "The address is gone. It is mailed no more.\n"
    assert '"status": "bounced"' in machine.says("show", ADA).text


def test_an_answer_through_a_pipe_says_what_became_of_it(machine: Machine, tmp_path: Path) -> None:
    file = tmp_path / "answer.eml"
    file.write_bytes(b"From: ada@example.org\r\n\r\nI agree.\r\n")
    said = machine.says("bounces", "read", str(file), "--to", "reply+nonsense@bounces.example.org").text
    assert said.startswith("550 5.6.0 This link is not complete, or not one of ours.")


def test_where_the_database_is_away_the_mail_is_kept(machine: Machine) -> None:
    machine.environment["NEWSLETTER_DATABASE_URL"] = "sqlite:///nowhere.db"
    assert "There is no database" in machine.says("bounces", "read", "-", code=75, answer="x").err


def test_the_listener_wants_its_domain(machine: Machine) -> None:
    assert "NEWSLETTER_BOUNCE_DOMAIN" in machine.says("bounces", "listen", code=1).err


def test_the_mailbox_has_to_be_named_and_one_that_is_away_is_tried_again(machine: Machine) -> None:
    assert "NEWSLETTER_BOUNCE_MAILBOX" in machine.says("bounces", "poll", "--once", code=1).err
    machine.environment["NEWSLETTER_BOUNCE_MAILBOX"] = "imap://a:secret@mail.example.org"
    assert "only this machine itself" in machine.says("bounces", "poll", "--once", code=1).err
    machine.environment["NEWSLETTER_BOUNCE_MAILBOX"] = "imap://a:secret@127.0.0.1:9"
    said = machine.says("bounces", "poll", "--once", code=75).err
    assert "The mailbox at 127.0.0.1:9 can’t be read" in said
    assert "secret" not in said
