"""What is done to the whole database at the terminal, or taken in there, has its row in the audit log."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.mail.bounces.sender import envelope_sender
from newsletter.owners import audit
from newsletter.settings import Settings
from newsletter.tokens import Tokens
from tests.cast import SETTINGS, House
from tests.cli.machine import ADA, Machine

_BOUNCE = """From: MAILER-DAEMON@mx.example.com
Subject: failure notice

Hi. This is the qmail-send program at mx.example.com.
<ada@example.org>: Sorry, no mailbox here by that name. (#5.1.1)
"""


def noted(machine: Machine, area: str = "") -> list[str]:
    """The newest first."""
    found: list[str] = []

    async def reads(house: House) -> None:
        rows, _ = await house.db.read(audit.page, audit.Asked(way="terminal", area=area))
        found.extend(one.verb for one in rows)

    machine.act(reads)
    return found


def test_a_copy_and_the_way_back(machine: Machine, tmp_path: Path) -> None:
    made = tmp_path / "kept.db"
    machine.says("backup", str(made))
    assert noted(machine, "backup") == ["backup"]
    machine.says("backup", str(made), code=1)  # it is there
    assert noted(machine, "backup") == ["backup"]
    machine.says("restore", str(made), "--yes")
    assert noted(machine, "backup") == ["restore"]  # the copy was made before it was noted


def test_a_copy_of_an_older_database_is_made_and_says_that_it_is_not_noted(
    machine: Machine, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(machine.folder / "newsletter.db")) as raw, raw:
        raw.execute("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)")
    done = machine.says("backup", str(tmp_path / "kept.db"))
    assert "Its checksum is in" in done.text
    assert "The audit log has no row of it: the database is older than this version." in done.err


@pytest.mark.postgres
def test_a_move_is_noted_on_both_sides(machine: Machine, empty_postgres_url: str) -> None:
    machine.says("move-to", empty_postgres_url, "--yes")
    assert noted(machine) == ["move-to"]
    machine.url = machine.environment["NEWSLETTER_DATABASE_URL"] = empty_postgres_url
    assert noted(machine) == ["move-to"]


def test_a_bounce_that_is_taken_from_a_file(machine: Machine, tmp_path: Path) -> None:
    file, found = tmp_path / "back.eml", list[str]()
    file.write_text(_BOUNCE)

    async def sent(house: House) -> None:
        (mail, *_) = await house.mails(ADA)
        here = Settings(bounce_domain="bounces.example.org")
        found.append(envelope_sender(here, Tokens(SETTINGS.secret_keys), mail.id))

    machine.act(sent)
    machine.says("bounces", "read", str(file))
    assert noted(machine) == []  # nothing follows from what is not signed by us
    machine.says("bounces", "read", str(file), "--to", found[0])
    assert noted(machine, "suppressions") == ["bounces read"]
