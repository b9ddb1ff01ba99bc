"""How fast comments are read: a thread of 100 beside a handler that returns the same bytes, and counts of many pages.

All of it alone in its database, and again among 100,000 comments.
"""

import os
import statistics
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from tests.bench._service import NO_LIMITS, PYTHON, load, service, sqlite, started
from tests.bench._talk import EACH, page
from tests.figures import Figure

ROUNDS = 5
PAGES = 100_000 // EACH
ONE = f"/threads?{urlencode({'url': page(0)})}"
GOAL = 0.6


def main(figure: Figure) -> None:
    for name, pages in (("alone", 1), ("among_100000", PAGES)):
        with sqlite() as url, tempfile.TemporaryDirectory() as folder:
            fill(url, pages)
            with service(url) as (port, _):
                measure(figure, name, port, Path(folder))
                if pages > 1:
                    measure_counts(figure, port)
                    measure_turns(figure, port)


def measure(figure: Figure, name: str, port: int, folder: Path) -> None:
    content, etag = fetched(port, ONE)
    (folder / "thread.html").write_bytes(content)
    with started(["tests.bench._bytes", str(folder / "thread.html")], dict(os.environ)) as (bare, _):
        rate, ratio = pairs(partial(get, port, [ONE]), partial(get, bare, ["/threads"]))
    figure(f"thread_{name}_kib", len(content) / 1024)
    figure(f"thread_{name}_per_second", rate)
    figure(f"thread_{name}_to_bare_ratio", ratio, f">= {GOAL}", ratio >= GOAL)
    figure(f"thread_{name}_unchanged_per_second", get(port, [f"{ONE} {etag}"]))


def measure_counts(figure: Figure, port: int) -> None:
    """The same pages again and again, as a blog's front page asks, and other pages each time."""
    for name, turns in (("same", 1), ("other", 200)):
        fifty = [counts(range(start, start + 50)) for start in range(turns)]
        single = [counts(range(start, start + 1)) for start in range(turns)]
        rate, ratio = pairs(partial(get, port, single), partial(get, port, fifty))
        figure(f"counts_of_1_{name}_per_second", rate)
        figure(f"counts_of_50_{name}_times_longer", ratio, "<= 2", ratio <= 2)


def measure_turns(figure: Figure, port: int) -> None:
    """Each time another page, so that none is kept from the time before."""
    turns = [f"/threads?{urlencode({'url': page(n)})}" for n in range(PAGES)]
    figure("thread_in_turns_per_second", get(port, turns))


def counts(numbers: range) -> str:
    return f"/threads/counts?{urlencode([('url', page(n)) for n in numbers])}"


def pairs(ours: Callable[[], float], other: Callable[[], float]) -> tuple[float, float]:
    """The median rate of `ours`, and the median ratio of the two."""
    rates, ratios = [], []
    for _ in range(ROUNDS):
        rates.append(ours())
        ratios.append(rates[-1] / other())
    return statistics.median(rates), statistics.median(ratios)


def get(port: int, paths: list[str]) -> float:
    return load(port, "get", connections=16, seconds=1.0, tokens=paths)


def fetched(port: int, path: str) -> tuple[bytes, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": "localhost:8000"})
    with urllib.request.urlopen(request) as answer:
        return answer.read(), str(answer.headers["ETag"])


def fill(url: str, pages: int) -> None:
    environment = {**os.environ, **NO_LIMITS, "NEWSLETTER_DATABASE_URL": url}
    subprocess.run([PYTHON, "-m", "tests.bench._talk", str(pages)], env=environment, check=True)
