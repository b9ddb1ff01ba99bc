"""Proofs hand in what they measured; it is printed at the end, one JSON line each, passed or failed."""

import os

import pytest

from tests.figures import Figure, line

SIZE = int(os.environ.get("PROOF_SIZE", "1"))
"""How many times what CI has time for."""


@pytest.fixture
def figure(record_property: object) -> Figure:
    assert callable(record_property)

    def keep(name: str, value: float | str, goal: str = "", holds: bool | None = None) -> None:
        record_property("figure", line(name, value, goal, holds))

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    figures = [
        text for r in reports if r.when == "call" for key, text in r.user_properties if key == "figure"
    ]
    if figures:
        terminalreporter.section("figures")
        for text in figures:
            terminalreporter.write_line(text)
