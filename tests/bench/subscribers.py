"""The desk's first page, its list, search, filters and a person's page among a million subscribers, and `/metrics`,
beside the same among ten thousand.

Asked in turns, so that whatever else the machine does touches both; first what the database is asked for a page, then
the page itself, as a browser gets it. BENCH_PEOPLE is how many there are of the many; the few are 10,000, or a tenth of
them. A list looks at 10,000 people at most, or 250 of a tag on its first page; of the few fewer may have it.
Then all of the many get a tag and lose it again: how long the longest transactions of that are is how long a sign-up
may wait.
"""

import asyncio
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from typing import Any
from zoneinfo import ZoneInfo

from newsletter.app import open_site
from newsletter.settings import load
from newsletter.subscribers import bulk, segments
from newsletter.web.kit.home_figures import PERIODS, figures
from newsletter.web.kit.rostering import Asked, look, whole
from newsletter.web.kit.site import Site
from newsletter.web.metrics import Metrics
from tests.bench import _pages
from tests.bench._service import sqlite
from tests.bench.export import environment, fill
from tests.figures import Figure

MANY = int(os.environ.get("BENCH_PEOPLE", "1000000"))
FEW = min(10_000, max(MANY // 10, 1_000))
GOAL = 1.5
TOKEN = "t" * 32
LONGEST = 50.0
"""Milliseconds that a transaction of a change of many may take, at p99."""

LISTS = {
    "list": Asked(),
    "status": Asked(status="pending"),
    "filter_tag": Asked(where="tag:topic-3"),
    "filter_words": Asked(where="status:active and field:city = Porto"),
    "filter_rare": Asked(where="tag:topic-3 and field:city = Porto and not tag:topic-4"),
    "filter_tag_and_status": Asked(status="pending", where="tag:topic-3"),
    "filter_two_tags": Asked(where="tag:topic-3 and tag:topic-4"),
    "filter_either_tag": Asked(where="tag:topic-3 or tag:topic-4"),
    "filter_joined_after": Asked(where="status:active and joined > 2026-06-01"),
    "filter_joined_on": Asked(where="joined = 2026-06-01"),
    "filter_received": Asked(where="received:5"),
    "filter_not_received": Asked(status="active", where="not received:5"),
    "filter_nobody": Asked(where="field:city = Lisbon"),
    "filter_nobody_of_tag": Asked(where="tag:topic-3 and field:city = Lisbon"),
}
PREFIXES = ("ada", "reader", "zo", "Olga N", "x")
Ask = Callable[[Site], Awaitable[object]]


async def main(figure: Figure) -> None:
    with ExitStack() as files:
        urls = {count: files.enter_context(sqlite()) for count in (FEW, MANY)}
        async with AsyncExitStack() as opened:
            sites = {}
            for count, url in urls.items():
                began = time.perf_counter()
                fill(url, count)
                figure(f"desk_fill_{count}_seconds", time.perf_counter() - began)
                sites[count] = await open_site(
                    load(environment(url) | {"NEWSLETTER_METRICS_TOKEN": TOKEN}), migrate=False
                )
                opened.push_async_callback(sites[count].db.close)
            for name, asks in (await _questions(sites)).items():
                worked = dict.fromkeys(sites, 0.0)
                spent = await _p99(sites, asks, worked)
                figure(f"desk_{name}_p99_ms", spent[MANY] * 1_000)
                figure(f"desk_{name}_processor_ratio", worked[MANY] / worked[FEW])
                ratio = spent[MANY] / spent[FEW]
                figure(f"desk_{name}_p99_ratio", ratio, f"<= {GOAL}", ratio <= GOAL)
            paths = await _paths(sites)
            await asyncio.to_thread(_as_pages, figure, urls, paths)
            await _many_at_once(sites[MANY], figure)


async def _questions(sites: dict[int, Site]) -> dict[str, dict[int, list[Ask]]]:
    """Each question as it is put to the few and to the many, in some turns that differ."""
    questions: dict[str, dict[int, list[Ask]]] = {
        name: {count: [_listed(asked)] for count in sites} for name, asked in LISTS.items()
    }
    for days in PERIODS:
        questions[f"first_page_{days}_days"] = {count: [_first_page(days)] for count in sites}
    questions["metrics"] = {count: [_metrics] for count in sites}
    questions["search"] = {count: [_listed(Asked(search=text)) for text in PREFIXES] for count in sites}
    questions["person"] = {}
    questions["page_in_between"] = {}
    for count, site in sites.items():
        some = await _some(site, count)
        questions["person"][count] = [_person(id) for id in some]
        questions["page_in_between"][count] = [_listed(Asked(), id) for id in some]
    return questions


async def _paths(sites: dict[int, Site]) -> dict[str, dict[int, list[str]]]:
    """The addresses of each page, some that differ."""
    paths = {name: {count: [_pages.address(asked)] for count in sites} for name, asked in LISTS.items()}
    paths["first_page"] = {count: ["/admin"] for count in sites}
    paths["search"] = {count: [_pages.address(Asked(search=text)) for text in PREFIXES] for count in sites}
    paths |= {"person": {}, "page_in_between": {}}
    for count, site in sites.items():
        some = await _some(site, count)
        paths["person"][count] = [f"/admin/subscribers/{id}" for id in some]
        paths["page_in_between"][count] = [_pages.address(Asked(), id) for id in some]
    return paths


def _as_pages(figure: Figure, urls: dict[int, str], paths: dict[str, dict[int, list[str]]]) -> None:
    with ExitStack() as opened:
        browsers = {count: opened.enter_context(_pages.signed_in(url)) for count, url in urls.items()}
        _pages.p99(browsers, paths["list"])  # a service that has just begun looks after its house first
        for name, asked in paths.items():
            spent = _pages.p99(browsers, asked)
            figure(f"page_{name}_p99_ms", spent[MANY] * 1_000)
            ratio = spent[MANY] / spent[FEW]
            figure(f"page_{name}_p99_ratio", ratio, f"<= {GOAL}", ratio <= GOAL)


async def _some(site: Site, count: int) -> list[int]:
    ids = await site.db.read(segments.ids_after, segments.parse(""), 0, count)
    return random.Random(5).sample(ids, 50)


async def _many_at_once(site: Site, figure: Figure) -> None:
    db = site.db
    id = await db.write(bulk.ask, "tag", "everybody", segments.parse(""), ZoneInfo("UTC"))
    while (one := await db.read(bulk.find, id)).state == "gathering":
        await bulk.gather(db, one)
    for verb, step in (("start", bulk.change_some), ("undo", bulk.undo_some)):
        await db.write(bulk.press, id, verb)
        spent = []
        while (one := await db.read(bulk.find, id)).moves:
            began = time.perf_counter()
            await db.write(step, one)
            spent.append(time.perf_counter() - began)
        figure(f"bulk_{verb}_people_per_second", one.people / sum(spent))
        p99 = statistics.quantiles(spent, n=100)[98] * 1_000
        figure(f"bulk_{verb}_slice_p99_ms", p99, f"<= {LONGEST}", p99 <= LONGEST)


def _first_page(days: int) -> Ask:
    return lambda site: site.db.read(figures, site, days)


async def _metrics(site: Site) -> None:
    said = []

    async def send(message: dict[str, Any]) -> None:
        said.append(message.get("status"))

    await Metrics(site)(
        {"method": "GET", "headers": [(b"authorization", f"Bearer {TOKEN}".encode())]}, None, send
    )
    assert said[0] == 200


def _listed(asked: Asked, before: int = 0) -> Ask:
    return lambda site: site.db.read(look, site.settings, asked, before)


def _person(id: int) -> Ask:
    return lambda site: site.db.read(whole, site, id)


async def _p99(
    sites: dict[int, Site], asks: dict[int, list[Ask]], worked: dict[int, float] | None = None
) -> dict[int, float]:
    """Seconds by the clock. To `worked` the processors' are added, which say more where others are at work."""
    spent: dict[int, list[float]] = {count: [] for count in sites}
    worked = dict.fromkeys(sites, 0.0) if worked is None else worked
    for turn in range(_pages.ROUNDS * _pages.SERIES):
        for count, site in _pages.turned(sites.items(), turn):
            ask = asks[count][turn % len(asks[count])]
            began, before = time.perf_counter(), time.process_time()
            await ask(site)
            spent[count].append(time.perf_counter() - began)
            worked[count] += time.process_time() - before
    return {count: _pages.usual_p99(times) for count, times in spent.items()}
