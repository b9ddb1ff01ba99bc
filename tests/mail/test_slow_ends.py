"""A relay that thinks for long: who leaves meanwhile is not written to, and a worker that is told to stop does."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import msgspec
import pytest

from newsletter.mail import Mailings, Post, Tally, bulk_lane, bulk_turns, worker
from newsletter.mail.pipeline import Parcel, Pipeline
from newsletter.mail.relay import Relay
from newsletter.settings import Settings
from newsletter.storage import Database, open_database
from tests.conftest import ON_ONE
from tests.mail.between import Between
from tests.mail.conftest import ADA, CONTEXTS, QUICK, AtWork, eventually, row, run
from tests.mail.mailing import sent_off
from tests.mail.sink import HANG, Sink

LANES = 4  # of many
SLOW = msgspec.structs.replace(QUICK, dot=60)


async def leave(db: Database, *, but: set[bytes] | None = None) -> None:
    """All readers, or all but these."""
    kept = [one.decode() for one in but or ()]
    marks = ", ".join(f":k{n}" for n in range(len(kept))) or "''"
    named = {f"k{n}": email for n, email in enumerate(kept)}
    await run(db, f"UPDATE subscribers SET status = 'unsubscribed' WHERE email NOT IN ({marks})", **named)


class Meanwhile(Between):
    """The real database, after whose first word that a message may be sent all readers leave."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.left = False

    async def written(self, write: Any, action: Any, *args: Any, **more: Any) -> Any:
        answer = await write(action, *args, **more)
        if action is bulk_turns.turn and answer and not self.left:
            self.left = True
            await leave(self._db)
        return answer


@ON_ONE
async def test_who_leaves_while_it_is_written_down_that_they_are_next_is_asked_for_again(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_lane, "STALE", 0.0)
    mailing_id = await sent_off(db, mailings, 2)
    meanwhile: Any = Meanwhile(db)

    async def through() -> bool:
        return (await db.read(mailings.tally, mailing_id)).left == 0

    async with at_work(on=meanwhile):
        await eventually(through)
    assert meanwhile.left
    assert sink.dotted == []
    assert await db.read(mailings.tally, mailing_id) == Tally(skipped=2)


@ON_ONE
@pytest.mark.parametrize("pipelining", [True, False])
async def test_who_leaves_while_the_one_before_them_is_judged_is_not_written_to(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, *, pipelining: bool
) -> None:
    if not pipelining:
        sink.extensions = ()
    first, second = asyncio.Event(), asyncio.Event()
    sink.gate = first
    mailing_id = await sent_off(db, mailings, 20)

    async def dotted(count: int) -> bool:
        return len(sink.dotted) == count

    async def through() -> bool:
        return (await db.read(mailings.tally, mailing_id)).left == 0

    async with at_work(timeouts=SLOW):
        await eventually(lambda: dotted(LANES))
        sink.gate = second
        first.set()
        await eventually(lambda: dotted(2 * LANES))
        await leave(db, but={mail.recipient for mail in sink.dotted})
        second.set()
        await eventually(through)
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=2 * LANES, skipped=20 - 2 * LANES)
    assert len(sink.mails) == 2 * LANES


async def one_on_the_wire(db: Database, post: Post, sink: Sink) -> None:
    sink.plays({"dot": HANG})
    await db.write(post.enqueue, "confirmation", ADA, context=CONTEXTS["confirmation"])


@ON_ONE
async def test_what_a_slow_relay_has_not_answered_at_the_end_is_in_doubt(
    db: Database, post: Post, at_work: AtWork, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    await one_on_the_wire(db, post, sink)

    async def whole() -> bool:
        return len(sink.dotted) == 1

    async with at_work(timeouts=SLOW) as working:
        await eventually(whole)
        async with asyncio.timeout(20):
            await working.stop(timeout=0.05)
    assert "what it has not answered is in doubt" in caplog.text
    assert ((await row(db)).state, (await row(db)).resends) == ("queued", 1)  # once more, later


async def test_where_its_database_is_held_too_a_worker_ends_and_leaves_the_message_to_be_found(
    sqlite_url: str, post: Post, at_work: AtWork, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_LAST_WORDS", 0.1)
    db = await open_database(sqlite_url, patience=1)
    await one_on_the_wire(db, post, sink)

    async def whole() -> bool:
        return len(sink.dotted) == 1

    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        async with at_work(on=db, timeouts=SLOW) as working:
            await eventually(whole)
            other.execute("BEGIN IMMEDIATE")
            async with asyncio.timeout(20):
                await working.stop(timeout=0.05)
            other.execute("ROLLBACK")
    assert (await row(db)).state == "sending"
    await db.close()


@pytest.mark.parametrize(
    ("said", "result", "words"),
    [
        ("250 taken", "in_doubt", "The server took the message before it had all of it."),
        ("552 too big", "failed", "552 too big"),
    ],
)
async def test_what_a_server_says_before_it_had_the_message(
    settings: Settings, sink: Sink, said: str, result: str, words: str
) -> None:
    """One that takes it may have taken anything; what is left of the message would be read as commands by either."""
    here = msgspec.structs.replace(settings, smtp_url=f"smtp://127.0.0.1:{sink.port}?tls=off")
    relay = Relay(here, SLOW)
    sink.plays({"body": said})
    connection = await relay.lend()
    pipeline = Pipeline(connection)
    parcel = Parcel("letters@example.com", ADA, b"A line of a long letter.\r\n" * 700_000)
    pipeline.begin(parcel)
    assert await pipeline.judged() is None
    pipeline.carry(parcel, None)
    outcome = await pipeline.verdict()
    assert (outcome.result, outcome.words) == (result, words)
    assert not connection.usable
    await relay.take_back(connection)
    await relay.close()
