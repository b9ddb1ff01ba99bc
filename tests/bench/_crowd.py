"""Fills the database that the environment names with subscribers, past the port, which would take minutes.

Usage: python -m tests.bench._crowd COUNT. Names, own fields, tags (a fifth has one or two), standing and
consent are spread as on a list that grew for years; the same each time. One in thirty has signed up within the
last month.
"""

import asyncio
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from unicodedata import normalize

import asyncpg

from newsletter import clock, settings
from newsletter.app import running
from newsletter.clock import DAY, HOUR
from newsletter.ids import EPOCH
from newsletter.signups import Form, keep_funnels
from newsletter.storage import engine_of, sqlite_path
from newsletter.subscribers import keep_counts

BATCH = 20_000
YEARS = 2 * 365 * DAY  # in which they signed up, however many they are
FIRST = [
    "Ada",
    "Ben",
    "Cleo",
    "Olga",
    "Zoë",
    "José",
    "Søren",
    "Łukasz",
    "Ngozi",
    "Wei",
    "Aiko",
    "Priya",
    "Fátima",
]
LAST = [
    "Lovelace", "Ortiz", "Byron", "Nightingale", "Núñez", "O'Hara", "Okafor", "Tanaka", "Schmidt-Rottluff", "Kowalczyk",
]  # fmt: skip
FIELDS = ("{}", "{}", '{"company":"Harbour & Sons, Ltd"}', '{"city":"Porto","role":"editor"}')
STATUSES = ("active",) * 14 + ("pending",) * 3 + ("unsubscribed",) * 2 + ("bounced",)
TAGS = [(number, f"topic-{number}", f"Topic {number}") for number in range(1, 13)]
COLUMNS = {
    "tags": ("id", "name", "title"),
    "subscribers": (
        "id", "email", "email_key", "status", "name", "fields", "form_id", "created_at", "confirmed_at",
        "unsubscribed_at", "consent_head",
    ),
    "consent_records": (
        "id", "subscriber_id", "number", "kind", "at", "requested_at", "form_id", "wording_id", "message_id",
        "detail", "hash",
    ),
    "subscriber_tags": ("subscriber_id", "tag_id"),
    "signups": ("id", "subscriber_id", "form_id", "wording_id", "at", "message_id", "confirmed_at"),
}  # fmt: skip
Rows = dict[str, list[tuple[object, ...]]]


def batches(count: int, form: Form) -> Iterator[Rows]:
    yield {"tags": list(TAGS)}
    apart = YEARS // count if count else 0
    for start in range(0, count, BATCH):
        rows: Rows = {"subscribers": [], "consent_records": [], "subscriber_tags": []}
        for n in range(start, min(start + BATCH, count)):
            add(rows, n, n * apart, form)
        yield rows


def add(rows: Rows, n: int, after: int, form: Form) -> None:
    spread = n * 2_654_435_761 % 2**32  # Knuth's multiplicative hash: unlike for neighbours
    first, last = FIRST[spread % len(FIRST)], LAST[spread // 16 % len(LAST)]
    name = ("", first, f"{first} {last}", f'{first} "{last}", Dr.')[
        (0, 1, 1, 2, 2, 2, 2, 3)[spread // 256 % 8]
    ]
    status = STATUSES[spread // 4096 % len(STATUSES)]
    id, at = after << 20, EPOCH + after
    local = normalize("NFKD", last.lower()).encode("ascii", "ignore").decode()  # what a relay takes
    email = f"{local}.{n}@example{n % 50}.org"
    confirmed = None if status == "pending" else at + spread % HOUR
    left = at + 90 * DAY if status == "unsubscribed" else None
    fields = FIELDS[spread // 65_536 % len(FIELDS)]
    through, head = (None, "") if confirmed is None else (form.id, f"{spread:064x}")
    rows["subscribers"].append((id, email, email, status, name, fields, through, at, confirmed, left, head))
    if confirmed is not None:
        message = f"<{spread:032x}@letters.example.org>"
        rows["consent_records"].append(
            (id + 1, id, 1, "confirmed", confirmed, at, form.id, form.wording_id, message, "{}", head)
        )
    if n % 5 == 0:
        for tag in {spread % 12, spread // 32 % 12}:
            rows["subscriber_tags"].append((id, tag + 1))


def lately(count: int, form: Form, now: int) -> Iterator[Rows]:
    """Their sign-ups of the last month, up to yesterday: two of three were confirmed."""
    today = now - now % DAY
    for start in range(0, count // 30, BATCH):
        rows: Rows = {"signups": []}
        for n in range(start, min(start + BATCH, count // 30)):
            at = today - DAY + n % HOUR - n % 28 * DAY
            id, person = ((at - EPOCH) << 20) + n, YEARS // count * n << 20
            confirmed = at + HOUR if n % 3 else None
            rows["signups"].append(
                (id, person, form.id, form.wording_id, at, f"<{n}@example.org>", confirmed)
            )
        yield rows


def fill_sqlite(url: str, all_rows: Iterator[Rows]) -> None:
    with closing(sqlite3.connect(sqlite_path(url))) as raw:
        raw.executescript(
            "PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000"
        )
        for rows in all_rows:
            for table, values in rows.items():
                marks = ", ".join("?" * len(COLUMNS[table]))
                raw.executemany(f"INSERT INTO {table} ({', '.join(COLUMNS[table])}) VALUES ({marks})", values)
            raw.commit()
        raw.executescript("PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; ANALYZE")


async def fill_postgres(url: str, all_rows: Iterator[Rows]) -> None:
    connection = await asyncpg.connect(url)
    for rows in all_rows:
        for table, values in rows.items():
            await connection.copy_records_to_table(table, records=values, columns=COLUMNS[table])
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


async def main(count: int) -> None:
    chosen = settings.load()
    async with running(chosen, worker=False, migrate=True) as site:
        form = await site.forms.find("guide")
    rows = chain(batches(count, form), lately(count, form, clock.now()))
    if engine_of(chosen.database_url) == "sqlite":
        fill_sqlite(chosen.database_url, rows)
    else:
        await fill_postgres(chosen.database_url, rows)
    async with running(chosen, worker=False, migrate=False) as site:
        await keep_counts(site.db)
        await keep_funnels(site.db)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
