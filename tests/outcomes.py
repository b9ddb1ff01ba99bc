"""What each test said when it last ran here: `.venv/outcomes.json`, for the tables that name tests and promises.

Every run of pytest adds to it, with any number of processes; tests that were skipped change nothing there. `.ci/run`
begins without it, so that all that stands there at its end was seen in that run.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.house.source import ROOT

KEPT = ROOT / ".venv/outcomes.json"


class Outcome(msgspec.Struct, omit_defaults=True):
    at: str  # day and minute, UTC
    passed: bool
    figures: list[str] = []  # JSON lines, tests/figures.py


class Outcomes:
    """A plugin of pytest. With several processes the one that hears of all tests keeps it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new: dict[str, Outcome] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called up to three times for a test: what goes wrong before or after it counts too."""
        if report.failed or (report.when == "call" and report.passed):
            figures = [str(line) for key, line in report.user_properties if key == "figure"]
            self._new[report.nodeid] = Outcome(f"{datetime.now(UTC):%Y-%m-%d %H:%M}", report.passed, figures)

    def pytest_sessionfinish(self) -> None:
        if self._new and self._path.parent.is_dir():
            anew = {_function(id) for id in self._new}  # its cases of before may be none any more
            kept = {id: one for id, one in read(self._path).items() if _function(id) not in anew}
            whole = self._path.with_suffix(f".{os.getpid()}")
            whole.write_bytes(msgspec.json.encode(kept | self._new))
            whole.replace(self._path)


def read(path: Path = KEPT) -> dict[str, Outcome]:
    """By the test's id, `tests/test_ids.py::test_they_ascend[2]`."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Outcome]) if path.exists() else {}


def of(test: str, outcomes: dict[str, Outcome]) -> list[Outcome]:
    """Of a test with all of its parameters, or of one of them."""
    return [one for id, one in outcomes.items() if test in (id, _function(id))]


def _function(id: str) -> str:
    return id.partition("[")[0]


def not_shown(tests: Iterable[str], outcomes: dict[str, Outcome]) -> list[str]:
    """Those that did not run here, or failed, each with its word for it."""
    found = {test: of(test, outcomes) for test in tests}
    return [
        f"{test} {'failed' if some else 'did not run'}"
        for test, some in found.items()
        if not some or not all(one.passed for one in some)
    ]
