"""Runs tests over and over in a copy of the tree, each time as if for the first time: a process that forks.

What others wrote is imported once, before; what is ours, in the fork. Without this each mutant would take seconds more.
Jobs come in as JSON lines, answers go out so: tests/mutants/copies.py is at the other end.
"""

import contextlib
import gc
import importlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import coverage
import msgspec
import pytest

HEAVY = ("newsletter.app", "newsletter.cli", "hypothesis", "httpx", "asyncpg", "aiosmtpd.controller")
OURS = ("newsletter", "tests", "conftest")
OTHERWISE = "not browser and not postgres"
PATIENCE = 30  # seconds that a test may take beyond ten times what it took before
LOG = Path(".venv/mutant.log")
BY = Path(".venv/mutant.by")


class Job(msgspec.Struct):
    tests: list[str]  # files or folders
    wanted: dict[str, float] = {}  # of their tests the ones to run, in this order; all where there are none
    limit: float = 3600.0  # seconds
    map: str = ""  # the file that is to have, for each line, the tests that go through it
    markers: str = OTHERWISE


class Answer(msgspec.Struct):
    end: str  # passed, failed, too long, none
    seconds: float
    by: str = ""  # the test that failed


class Map(msgspec.Struct):
    took: dict[str, float]  # seconds, by the test's id
    lines: dict[str, dict[int, list[str]]]  # path, line, ids
    failed: list[str]  # which is why they are of no use


class Chosen:
    """A plugin: only the tests that are wanted, in their order. One that goes round in circles ends its process."""

    def __init__(self, wanted: dict[str, float]) -> None:
        self._took = wanted
        self._order = {id: at for at, id in enumerate(wanted)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self._order:
            items[:] = sorted(
                (item for item in items if item.nodeid in self._order),
                key=lambda item: self._order[item.nodeid],
            )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        signal.setitimer(signal.ITIMER_REAL, PATIENCE + 10 * self._took.get(item.nodeid, 60))
        yield
        signal.setitimer(signal.ITIMER_REAL, 0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            BY.write_text(report.nodeid, "utf-8")


class Mapping:
    """A plugin: notes the lines of the program that each test goes through, in all threads of its process."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._took: dict[str, float] = {}
        self._failed: set[str] = set()
        self._coverage = coverage.Coverage(data_file=None, config_file=False, include=["newsletter/*"])
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        began = time.monotonic()
        yield
        self._took[item.nodeid] = time.monotonic() - began

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        for id in self._failed:
            del self._took[id]
        data = self._coverage.get_data()
        lines = {
            str(Path(file).relative_to(Path.cwd())): {
                line: sorted(set(tests) & self._took.keys())
                for line, tests in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        self._path.write_bytes(msgspec.json.encode(Map(self._took, lines, sorted(self._failed))))


def main() -> None:
    for name in HEAVY:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.split(".")[0] in OURS and name != __name__]:
        del sys.modules[name]
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    for line in sys.stdin.buffer:
        answer = work(msgspec.json.decode(line, type=Job))
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


def work(job: Job) -> Answer:
    began = time.monotonic()
    BY.unlink(missing_ok=True)
    child = os.fork()
    if not child:
        os._exit(run(job))
    code = _waited(child, began + job.limit)
    with contextlib.suppress(ProcessLookupError):  # what the tests left behind
        os.killpg(child, signal.SIGKILL)
    end = {None: "too long", -signal.SIGALRM: "too long", 0: "passed", 5: "none"}.get(code, "failed")
    by = BY.read_text("utf-8") if BY.exists() else ""
    return Answer(end, round(time.monotonic() - began, 2), by)


def _waited(child: int, until: float) -> int | None:
    """The code it ended with; None where it took too long."""
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def run(job: Job) -> int:
    os.setsid()
    log = os.open(LOG, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for number, to in ((0, null), (1, log), (2, log)):
        os.dup2(to, number)
    # a process that forks has imported what pytest would rewrite: that is all this warning says
    words = ["-q", "-n", "0", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    if not job.map:
        words.append("-x")
    plugins = [Mapping(job.map) if job.map else Chosen(job.wanted)]
    try:
        return int(pytest.main([*words, "-m", job.markers, *job.tests], plugins=plugins))
    except BaseException:  # what a mutant does to pytest itself is a failure too
        return 1


if __name__ == "__main__":
    main()
