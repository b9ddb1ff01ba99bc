"""Prints what tests have measured, at the end, one JSON line each, passed or failed."""

import pytest

from tests.figures import line


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    shown = [text for report in reports if report.when == "call" for text in _figures(report)]
    if shown:
        terminalreporter.section("figures")
        for text in shown:
            terminalreporter.write_line(text)


def _figures(report: pytest.TestReport) -> list[str]:
    """What it measured; what measures nothing says how it went."""
    figures = [str(text) for key, text in report.user_properties if key == "figure"]
    name = report.nodeid.rpartition("/")[2].replace(".py::", ".")
    return figures or [line(name, report.outcome, "passed", report.passed)]
