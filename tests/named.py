"""The tables in docs/ whose rows name the tests that show them."""

import ast
import csv
from functools import cache
from typing import NamedTuple

from tests.house.source import ROOT

TABLES = ("security", "asvs", "promises")


class Row(NamedTuple):
    id: str
    what: str
    shown_by: tuple[str, ...]  # tests/test_ids.py::test_they_ascend; with [2] behind it, one of its cases
    note: str
    measured: str = ""  # of promises: a sentence with the names of figures


def rows(table: str) -> list[Row]:
    """Of docs/TABLE.csv."""
    with (ROOT / f"docs/{table}.csv").open(encoding="utf-8", newline="") as file:
        return [
            Row(one["id"], one["what"], tuple(one["shown_by"].split()), one["note"], one.get("measured", ""))
            for one in csv.DictReader(file)
        ]


@cache
def functions(path: str) -> frozenset[str]:
    """Of a file; none, if there is no such file."""
    file = ROOT / path
    if not file.exists():
        return frozenset()
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    return frozenset(n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def exists(test: str) -> bool:
    path, _, name = test.partition("[")[0].partition("::")
    return name.startswith("test_") and name in functions(path)
