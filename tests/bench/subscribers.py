"""The desk's list, search, filters and a person's page among a million subscribers, beside the same among ten thousand.

Asked in turns, so that whatever else the machine does touches both. BENCH_PEOPLE is how many there are of the many;
the few are a hundredth of them, and 1,000 at least. A list looks at 10,000 people at most: with fewer than that among
the few, the ratios of the filters say how much less there was to look at, and nothing else.
"""

import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack

from newsletter.app import open_site
from newsletter.settings import load
from newsletter.subscribers import segments
from newsletter.web.kit.rostering import Asked, look, whole
from newsletter.web.kit.site import Site
from tests.bench._service import sqlite
from tests.bench.export import environment, fill
from tests.figures import Figure

MANY = int(os.environ.get("BENCH_PEOPLE", "1000000"))
FEW = max(MANY // 100, 1_000)
ROUNDS = 300
GOAL = 1.5
LISTS = {
    "list": Asked(),
    "status": Asked(status="pending"),
    "filter_tag": Asked(where="tag:topic-3"),
    "filter_words": Asked(where="status:active and field:city = Porto"),
    "filter_rare": Asked(where="tag:topic-3 and field:city = Porto and not tag:topic-4"),
}
PREFIXES = ("ada", "reader", "zo", "Olga N", "x")
Ask = Callable[[Site], Awaitable[object]]


async def main(figure: Figure) -> None:
    with ExitStack() as files:
        urls = {count: files.enter_context(sqlite()) for count in (FEW, MANY)}
        async with AsyncExitStack() as opened:
            sites = {}
            for count, url in urls.items():
                fill(url, count)
                sites[count] = await open_site(load(environment(url)), migrate=False)
                opened.push_async_callback(sites[count].db.close)
            for name, asks in (await _questions(sites)).items():
                spent = await _p99(sites, asks)
                figure(f"desk_{name}_p99_ms", spent[MANY] * 1_000)
                ratio = spent[MANY] / spent[FEW]
                figure(f"desk_{name}_ratio", ratio, f"<= {GOAL}", ratio <= GOAL)


async def _questions(sites: dict[int, Site]) -> dict[str, dict[int, list[Ask]]]:
    """Each question as it is put to the few and to the many, in some turns that differ."""
    chosen = random.Random(5)
    questions: dict[str, dict[int, list[Ask]]] = {
        name: {count: [_listed(asked)] for count in sites} for name, asked in LISTS.items()
    }
    questions["search"] = {count: [_listed(Asked(search=text)) for text in PREFIXES] for count in sites}
    questions["person"] = {}
    questions["page_in_between"] = {}
    for count, site in sites.items():
        ids = await site.db.read(segments.ids_after, segments.parse(""), 0, count)
        some = chosen.sample(ids, 50)
        questions["person"][count] = [_person(id) for id in some]
        questions["page_in_between"][count] = [_listed(Asked(), id) for id in some]
    return questions


def _listed(asked: Asked, before: int = 0) -> Ask:
    return lambda site: site.db.read(look, site.settings, asked, before)


def _person(id: int) -> Ask:
    return lambda site: site.db.read(whole, site, id)


async def _p99(sites: dict[int, Site], asks: dict[int, list[Ask]]) -> dict[int, float]:
    """Seconds."""
    spent: dict[int, list[float]] = {count: [] for count in sites}
    for turn in range(ROUNDS):
        for count, site in sites.items():
            ask = asks[count][turn % len(asks[count])]
            began = time.perf_counter()
            await ask(site)
            spent[count].append(time.perf_counter() - began)
    return {count: statistics.quantiles(times, n=100)[98] for count, times in spent.items()}
