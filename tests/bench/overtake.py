"""What a broadcast costs the others: how late a mail to one leaves meanwhile, and how long a sign-up takes while a
million rows are written."""

import asyncio
import os
import statistics
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter, perf_counter_ns

import msgspec

from newsletter.addresses import parse
from newsletter.app import fill as furnish
from newsletter.app import put_together
from newsletter.broadcasts import Draft
from newsletter.mail import Worker
from newsletter.settings import Settings
from newsletter.signups import Submission
from newsletter.storage import Tx, migrate, open_database
from newsletter.web import process
from newsletter.web.kit import broadcasting
from newsletter.web.kit.site import Site
from tests.bench._postfix import sink
from tests.bench._service import NO_LIMITS, PYTHON, postgres, sqlite
from tests.figures import Figure

READERS = 50_000
MANY = 1_000_000
EVERY = 0.02  # seconds between two sign-ups
CONFIRMED = 200
IDLE = 500  # sign-ups that nothing disturbs
DRAFT = Draft(subject="On work", body='A letter to {{ first_name | "you" }}. ' + "Word after word. " * 200)


class _Row(msgspec.Struct):
    took: int


def main(figure: Figure) -> None:
    with sqlite() as url:
        _people(url, READERS)
        process.run(_overtaking(figure, url))
    for engine, database in (("sqlite", sqlite), ("postgres", postgres)):
        with database() as url:
            _people(url, MANY)
            process.run(_filling(figure, engine, url))


def _people(url: str, count: int) -> None:
    environment = {**os.environ, **NO_LIMITS, "NEWSLETTER_DATABASE_URL": url}
    subprocess.run([PYTHON, "-m", "tests.bench._crowd", str(count)], env=environment, check=True)


@asynccontextmanager
async def _site(url: str, smtp_port: int = 25) -> AsyncIterator[Site]:
    await migrate(url)
    db = await open_database(url)
    settings = Settings(
        database_url=url,
        public_url="https://news.example.com",
        smtp_url=f"smtp://127.0.0.1:{smtp_port}?tls=off",
        from_email="letters@example.com",
        secret_keys=("bench-key-" + "k" * 32,),
        postal_address="Olga, 1 Quay, Porto",
    )
    site = put_together(settings, db)
    await furnish(site)
    yield site
    await db.close()


async def _overtaking(figure: Figure, url: str) -> None:
    with sink() as port:
        async with _site(url, port) as site:
            sent = await site.db.write(site.broadcasts.new, DRAFT)
            await broadcasting.send_off(site, sent)
            await broadcasting.fill(site, sent.id)
            worker = Worker(site.db, site.settings, site.tokens)
            running = asyncio.create_task(worker.run())
            await _sign_ups(site, CONFIRMED)
            _, counts, _ = await site.db.read(site.broadcasts.standing, sent.id)
            assert counts["queued"], "the broadcast was through before the sign-ups were: it proves nothing"
            await worker.stop()
            await running
            took = sorted(row.took / 1000 for row in await site.db.read(_waits))
    p95 = took[len(took) * 95 // 100]
    figure("overtake_mails_meanwhile", len(took))
    figure("overtake_p95_seconds", p95, "< 2", p95 < 2)


async def _waits(tx: Tx) -> list[_Row]:
    return await tx.all(
        _Row,
        """SELECT settled_at - created_at AS took FROM outbox
           WHERE mailing_id IS NULL AND message = 'confirmation' AND state = 'sent'""",
    )


async def _filling(figure: Figure, engine: str, url: str) -> None:
    async with _site(url) as site:
        idle = await _sign_ups(site, IDLE)
        sent = await site.db.write(site.broadcasts.new, DRAFT)
        await broadcasting.send_off(site, sent)
        began = perf_counter()
        filling = asyncio.create_task(broadcasting.fill(site, sent.id))
        busy: list[float] = []
        while not filling.done():
            busy += await _sign_ups(site, 50)
        seconds = perf_counter() - began
        await filling
        _, counts, _ = await site.db.read(site.broadcasts.standing, sent.id)
    quiet, meanwhile = _p99(idle), _p99(busy)
    figure(f"fill_{engine}_rows_per_second", sum(counts.values()) / seconds)
    figure(f"fill_{engine}_sign_up_median_ms", statistics.median(busy) * 1000)
    figure(f"fill_{engine}_sign_up_idle_p99_ms", quiet * 1000)
    figure(f"fill_{engine}_sign_up_p99_to_idle_ratio", meanwhile / quiet, "<= 2", meanwhile <= 2 * quiet)


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) * 99 // 100]


async def _sign_ups(site: Site, count: int) -> list[float]:
    """Seconds that each took, one after the other."""
    form = await site.forms.find("guide")
    took: list[float] = []
    for _ in range(count):
        submission = Submission(parse(f"new{perf_counter_ns()}@example.org"), {"name": "Ada"})
        began = perf_counter()
        await site.db.write(site.signups.sign_up, form, submission)
        took.append(perf_counter() - began)
        await asyncio.sleep(EVERY)
    return took
