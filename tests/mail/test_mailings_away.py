"""The database goes away, the clock is set, people leave, the worker is stopped: in the midst of a broadcast."""

import asyncio
import random
from functools import partial
from typing import Any

import pytest

from newsletter.clock import HOUR, SECOND
from newsletter.errors import Unavailable
from newsletter.mail import Mailings, Tally, bulk_lane, life, responses
from newsletter.storage import Database, Tx
from newsletter.storage.db import unavailable
from tests.conftest import Clock
from tests.mail.between import Between
from tests.mail.conftest import AtWork, eventually, rows
from tests.mail.mailing import sent_off
from tests.mail.sink import Sink
from tests.postgres import on_server


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
async def test_connections_that_are_cut_lose_nobody(
    db: Database, database_url: str, mailings: Mailings, at_work: AtWork, sink: Sink
) -> None:
    sink.delay = 0.002
    mailing_id = await sent_off(db, mailings, 200)
    cut = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()"""

    async def through() -> bool:
        try:
            return sum(row.state == "sent" or row.resends > 0 for row in await rows(db)) == 200
        except Unavailable:  # ours was cut as well
            return False

    async with at_work(beat=0.05):
        for many in (20, 60, 100):
            await eventually(partial(_some, sink, many))
            await asyncio.to_thread(on_server, database_url, cut)
        await eventually(through, 20)
    resent = sum(row.resends for row in await rows(db))
    assert len({mail.recipient for mail in sink.mails}) == 200 or resent
    assert len(sink.mails) <= 200 + resent
    tally = await db.read(mailings.tally, mailing_id)
    assert tally.sent + tally.queued == 200


class Gone(Between):
    """The real database, until it is gone."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.gone, self.tried = False, 0

    async def written(self, write: Any, action: Any, *args: Any, **more: Any) -> Any:
        if self.gone:
            self.tried += 1
            raise unavailable()
        return await write(action, *args, **more)


async def test_a_worker_without_its_database_can_be_stopped(
    db: Database,
    mailings: Mailings,
    at_work: AtWork,
    sink: Sink,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("newsletter.mail.worker._LAST_WORDS", 0.2)
    sink.delay = 0.01
    mailing_id = await sent_off(db, mailings, 300)
    gone: Any = Gone(db)
    async with at_work(on=gone) as worker:
        await eventually(lambda: _some(sink, 20))
        gone.gone = True
        async with asyncio.timeout(10):
            await worker.stop(timeout=0.2)
    clock.forward(SECOND * 31)
    doubted = await db.write(life.beat, 1, ask=True)
    assert doubted <= 8
    tally = await db.read(mailings.tally, mailing_id)
    assert (tally.sending, tally.in_doubt) == (0, doubted)
    assert tally.sent + doubted >= len(sink.dotted)


@pytest.mark.parametrize("by", [HOUR, -HOUR])
async def test_a_clock_that_is_set_loses_nobody(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, clock: Clock, by: int
) -> None:
    sink.delay = 0.005
    mailing_id = await sent_off(db, mailings, 150)
    clock.forward(10)
    async with at_work(beat=0.05):
        await eventually(lambda: _some(sink, 30))
        clock.forward(by)
        await eventually(lambda: _some(sink, 60))
        clock.forward(-by)
        await eventually(lambda: _none_left(db, mailings, mailing_id))
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=150)
    assert len(sink.mails) == 150


async def test_nobody_who_has_left_is_begun(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, clock: Clock
) -> None:
    """At any moment: who was not on the wire when their leaving was written down gets nothing more."""
    sink.delay = 0.003
    mailing_id = await sent_off(db, mailings, 150)
    clock.forward(10)
    order = random.Random(7).sample(range(1, 151), 60)
    gone: dict[int, str] = {}

    async def leave(tx: Tx, who: int) -> str:
        await _leaves(tx, who)
        return str(await tx.value("SELECT state FROM outbox WHERE subscriber_id = :who", who=who))

    async with at_work():
        for who in order:
            gone[who] = await db.write(leave, who)
        await eventually(lambda: _none_left(db, mailings, mailing_id))
    reached = {mail.recipient.decode() for mail in sink.mails}
    assert not [
        who for who, state in gone.items() if state == "skipped" and f"reader{who}@example.org" in reached
    ]
    assert "skipped" in gone.values()
    tally = await db.read(mailings.tally, mailing_id)
    assert tally.sent + tally.skipped == 150


async def _some(sink: Sink, count: int) -> bool:
    return len(sink.mails) >= count


async def _none_left(db: Database, mailings: Mailings, mailing_id: int) -> bool:
    return (await db.read(mailings.tally, mailing_id)).left == 0


async def test_who_leaves_while_the_server_thinks_about_another_gets_nothing_more(
    db: Database,
    mailings: Mailings,
    at_work: AtWork,
    sink: Sink,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are begun, and are behind somebody else's message on the same connection."""
    monkeypatch.setattr(bulk_lane, "STALE", 0.0)
    sink.gate = asyncio.Event()
    mailing_id = await sent_off(db, mailings, 8)
    clock.forward(10)

    async def all_begun() -> bool:
        tally = await db.read(mailings.tally, mailing_id)
        return tally.sending == 8 and len(sink.dotted) == 4

    async with at_work():
        await eventually(all_begun)
        out = {mail.recipient.decode() for mail in sink.dotted}
        for who in range(1, 9):
            if f"reader{who}@example.org" not in out:
                await db.write(_leaves, who)
        sink.gate.set()
        await eventually(lambda: _none_left(db, mailings, mailing_id))
    assert {mail.recipient.decode() for mail in sink.dotted} == out
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=4, skipped=4)


async def _leaves(tx: Tx, who: int) -> None:
    await tx.run(
        "UPDATE subscribers SET status = 'unsubscribed', unsubscribed_at = :now WHERE id = :who",
        now=tx.now,
        who=who,
    )
    await responses.left(tx, who)


async def test_a_worker_whose_database_is_away_at_first_says_so_once_and_begins_when_it_comes(
    db: Database,
    mailings: Mailings,
    at_work: AtWork,
    sink: Sink,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("newsletter.mail.worker._AGAIN", 0.01)
    await sent_off(db, mailings, 3)
    away: Any = Gone(db)
    away.gone = True

    async def tried_often() -> bool:
        return bool(away.tried >= 10)

    async with at_work(on=away):
        await eventually(tried_often)
        assert not sink.commands
        away.gone = False
        await eventually(lambda: _some(sink, 3))
    said = [one.getMessage() for one in caplog.records if "waits for its database" in one.getMessage()]
    assert len(said) == 1
