"""docs/security.csv and docs/asvs.csv: what is known to harm a service like this one, what a standard asks for, and the
test that shows how each is met. docs/promises.csv names tests in the same way.

That the tests ran and passed is looked at after all of them: tests/proof/promises.py.
"""

import csv
import re
from collections import Counter

import pytest

from tests.house.source import ROOT
from tests.named import TABLES, Row, exists, rows

KNOWN = [f"V{n}" for n in range(1, 46)] + [f"A{n}" for n in range(1, 14)]
LEVELS = {"1": 70, "2": 183}
"""How many requirements ASVS 5.0.0 has."""

NOT_MET = 19
"""Requirements that are not met, or not wholly. Who meets one counts one less."""


def test_each_attack_has_its_row() -> None:
    assert [row.id for row in rows("security")] == KNOWN


def test_each_requirement_has_its_row() -> None:
    with (ROOT / "docs/asvs.csv").open(encoding="utf-8", newline="") as file:
        levels = {row["id"]: row["level"] for row in csv.DictReader(file)}
    numbers = [tuple(map(int, id.split("."))) for id in levels]
    assert numbers == sorted(numbers)
    assert Counter(levels.values()) == LEVELS
    assert max(len(row.what.split()) for row in rows("asvs")) <= 12, "in our own few words"


@pytest.mark.parametrize(
    ("table", "row"),
    [pytest.param(table, row, id=f"{table} {row.id}") for table in TABLES for row in rows(table)],
)
def test_what_shows_it_exists(table: str, row: Row) -> None:
    assert row.what
    assert row.shown_by or row.note, f"{row.id} says neither what shows it nor why it can't apply."
    for test in row.shown_by:
        assert exists(test), f"docs/{table}.csv, {row.id} names {test}, and there is none."


def test_what_no_test_shows_says_why() -> None:
    begins = r"does not apply: .+\.|not met: .+\.|written: ([\w./]+)"
    for row in rows("asvs"):
        told = re.fullmatch(begins, row.note)
        assert row.shown_by or told, row.id
        assert not told or not told[1] or (ROOT / told[1]).exists(), row.id


def test_what_is_not_met_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    found = [row for row in rows("asvs") if row.note.startswith("not met: ")]
    with capsys.disabled():
        print(f"\nASVS 5.0, level 2: {len(found)} of {sum(LEVELS.values())} requirements are not met.")
    assert len(found) == NOT_MET
