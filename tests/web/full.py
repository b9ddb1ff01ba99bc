"""A disk that is full, as far as the database can tell."""

import httpx

from newsletter.storage import Tx
from tests.web.stage import FIREFOX

WRITTEN = ("subscribers", "signups", "outbox", "mail_budgets", "consent_records", "downloads", "sessions")


async def fill_up(tx: Tx) -> None:
    """SQLite gets no page more than it has; PostgreSQL is told by its tables what a full disk tells it."""
    if tx.engine == "sqlite":
        await tx.value(f"PRAGMA max_page_count = {await tx.value('PRAGMA page_count')}")
        return
    await tx.run("""CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'No space left on device'; END $$""")
    for table in WRITTEN:
        await tx.run(
            f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION full_disk()"
        )


async def make_room(tx: Tx) -> None:
    if tx.engine == "sqlite":
        await tx.value("PRAGMA max_page_count = 1000000")
        return
    await tx.run("DROP FUNCTION full_disk() CASCADE")


async def until_full(web: httpx.AsyncClient, path: str) -> httpx.Response:
    """Signs people up until there is no room, each from a network of their own."""
    for n in range(200):
        typed = {"email": f"reader-{n}@example.org", "name": "x" * 100}
        answer = await web.post(path, data=typed, headers={**FIREFOX, "X-Forwarded-For": f"198.51.{n}.7"})
        if answer.status_code != 303:
            return answer
    raise AssertionError("It is never full.")
