"""`make bench`: every script here has `main(figure)`, plain or async, and hands in what it measured.

Each runs in a process of its own, so that no bench warms or burdens the next. A missed goal is printed,
not failed: on a busy machine figures say little. A bench that breaks is a failure. What benches share
stands in files whose names begin with `_`.
"""

import asyncio
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

from tests.figures import line

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def main(wanted: list[str]) -> int:
    if unknown := set(wanted) - set(NAMES):
        print(f"There is no bench called {min(unknown)!r}. There are: {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    if len(wanted) == 1:
        run(wanted[0])
        return 0
    broken = [name for name in wanted or NAMES if not apart(name)]
    if broken:
        print(f"Broken: {', '.join(broken)}.", file=sys.stderr)
    return 1 if broken else 0


def apart(name: str) -> bool:
    print(f"# {name}", flush=True)
    return subprocess.run([sys.executable, "-m", "tests.bench", name], check=False).returncode == 0


def run(name: str) -> None:
    bench = importlib.import_module(f"tests.bench.{name}").main
    if inspect.iscoroutinefunction(bench):
        asyncio.run(bench(figure))
    else:
        bench(figure)


def figure(name: str, value: float | str, goal: str = "", holds: bool | None = None) -> None:
    print(line(name, value, goal, holds), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
