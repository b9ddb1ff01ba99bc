"""`import subscribers`: what it asks, says and writes, and that a kill loses nothing."""

import csv
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from newsletter.cli.imports_people import subscribers
from newsletter.storage import Tx
from tests.cast import House
from tests.cli.machine import ADA, BEN, CLEO, OLGA, Machine

ORIGIN = ("--consent-origin", "the form on my old page")
PEOPLE = f"Mail;Name;Status\n{OLGA};Olga;\n{ADA};Ada;\n{CLEO};Cleo;active\nnonsense;X;\ndora@example.org;;bounced\n"
SAID = """\
  Mail: email
  Name: name
  Status: status
{refused}{verb} 2 subscribers.
  active: 1
  bounced: 1
Here already: 1. They keep what they have, and get the tags.
Here before, and not subscribed: 1. They stay so.
Refused: 1.
"""
LINE = "Line 5: This doesn’t look like an email address. It should look like name@example.org.\n"


def test_it_says_what_it_would_do_asks_and_does_it(machine: Machine) -> None:
    (machine.folder / "people.csv").write_text(PEOPLE, "utf-8")
    dry = machine.run("import", "subscribers", "people.csv", "--dry-run").text
    assert dry == SAID.format(refused=LINE, verb="Would take in")
    no = machine.run("import", "subscribers", "people.csv", code=1, answer="my old page\nn\n")
    assert "How did these people agree" in no.text
    assert counted(machine, f"SELECT count(*) FROM subscribers WHERE email = '{OLGA}'") == 0
    done = machine.run("import", "subscribers", "people.csv", *ORIGIN, "--yes", "--tag", "moved").text
    assert done == SAID.format(refused=LINE, verb="Took in")
    rows = {
        row["email"]: row
        for row in csv.DictReader(machine.run("export", "subscribers", "--raw").text.splitlines())
    }
    assert (rows[OLGA]["status"], rows[OLGA]["tags"], rows[OLGA]["name"]) == ("active", "moved", "Olga")
    assert (rows[ADA]["status"], rows[ADA]["tags"]) == ("active", "moved")
    assert (rows[CLEO]["status"], rows[CLEO]["tags"]) == ("unsubscribed", "")
    assert rows["dora@example.org"]["status"] == "bounced"


def test_refused_rows_are_written_as_they_stood(machine: Machine) -> None:
    (machine.folder / "people.csv").write_text(PEOPLE + f"=1+1;'{OLGA}';\n{OLGA};again;\n", "utf-8")
    machine.run("import", "subscribers", "people.csv", *ORIGIN, "--yes", "--refused", "refused.csv")
    text = (machine.folder / "refused.csv").read_text("utf-8-sig")
    assert [row.split(",") for row in text.splitlines()[1:]] == [
        [
            "5",
            "This doesn’t look like an email address. It should look like name@example.org.",
            "nonsense",
            "X",
            "",
        ],
        [
            "7",
            "This doesn’t look like an email address. It should look like name@example.org.",
            "'=1+1",
            f"'{OLGA}'",
            "",
        ],
        ["8", "The same address stands in line 2.", OLGA, "again", ""],
    ]


def test_columns_can_be_named(machine: Machine) -> None:
    (machine.folder / "people.csv").write_text(f"a,b\n{OLGA},{BEN}\n", "utf-8")
    more = ("--map", "b=email", "--map", "a=field:other", "--dry-run")
    assert machine.run("import", "subscribers", "people.csv", *more).text.startswith(
        "  a: field:other\n  b: email\n"
    )


@pytest.mark.parametrize(
    ("more", "said", "code"),
    [
        (("--map", "c=email"), "There is no column 'c'", 1),
        (("--map", "email"), "--map needs a column", 2),
        (("--preset", "nobody"), "There is no preset 'nobody'", 1),
        (("--tag", "a,b"), "one line without a comma", 1),
        (("--yes",), "--consent-origin", 2),
    ],
)
def test_mistakes_are_said(tmp_path: Path, more: tuple[str, ...], said: str, code: int) -> None:
    path = tmp_path / "people.csv"
    path.write_text(f"a,b\n{OLGA},{BEN}\n", "utf-8")
    done = CliRunner().invoke(subscribers, [str(path), *more])
    assert (said in done.output, done.exit_code) == (True, code), done.output


def test_excel_and_an_export_of_ours_come_in(machine: Machine) -> None:
    book = openpyxl.Workbook()
    book.active.append(["E-Mail", "Name"])
    book.active.append([OLGA, "Olga"])
    book.save(machine.folder / "people.xlsx")
    assert (
        "Took in 1 subscriber.\n"
        in machine.run("import", "subscribers", "people.xlsx", *ORIGIN, "--yes").text
    )
    machine.run("export", "subscribers", "-o", "out.csv")
    again = machine.run("import", "subscribers", "out.csv", *ORIGIN, "--yes").text
    assert again.startswith("This looks like an export of this service.\n")
    assert "Took in 0 subscribers.\nHere already: 2." in again


def counted(machine: Machine, sql: str) -> int:
    """Also while another process writes."""
    with closing(sqlite3.connect(machine.url.removeprefix("sqlite:///"))) as raw:
        return int(raw.execute(sql).fetchone()[0])


async def _hang(house: House) -> None:
    """Whoever goes on with an import that has begun never comes back from it."""

    async def act(tx: Tx) -> None:
        await tx.run(
            """CREATE TRIGGER hang BEFORE UPDATE OF position ON imports WHEN OLD.position > 0 BEGIN
                 SELECT (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n); END"""
        )

    await house.db.write(act)


async def _go_on(house: House) -> None:
    async def act(tx: Tx) -> None:
        await tx.run("DROP TRIGGER hang")

    await house.db.write(act)


def test_a_kill_in_the_middle_takes_nobody_twice_and_loses_nobody(machine: Machine) -> None:
    names = [f"p{n}@example.org" for n in range(700)]
    (machine.folder / "people.csv").write_text("email\n" + "\n".join([*names, "nonsense"]), "utf-8")
    words = ("import", "subscribers", "people.csv", *ORIGIN, "--yes")
    machine.act(_hang)
    position = "SELECT coalesce(max(position), 0) FROM imports"
    with subprocess.Popen(machine.command(*words), cwd=machine.folder, env=machine.environment) as process:
        while counted(machine, position) == 0 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert 0 < counted(machine, position) < len(names)
    machine.act(_go_on)
    said = machine.run(*words).text
    assert "Took in 700 subscribers.\n  active: 700\nRefused: 1.\n" in said
    assert counted(machine, "SELECT count(*) FROM subscribers WHERE email LIKE 'p%'") == 700
    assert counted(machine, "SELECT count(*) FROM consent_records WHERE kind = 'imported'") == 700
    assert counted(machine, "SELECT count(*) FROM imports") == 1
