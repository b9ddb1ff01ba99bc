"""What the desk shows of many subscribers is no more work among ten times as many, in SQLite's own steps: whatever else
the machine does, they are the same each time. How long it takes is told by tests/bench/subscribers.py.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from newsletter.clock import now
from newsletter.signups import keep_funnels
from newsletter.storage import Tx, migrate, open_database, sqlite_path
from newsletter.storage.sqlite_tx import look as looking
from newsletter.subscribers import keep_counts, listing
from newsletter.web.kit import home_figures, rostering
from newsletter.web.kit.home_figures import PERIODS, figures
from newsletter.web.kit.rostering import Asked, look, whole
from newsletter.web.kit.site import Site
from newsletter.web.metrics import Metrics
from tests.bench._crowd import batches, fill_sqlite, lately
from tests.cast import build

FEW, MANY = 1_000, 10_000
GOAL = 1.5
LIMITS = {"LOOK": 400, "LOOKED_UP": 24, "FIRST_LOOKED_UP": 24, "COUNTED": 15, "TAG_COUNTED": 24}
"""At how many people a list looks here: fewer than are in it, or have the tag, as with a million."""
PER_PAGE = 10

LISTS = {
    "the list": Asked(),
    "a status": Asked(status="pending"),
    "a filter": Asked(where="field:city = Porto and status:active"),
    "a filter that few are in": Asked(where="field:city = Lisbon"),
    "a search": Asked(search="olga"),
    "a tag": Asked(where="tag:topic-3"),
    "few of a tag": Asked(where="tag:topic-3 and field:city = Porto and not tag:topic-4"),
    "nobody of a tag": Asked(where="tag:topic-3 and field:city = Lisbon"),
    "a tag and a status": Asked(status="pending", where="tag:topic-3"),
    "two tags": Asked(where="tag:topic-3 and tag:topic-4"),
    "one of two tags": Asked(where="tag:topic-3 or tag:topic-4"),
    "who came after a day": Asked(where="joined > 2023-06-01"),
    "who came before a day": Asked(where="joined < 2023-06-01"),
    "who got a broadcast": Asked(where="received:5"),
    "who did not get a broadcast": Asked(status="active", where="not received:5"),
}
WHAT = (*LISTS, *(f"the first page, {days} days" for days in PERIODS), "the metrics", "somebody")
Crowds = dict[int, Site]


@pytest.fixture
async def crowds(tmp_path: Path) -> Crowds:
    sites = {}
    for count in (FEW, MANY):
        url = f"sqlite:///{tmp_path}/{count}.db"
        await migrate(url)
        db = await open_database(url)
        house = await build(db)
        form = await house.form()
        await db.close()
        fill_sqlite(url, chain(batches(count, form), lately(count, form, now())))
        db = await open_database(url)
        await keep_counts(db)
        await keep_funnels(db)
        await db.close()
        sites[count] = house.site
    return sites


def steps(path: Path, action: Callable[..., Any], *args: object) -> int:
    """Of SQLite's machine, in tens."""
    taken = 0

    def ten() -> int:
        nonlocal taken
        taken += 1
        return 0

    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.set_progress_handler(ten, 10)
        looking(raw, now, action, args, {})
    return taken


def asked(site: Site, what: str) -> tuple[Any, ...]:
    if what in LISTS:
        return look, site.settings, LISTS[what], 0
    if what == "the metrics":
        return (Metrics(site)._stored,)
    if what == "somebody":
        return somebody, site
    return figures, site, int(what.split()[3])


async def somebody(tx: Tx, site: Site) -> None:
    await whole(tx, site, await tx.value("SELECT max(id) FROM subscribers WHERE status = 'active'"))


async def test_ten_times_as_many_are_no_more_work(
    crowds: Crowds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, people in LIMITS.items():
        monkeypatch.setattr(listing, name, people)
    monkeypatch.setattr(rostering, "PER_PAGE", PER_PAGE)
    taken = {
        what: [
            steps(sqlite_path(f"sqlite:///{tmp_path}/{count}.db"), *asked(site, what))
            for count, site in crowds.items()
        ]
        for what in WHAT
    }
    assert not {what: (few, many) for what, (few, many) in taken.items() if many > GOAL * few}
    assert min(few for few, _ in taken.values()) > 1


def go_out(path: Path) -> None:
    """A broadcast to everybody, of which nothing has left yet."""
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("INSERT INTO mailings (id, content, seed, created_at) VALUES (7, x'00', '', 0)")
        raw.execute(
            """INSERT INTO outbox (id, message, priority, subscriber_id, recipient, context, message_id, state,
                                   not_before, created_at, mailing_id)
               SELECT id, 'broadcast', 10, id, email, '{}', '', 'queued', 0, 0, 7 FROM subscribers"""
        )


async def test_the_first_page_counts_a_broadcast_to_many_no_longer_than_to_few(
    crowds: Crowds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home_figures, "MOST_WAITING", 500)
    taken = []
    for count, site in crowds.items():
        path = sqlite_path(f"sqlite:///{tmp_path}/{count}.db")
        go_out(path)
        taken.append(steps(path, figures, site, PERIODS[0]))
    few, many = taken
    assert 1 < many <= GOAL * few
