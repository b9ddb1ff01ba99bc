"""docs/security.csv: each known way to harm a service like this one, and the test that shows that it doesn't here."""

import ast
import csv
from functools import cache

import pytest

from tests.house.source import ROOT

ROWS = list(csv.DictReader((ROOT / "docs/security.csv").read_text("utf-8").splitlines()))
KNOWN = [f"V{n}" for n in range(1, 45)] + [f"A{n}" for n in range(1, 14)]


@cache
def names(path: str) -> frozenset[str]:
    file = ROOT / path
    if not file.exists():
        return frozenset()
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    return frozenset(n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def test_each_has_its_row() -> None:
    assert [row["id"] for row in ROWS] == KNOWN


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_what_shows_it_exists(row: dict[str, str]) -> None:
    assert row["what"]
    assert row["shown_by"] or row["note"], f"{row['id']} says neither what shows it nor why it can't apply."
    for test in row["shown_by"].split():
        path, _, name = test.partition("::")
        assert name in names(path), f"{row['id']} names {test}, and there is none."
