"""A million rows of CSV in: `newsletter import subscribers`, beside the shell's `.import` of the same file into a table
with the same indexes, what sign-ups meanwhile wait for it, and what it takes as XLSX and on PostgreSQL.

The shell validates nothing, keeps no consent, and stops nobody from holding the database for seconds. Processor time is
compared beside what the clock says: on a machine that does other things it is the one that counts. BENCH_ROWS is how
many rows.
"""

import asyncio
import csv
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
from typing import NamedTuple

import openpyxl

from newsletter.addresses import parse
from newsletter.app import open_site
from newsletter.clock import now
from newsletter.settings import load
from newsletter.signups import Submission
from newsletter.subscribers import imports
from newsletter.web import process
from newsletter.web.kit.site import Site
from tests.bench._service import NO_LIMITS, PYTHON, postgres, sqlite
from tests.bench.export import environment, fill
from tests.figures import Figure

COUNT = int(os.environ.get("BENCH_ROWS", "1000000"))
ROUNDS = 2  # of which the better counts
SLOWEST = 50.0  # milliseconds that a transaction may hold the database
FLAT = 16.0
"""MiB more for ten times the rows, or for a workbook of the same rows. From 10,000 rows to 100,000 it is 40 of whatever
kind of file: those fill SQLite's caches, of 16 MB each, and more rows don't. So a workbook is compared with CSV."""

PAUSE = 0.01  # seconds between two sign-ups
BARE = """CREATE TABLE bare (email TEXT NOT NULL UNIQUE, name TEXT, status TEXT, joined TEXT, tags TEXT);
CREATE INDEX bare_name ON bare (lower(name)) WHERE name <> '';
CREATE INDEX bare_pending ON bare (joined) WHERE status = 'pending';
CREATE INDEX bare_status ON bare (status);
CREATE INDEX bare_consents ON bare (joined);
CREATE INDEX bare_confirmed ON bare (joined) WHERE status = 'confirmed';
CREATE INDEX bare_left ON bare (joined) WHERE status = 'unsubscribed';
CREATE INDEX bare_tagged ON bare (tags);
CREATE INDEX bare_tags_people ON bare (tags, status);
CREATE INDEX bare_tags_tag ON bare (tags, joined);"""
"""An index for each that an import fills here: four of subscribers, three each of consent_records and subscriber_tags.
Where one begins with an id, which the file doesn't have, it is of a column that fills an index from end to end too."""


class Used(NamedTuple):
    """By a process and all that it started."""

    seconds: float
    processor: float  # seconds
    memory: float  # MiB that were resident at most


def main(figure: Figure) -> None:
    if shutil.which("sqlite3") is None:
        sys.exit("This bench compares with the shell sqlite3. Install it (Debian: sqlite3) and try again.")
    with made(COUNT) as file, made(COUNT // 10) as tenth:
        most = beside_the_shell(figure, file)
        of_tenth = taken(tenth).memory
        more = most - of_tenth
        figure("import_memory_over_a_tenth_mib", more, f"<= {FLAT:.0f}", more <= FLAT)
        of_excel(figure, tenth, of_tenth)
        with sqlite() as url:
            os.environ.update(environment(url) | NO_LIMITS)
            process.run(beside_signups(figure, file))
        with postgres() as url:
            fill(url, 0)
            used = spent(command(file), environment(url))
            figure("import_postgres_seconds", used.seconds)
            figure("import_postgres_processor_seconds", used.processor)


def beside_the_shell(figure: Figure, file: Path) -> float:
    """MiB that the import took at most."""
    rounds = [(shell(file), taken(file)) for _ in range(ROUNDS)]
    for name, part in (("", "seconds"), ("processor_", "processor")):
        ours = min(getattr(one, part) for _, one in rounds)
        theirs = min(getattr(one, part) for one, _ in rounds)
        figure(f"import_shell_{name}seconds", theirs)
        figure(f"import_{name}seconds", ours)
        figure(f"import_{name}rate_to_shell_ratio", theirs / ours, ">= 0.4", theirs / ours >= 0.4)
    return max(one.memory for _, one in rounds)


def of_excel(figure: Figure, tenth: Path, of_tenth: float) -> None:
    """The same rows as a workbook; `of_tenth` is what they took as CSV (MiB)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.xlsx"
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        with tenth.open(newline="") as file:
            for row in csv.reader(file):
                sheet.append(row)
        book.save(path)
        used = taken(path)
        figure("import_excel_processor_seconds", used.processor)
        more = used.memory - of_tenth
        figure("import_excel_memory_over_csv_mib", more, f"<= {FLAT:.0f}", more <= FLAT)


def taken(file: Path) -> Used:
    """By an import into an empty database."""
    with sqlite() as url:
        fill(url, 0)
        return spent(command(file), environment(url))


def spent(words: list[str], around: dict[str, str]) -> Used:
    began = time.perf_counter()
    process = subprocess.Popen(words, env=around, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"This failed: {' '.join(words)[:300]}")
    return Used(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextmanager
def made(count: int) -> Iterator[Path]:
    """Addresses and names in no order, as a list that grew has them: with names that rise from row to row an index of
    them fills from end to end for who takes the rows as they come, and nobody's list is like that."""
    chosen = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("email,name,status,joined,tags\n")
            for n in range(count):
                domain = f"host{chosen.randrange(5_000)}.example.org"
                name = f"Reader{chosen.randrange(500)} Harrow{chosen.randrange(20_000)}"
                file.write(
                    f"reader{chosen.randrange(10**9)}-{n}@{domain},{name},active,2024-01-02 03:04:05,vip\n"
                )
            file.flush()
            os.fsync(file.fileno())  # a list is there long before it is taken in
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


def shell(file: Path) -> Used:
    with tempfile.TemporaryDirectory() as folder:
        words = ["sqlite3", f"{folder}/bare.db", BARE, "PRAGMA journal_mode = WAL", ".mode csv"]
        return spent([*words, f".import --skip 1 {file} bare"], dict(os.environ))


async def beside_signups(figure: Figure, file: Path) -> None:
    """In a process as the service has it."""
    site = await open_site(load(), migrate=True)
    process.settle()
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
        figure("import_signup_longest_ms", max(waits) * 1_000)  # checkpoints among it


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
