"""A million rows of CSV in: `newsletter import subscribers`, beside the shell's `.import` of the same file into a table
with the same indexes, and what sign-ups meanwhile wait for it.

The shell validates nothing, keeps no consent and no tags, and stops nobody from holding the database for seconds.
"""

import asyncio
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from newsletter.addresses import parse
from newsletter.app import open_site
from newsletter.clock import now
from newsletter.settings import load
from newsletter.signups import Submission
from newsletter.subscribers import imports
from newsletter.web.kit.site import Site
from tests.bench._service import NO_LIMITS, PYTHON, sqlite
from tests.bench.export import environment, fill, run
from tests.figures import Figure

COUNT = int(os.environ.get("BENCH_ROWS", "1000000"))
ROUNDS = 3
SLOWEST = 50.0  # milliseconds that a transaction may hold the database
PAUSE = 0.01  # seconds between two sign-ups
BARE = """CREATE TABLE bare (email TEXT NOT NULL UNIQUE, name TEXT, status TEXT, joined TEXT, tags TEXT);
CREATE INDEX bare_name ON bare (lower(name)) WHERE name <> '';
CREATE INDEX bare_pending ON bare (joined) WHERE status = 'pending';
CREATE INDEX bare_status ON bare (status);
CREATE INDEX bare_tags ON bare (tags);"""
"""People are found in it by what they are found by here."""


def main(figure: Figure) -> None:
    if shutil.which("sqlite3") is None:
        sys.exit("This bench compares with the shell sqlite3. Install it (Debian: sqlite3) and try again.")
    with made(COUNT) as file, made(1) as one:
        spent: dict[str, list[float]] = {"shell": [], "import": []}
        for _ in range(ROUNDS):
            spent["shell"].append(shell(file))
            with sqlite() as url:
                fill(url, 0)
                spent["import"].append(run(command(file), url).seconds)
        seconds = {name: statistics.median(values) for name, values in spent.items()}
        for name, value in seconds.items():
            figure(f"import_{name}_seconds", value)
        ratio = seconds["shell"] / seconds["import"]
        figure("import_rate_to_shell_ratio", ratio, ">= 0.4", ratio >= 0.4)
        with sqlite() as url, sqlite() as nothing:
            fill(url, 0)
            fill(nothing, 0)
            more = (run(command(file), url).memory - run(command(one), nothing).memory) / 2**20
        figure("import_memory_over_one_row_mib", more, "<= 64", more <= 64)
        with sqlite() as url:
            os.environ.update(environment(url) | NO_LIMITS)
            asyncio.run(beside_signups(figure, file))


@contextmanager
def made(count: int) -> Iterator[Path]:
    """Addresses in no order, as a list that grew has them."""
    chosen = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("email,name,status,joined,tags\n")
            for n in range(count):
                domain = f"host{chosen.randrange(5_000)}.example.org"
                file.write(
                    f"reader{chosen.randrange(10**9)}-{n}@{domain},Reader {n},active,2024-01-02 03:04:05,vip\n"
                )
        yield path


def command(file: Path) -> list[str]:
    return [
        PYTHON,
        "-m",
        "newsletter",
        "import",
        "subscribers",
        str(file),
        "--consent-origin",
        "bench",
        "--yes",
    ]


def shell(file: Path) -> float:
    """Seconds."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["sqlite3", f"{folder}/bare.db", BARE, "PRAGMA journal_mode = WAL", ".mode csv"]
        began = time.perf_counter()
        subprocess.run([*words, f".import --skip 1 {file} bare"], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began


async def beside_signups(figure: Figure, file: Path) -> None:
    site = await open_site(load(), migrate=True)
    try:
        waits: list[float] = []
        joining = asyncio.create_task(_sign_up(site, waits))
        held = await _take_in(site, file)
        joining.cancel()
        await asyncio.gather(joining, return_exceptions=True)
    finally:
        await site.db.close()
    longest = max(held) * 1_000
    figure("import_longest_transaction_ms", longest, f"<= {SLOWEST:.0f}", longest <= SLOWEST)
    if len(waits) > 1:
        figure("import_signup_p99_ms", statistics.quantiles(waits, n=100)[98] * 1_000)


async def _take_in(site: Site, file: Path) -> list[float]:
    """How long each slice held the database, its COMMIT among it, in seconds."""
    table = imports.open_table(file)
    with closing(imports.Staged(table, imports.map_columns(table), [], now())) as staged:
        lines = staged.fill()
        while await asyncio.to_thread(next, lines, None) is not None:
            pass
        importing = imports.Importing(site.tokens, site.post)
        steps = imports.take_in(site.db, importing, staged, "bench", dry=False)
        return [step.seconds async for step in steps]


async def _sign_up(site: Site, waits: list[float]) -> None:
    form = await site.forms.find("guide")
    number = 0
    while True:
        number += 1
        began = time.perf_counter()
        submission = Submission(parse(f"comer-{number}@example.net"), {"name": "Comer"})
        await site.db.write(site.signups.sign_up, form, submission)
        waits.append(time.perf_counter() - began)
        await asyncio.sleep(PAUSE)
