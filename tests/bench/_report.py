"""`make scale`: how each cost grows with the number of subscribers, written to tests/bench/REPORT.md.

SIZES says among how many (10000,100000,1000000,5000000), MINUTES how long one size may take on one engine (90). What
was measured is kept in .venv/scale/, one file for each size and engine, and not measured again: delete it for that.
"""

import json
import os
import platform
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench._growth import chart, table
from tests.bench._paper import paper
from tests.bench._postfix import program
from tests.bench._service import postgres_binaries

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".venv/scale"
REPORT = Path(__file__).parent / "REPORT.md"
SIZES = [int(size) for size in os.environ.get("SIZES", "10000,100000,1000000,5000000").split(",")]
MINUTES = float(os.environ.get("MINUTES", "90"))
ENGINES = ("sqlite", "postgres")
LATE = 30.0  # seconds to end in, once told

Figures = dict[str, float]


def main() -> int:
    program("smtp-sink")  # now, and not when the first millions are there
    postgres_binaries()
    KEPT.mkdir(parents=True, exist_ok=True)
    whole = True
    for size in SIZES:
        for engine in ENGINES:
            file = KEPT / f"{size}-{engine}.json"
            if not file.exists():
                whole &= measured(size, engine, file)
            REPORT.write_text("\n".join(report()) + "\n", "utf-8")
    print(f"Written: {REPORT.relative_to(ROOT)}")
    return 0 if whole else 1


def measured(size: int, engine: str, file: Path) -> bool:
    """In a process of its own, so that no size warms another. Whether it came to its end."""
    print(f"# {size:,} on {engine}", flush=True)
    began, load = time.time(), os.getloadavg()[0]
    figures: Figures = {}
    command = [sys.executable, "-m", "tests.bench._scale", str(size), engine]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        alarm = subprocess.Popen([sys.executable, "-c", _ALARM, str(MINUTES * 60), str(process.pid)])
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            one = json.loads(line)
            figures[one["name"]] = one["value"]
        code = process.wait()
        alarm.kill()
        alarm.wait()
    about = {"began": began, "seconds": time.time() - began, "load": load, "whole": code == 0}
    kept = file if code == 0 else file.with_suffix(".part")
    kept.write_text(json.dumps({**about, "figures": figures}, indent=1))
    return code == 0


_ALARM = f"""
import os, signal, sys, time
time.sleep(float(sys.argv[1]))
os.kill(int(sys.argv[2]), signal.SIGTERM)
time.sleep({LATE})
os.kill(int(sys.argv[2]), signal.SIGKILL)
"""


def report() -> Iterator[str]:
    yield from ("# How it scales", "", "Made by `make scale`; nothing in here is written by hand.", "")
    yield from machine()
    for engine in ENGINES:
        found = results(engine)
        if found:
            figures = {size: one["figures"] for size, one in found.items()}
            yield from ("", f"## {NAMES[engine]}", "")
            yield from taken(found)
            yield from table(figures)
            yield from chart(figures)
    on_postgres = {size: one["figures"] for size, one in results("postgres").items() if one["whole"]}
    if on_postgres:
        yield from paper(max(on_postgres), on_postgres[max(on_postgres)])


NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


def results(engine: str) -> dict[int, Any]:
    """By size; one that was cut short has what it came to."""
    found = {}
    for path in (*KEPT.glob(f"*-{engine}.part"), *KEPT.glob(f"*-{engine}.json")):  # what is whole counts
        found[int(path.name.partition("-")[0])] = json.loads(path.read_text())
    return dict(sorted(found.items()))


def machine() -> Iterator[str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    said = subprocess.run(
        [str(postgres_binaries() / "postgres"), "--version"], check=True, capture_output=True, text=True
    )
    yield from ("| machine | |", "|---|---|")
    yield f"| cores | {os.cpu_count()}, {model()} |"
    yield f"| memory | {memory:.1f} GiB |"
    yield f"| kernel | {platform.system()} {platform.release()} |"
    yield f"| Python | {platform.python_version()} |"
    yield f"| SQLite | {sqlite3.sqlite_version} |"
    yield f"| PostgreSQL | {said.stdout.split()[2]}, as it is installed |"


def model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
    )


def taken(found: dict[int, Any]) -> Iterator[str]:
    for size, one in found.items():
        end = "" if one["whole"] else ", cut short"
        day = time.strftime("%Y-%m-%d", time.gmtime(one["began"]))
        yield (
            f"- {size:,} subscribers: {day}, {one['seconds'] / 60:.0f} minutes{end}; others used the machine"
            f" by a load of {one['load']:.1f} as it began"
        )
    yield ""


if __name__ == "__main__":
    sys.exit(main())
