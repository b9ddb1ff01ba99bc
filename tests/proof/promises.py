"""Prints the table of promises, each with what it was tested at last, and puts it into the README: `make promises`.

It ends with 1 where a promise, or a row of docs/security.csv or docs/asvs.csv, names a test that did not run and pass:
with everything run before it, as in `.ci/run`, that is the proof that the tables are true.
"""

import json
import os
import re
import subprocess
import sys
from fnmatch import fnmatchcase

from tests.house.source import ROOT
from tests.named import TABLES, Row, rows
from tests.outcomes import Outcome, not_shown, of, read

README = ROOT / "README.md"
BEGIN, END = "<!-- promises: written by make promises -->\n", "<!-- end of promises -->"
UNKNOWN = "not tested here yet"
_NAMED = re.compile(r"\{([^}:]+)(?::(least|most))?\}")


def measured(row: Row, outcomes: dict[str, Outcome]) -> str:
    """Its sentence with the figures of its own tests: {name} is their sum, {name:most} and {name:least} one of them.

    A name may hold stars; only one that says so finds figures of a control. {passed} counts tests.
    """
    if not_shown(row.shown_by, outcomes):
        return UNKNOWN
    seen = [one for test in row.shown_by for one in of(test, outcomes)]
    figures = [json.loads(line) for one in seen for line in one.figures]

    def value(match: re.Match[str]) -> str:
        name, which = match.groups()
        if name == "passed":
            return f"{len(seen):,}"
        found = [
            one["value"]
            for one in figures
            if fnmatchcase(one["name"], name) and ("_control_" in one["name"]) == ("_control_" in name)
        ]
        if not found:
            return f"({name} is missing)"
        number = min(found) if which == "least" else max(found) if which == "most" else sum(found)
        return f"{number:,}" if isinstance(number, int) else f"{number:.2f}"

    return _NAMED.sub(value, row.measured)


def table(outcomes: dict[str, Outcome]) -> str:
    said = {row: measured(row, outcomes) for row in rows("promises")}
    lines = [f"| {row.id} | {row.what} | {words} |" for row, words in said.items()]
    tests = {test for row, words in said.items() if words != UNKNOWN for test in row.shown_by}
    days = sorted(one.at for test in tests for one in of(test, outcomes))
    when = ["", f"Tested from {days[0]} to {days[-1]} (UTC), at {_commit()}."] if days else []
    return "\n".join(["| | promise | tested at |", "|---|---|---|", *lines, *when])


def _commit() -> str:
    ran = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return ran.stdout.strip() or "a tree without history"


def missing(outcomes: dict[str, Outcome]) -> list[str]:
    """What no run here has shown."""
    found = [
        f"docs/{name}.csv, {row.id}: {what}."
        for name in TABLES
        for row in rows(name)
        for what in not_shown(row.shown_by, outcomes)
    ]
    return found + [
        f"docs/promises.csv, {row.id}: {measured(row, outcomes)}"
        for row in rows("promises")
        if "is missing)" in measured(row, outcomes)
    ]


def main() -> int:
    outcomes = read()
    made = table(outcomes)
    print(made)
    if os.environ.get("CI") != "true":
        before, _, rest = README.read_text("utf-8").partition(BEGIN)
        README.write_text(f"{before}{BEGIN}\n{made}\n{END}{rest.partition(END)[2]}", "utf-8")
    wrong = missing(outcomes)
    print(*wrong, sep="\n", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
