"""What `make coverage` asks for is asked of files that are there, and a branch that no test goes through fails it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.covered import WHOLE, Files, figures, main, missed
from tests.house.source import ROOT

PROGRAM = """\
def sign(word):
    if word:
        word += "!"
    return word


print(sign("ada"))
if len(sign("")) > 9:
    print("never")
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """What coverage.py says of a program with a line and two branches that were not gone through, or one of each."""
    folder = tmp_path_factory.mktemp("covered")
    (folder / "program.py").write_text(PROGRAM)
    coverage = [sys.executable, "-m", "coverage"]
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    for words in (["run", "--rcfile=", "--branch", "program.py"], ["json", "-q", "-o", "report.json"]):
        subprocess.run([*coverage, *words], cwd=folder, env=bare, check=True, capture_output=True)
    files: Files = json.loads((folder / "report.json").read_text())["files"]
    return files


def as_if(files: Files, path: str) -> Files:
    return {path: files["program.py"]}


def test_a_branch_and_a_line_that_were_missed_are_named_and_fail(
    seen: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = as_if(seen, "newsletter/tokens.py")
    assert missed(files) == ["newsletter/tokens.py:9", "newsletter/tokens.py:8->9"]
    found = {name: (value, goal, holds) for name, value, goal, holds in figures(files)}
    assert found["coverage_tokens_branch"] == (75.0, "100", False)
    assert found["coverage_tokens_line"] == (85.71, "100", False)
    assert found["coverage_overall_branch"] == (75.0, ">= 95", False)
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"files": files}))
    assert main(report) == 1
    assert (
        '"name": "coverage_tokens_branch", "value": 75.0, "goal": "100", "holds": false'
        in capsys.readouterr().out
    )


def test_elsewhere_a_branch_may_be_missed(seen: Files) -> None:
    assert missed(as_if(seen, "newsletter/clock.py")) == []


def test_all_is_well_where_nothing_was_missed(seen: Files, tmp_path: Path) -> None:
    whole = {"num_branches": 4, "covered_branches": 4, "num_statements": 9, "covered_lines": 9}
    good = {"summary": whole, "missing_lines": [], "missing_branches": []}
    files = {str(path.relative_to(ROOT)): good for path in ROOT.glob("newsletter/**/*.py")}
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"files": files}))
    assert main(report) == 0
    del files["newsletter/tokens.py"]  # what was not looked at is not whole
    report.write_text(json.dumps({"files": files}))
    assert main(report) == 1


@pytest.mark.parametrize("pattern", [pattern for patterns in WHOLE.values() for pattern in patterns])
def test_what_has_to_be_whole_is_there(pattern: str) -> None:
    assert list(ROOT.glob(pattern))
