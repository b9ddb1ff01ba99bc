"""`newsletter export subscribers`: every format, where it goes, how it ends."""

import csv
import io
import json
import os
import subprocess
from pathlib import Path

import pytest
from openpyxl import load_workbook

from newsletter.cli.export import appearing
from newsletter.subscribers import HEADER
from tests.cli.machine import ADA, BEN, CLEO, Machine

EXPORT = ("export", "subscribers")


def test_for_spreadsheets_unless_told_otherwise(machine: Machine) -> None:
    sheet = machine.run(*EXPORT)
    rows = list(csv.DictReader(io.StringIO(sheet.out.decode("utf-8-sig"), newline="")))

    assert sheet.out.startswith(b"\xef\xbb\xbf")
    assert [(row["email"], row["name"]) for row in rows] == [(ADA, "'=1+1"), (BEN, ""), (CLEO, "")]
    assert sheet.err == "3 subscribers.\n"  # and no bar, since nobody looks


def test_to_the_letter_into_a_file_of_ones_own(machine: Machine) -> None:
    machine.run(*EXPORT, "--raw", "--status", "active", "-o", "active.csv")
    file = machine.folder / "active.csv"

    (ada,) = csv.DictReader(io.StringIO(file.read_text("utf-8")))
    assert (ada["email"], ada["name"], ada["form"]) == (ADA, "=1+1", "guide")
    assert file.stat().st_mode & 0o777 == 0o600
    assert not list(machine.folder.glob("*.partial"))


def test_json_lines_with_filters(machine: Machine) -> None:
    def emails(*filters: str) -> list[str]:
        out = machine.run(*EXPORT, "--format", "ndjson", *filters).text
        return [json.loads(line)["email"] for line in out.splitlines()]

    assert emails("--form", "guide", "--since", "2020-01-01", "--status", "unsubscribed") == [CLEO]
    assert emails("--since", "2999-01-01") == []
    assert emails("--tag", "career") == []


def test_a_sheet_holds_text_and_no_formula(machine: Machine) -> None:
    machine.run(*EXPORT, "--format", "xlsx", "-o", "all.xlsx")
    header, *rows = load_workbook(machine.folder / "all.xlsx").active.iter_rows()

    assert tuple(cell.value for cell in header) == HEADER
    assert [row[0].value for row in rows] == [ADA, BEN, CLEO]
    assert (rows[0][1].value, rows[0][1].data_type) == ("=1+1", "s")
    assert {cell.data_type for row in rows for cell in row if cell.value is not None} == {"s"}
    assert sorted(path.name for path in machine.folder.glob("*")) == ["all.xlsx", "newsletter.db"]


def test_a_bar_on_a_terminal_only(machine: Machine) -> None:
    terminal, end = os.openpty()
    command = machine.command(*EXPORT, "--raw")
    done = subprocess.run(
        command, cwd=machine.folder, env=machine.environment, stdout=subprocess.PIPE, stderr=end, check=True
    )
    os.close(end)
    shown = os.read(terminal, 65536).decode()
    os.close(terminal)

    assert "Exporting" in shown
    assert "100%" in shown
    assert len(done.stdout.splitlines()) == 4


def test_one_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    output = tmp_path / "all.csv"
    output.write_text("the last one")

    def break_off() -> None:
        with appearing(output) as path:
            path.write_text("half of the new one")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        break_off()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("all.csv", "the last one")]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--format", "xlsx"), 2, "An XLSX file needs a name: add -o FILE.xlsx."),
        (("--status", "gone"), 2, "'gone' is not one of"),
        (("--since", "yesterday"), 2, "does not match the format"),
        (("-o", "nowhere/all.csv"), 1, "could not be written to nowhere/all.csv: No such file or directory."),
        (("-o", "/dev/full"), 1, "could not be written to /dev/full: No space left on device."),
        (("--format", "xlsx", "-o", "nowhere/all.xlsx"), 1, "No such file or directory."),
    ],
)
def test_it_says_what_is_wrong(machine: Machine, words: tuple[str, ...], code: int, sentence: str) -> None:
    done = machine.run(*EXPORT, *words, code=code)
    assert sentence in done.err
    assert done.out == b""


def test_no_database_is_made_where_there_is_none(machine: Machine, tmp_path: Path) -> None:
    machine.environment["NEWSLETTER_DATABASE_URL"] = "sqlite:///other.db"
    done = machine.run(*EXPORT, code=1)
    assert f"There is no database {tmp_path / 'other.db'}." in done.err
    assert not (tmp_path / "other.db").exists()


def test_a_reader_who_has_seen_enough(machine: Machine) -> None:
    with subprocess.Popen(
        machine.command(*EXPORT),
        cwd=machine.folder,
        env=machine.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
