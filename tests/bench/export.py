"""A million subscribers out as CSV: `newsletter export`, beside what the databases' own shells take for it, and the
desk's file of everybody beside `newsletter export`.

The shells are given the same SELECT. How much the joins in it cost shows beside the bare subscribers table.
BENCH_PEOPLE is how many they are.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from newsletter.storage import Engine
from newsletter.subscribers import Choice, query
from tests.bench._browser import sign_in, take
from tests.bench._service import NO_LIMITS, PYTHON, postgres, postgres_binaries, service, sqlite
from tests.figures import Figure

COUNT = int(os.environ.get("BENCH_PEOPLE", "1000000"))
BROWSER = 1.2
"""Times what the command line takes, at most: it is the same work, and its bytes go through the server."""
FILES = {"browser_raw": "/admin/export?raw=1", "browser_guarded": "/admin/export"}
PLAIN = "SELECT * FROM subscribers ORDER BY id"


class Spent(NamedTuple):
    seconds: float
    memory: int  # most bytes that were resident


def main(figure: Figure) -> None:
    if shutil.which("sqlite3") is None:
        sys.exit("This bench compares with the shell sqlite3. Install it (Debian: sqlite3) and try again.")
    with sqlite() as url, sqlite() as nothing:
        fill(nothing, 0)
        compare(figure, "sqlite", url, sqlite_shell, rounds=3)
        measure_memory(figure, url, nothing)
    with postgres() as url:
        compare(figure, "postgres", url, postgres_shell, rounds=1)


def compare(
    figure: Figure, engine: Engine, url: str, shell: Callable[[str, str], list[str]], *, rounds: int
) -> None:
    """Interleaved, so that whatever else the machine does touches all of them."""
    fill(url, COUNT)
    select, _ = query(engine, Choice())
    commands = {
        "shell": shell(url, select),
        "shell_plain_table": shell(url, PLAIN),
        "raw": export("--raw"),
        "guarded": export(),
    }
    spent: dict[str, list[float]] = {name: [] for name in (*commands, *FILES)}
    with service(url) as (port, _):
        cookie = sign_in(port, environment(url))
        for _ in range(rounds):
            for name, command in commands.items():
                spent[name].append(run(command, url).seconds)
            for name, path in FILES.items():
                spent[name].append(take(port, cookie, path)[0])
    seconds = {name: statistics.median(values) for name, values in spent.items()}
    for name, value in seconds.items():
        figure(f"export_{engine}_{name}_seconds", value)
    for name in ("raw", "guarded"):
        ratio, plain = seconds[name] / seconds["shell"], seconds[name] / seconds["shell_plain_table"]
        goal = ("<= 4", ratio <= 4) if engine == "sqlite" else ("", None)
        figure(f"export_{engine}_{name}_to_shell_ratio", ratio, *goal)
        figure(f"export_{engine}_{name}_to_plain_table_ratio", plain)
        browser = seconds[f"browser_{name}"] / seconds[name]
        figure(f"export_{engine}_browser_to_{name}_ratio", browser, f"<= {BROWSER}", browser <= BROWSER)


def measure_memory(figure: Figure, url: str, nothing: str) -> None:
    for name, options in (("raw", ["--raw"]), ("guarded", []), ("ndjson", ["--format", "ndjson"])):
        more = (run(export(*options), url).memory - run(export(*options), nothing).memory) / 2**20
        figure(f"export_{name}_memory_over_empty_mib", more, "<= 64", more <= 64)


def fill(url: str, count: int) -> None:
    subprocess.run([PYTHON, "-m", "tests.bench._crowd", str(count)], env=environment(url), check=True)


def environment(url: str) -> dict[str, str]:
    return {**os.environ, **NO_LIMITS, "NEWSLETTER_DATABASE_URL": url}


def export(*options: str) -> list[str]:
    return [PYTHON, "-m", "newsletter", "export", "subscribers", *options]


def sqlite_shell(url: str, select: str) -> list[str]:
    return ["sqlite3", "-readonly", url.removeprefix("sqlite:///"), ".mode csv", ".headers on", select]


def postgres_shell(url: str, select: str) -> list[str]:
    return [str(postgres_binaries() / "psql"), url, "-c", f"COPY ({select}) TO STDOUT (FORMAT csv, HEADER)"]


def run(command: list[str], url: str) -> Spent:
    """A whole process, from its start to its end."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment(url), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"This failed: {' '.join(command)[:300]}")
    return Spent(time.perf_counter() - began, usage.ru_maxrss * 1024)
