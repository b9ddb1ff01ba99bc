"""Confirmations a second with everything stored, beside the same handler that stores nothing.

The links are made before: their sign-ups go through the port, as they would from the form.
"""

import asyncio
import os
import statistics
import tempfile
from pathlib import Path

import msgspec

from newsletter import clock, settings
from newsletter.addresses import parse
from newsletter.app import running
from newsletter.signups import Form, Submission
from newsletter.storage import Tx
from newsletter.web.kit.site import Site
from tests.bench._service import NO_LIMITS, ROUNDS, load, service, slow_disk
from tests.bench.signup import opened
from tests.figures import Figure

LINKS = 5_000  # a round: more than are used up while it lasts
TOGETHER = 500


def main(figure: Figure) -> None:
    with tempfile.TemporaryDirectory() as folder:
        slow = slow_disk(Path(folder))
        Path(folder).chmod(0o755)
        for engine in ("sqlite", "postgres"):
            for disk, preload, goal in (("plain", "", 0.6), ("2ms_fsync", slow, 0.4)):
                ratio, rate = measure(engine, preload)
                figure(f"confirm_{engine}_{disk}_per_second", rate)
                figure(f"confirm_{engine}_{disk}_ratio", ratio, f">= {goal}", ratio >= goal)


def measure(engine: str, preload: str) -> tuple[float, float]:
    """The median ratio of `ROUNDS` pairs, and the median rate with everything stored."""
    ratios, rates = [], []
    own = preload if engine == "sqlite" else ""
    with opened(engine, preload) as url:
        links = asyncio.run(invite(url, LINKS * ROUNDS))
        with service(url, preload=own) as (stored, _), service(url, bare=True) as (bare, _):
            for number in range(ROUNDS):
                some = links[number * LINKS : (number + 1) * LINKS]
                rates.append(load(stored, "confirm", tokens=some))
                ratios.append(rates[-1] / load(bare, "confirm", tokens=some))
    return statistics.median(ratios), statistics.median(rates)


async def invite(url: str, count: int) -> list[str]:
    """Tokens of as many confirmation links, each of somebody else."""
    chosen = settings.load({**os.environ, **NO_LIMITS, "NEWSLETTER_DATABASE_URL": url})
    async with running(chosen, worker=False, migrate=True) as site:
        form = await site.forms.find("guide")
        for start in range(0, count, TOGETHER):
            await asyncio.gather(*(sign_up(site, form, n) for n in range(start, start + TOGETHER)))
        ids = await site.db.read(waiting)
    return [site.tokens.make("confirm", id, 1, now=clock.now()) for id in ids]


async def sign_up(site: Site, form: Form, n: int) -> None:
    submission = Submission(parse(f"reader{n}@example{n % 50}.org"), {"name": "Ada"})
    await site.db.write_in_crowd(str(n), site.signups.sign_up, form, submission)


class Waiting(msgspec.Struct):
    id: int


async def waiting(tx: Tx) -> list[int]:
    return [
        row.id
        for row in await tx.all(Waiting, "SELECT id FROM signups WHERE confirmed_at IS NULL ORDER BY id")
    ]
