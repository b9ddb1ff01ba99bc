"""A clock that was ahead is set back for good: what it wrote goes out now, once, and locks nobody out."""

from collections import Counter
from functools import partial

import pytest

from newsletter.addresses import canonical
from newsletter.clock import DAY, HOUR, MINUTE, SECOND
from newsletter.mail import Mailings, Post, Tally, life
from newsletter.mail.ledger import LONGEST_PAUSE
from newsletter.settings import Settings
from newsletter.storage import Database, open_database
from newsletter.tokens import Tokens
from tests.conftest import Clock
from tests.mail.conftest import ADA, CONTEXTS, AtWork, eventually, row, rows, run, settled
from tests.mail.mailing import sent_off
from tests.mail.sink import Sink

CONFIRM = CONTEXTS["confirmation"]
BACK = [HOUR, DAY, 400 * DAY]


async def some(sink: Sink, count: int) -> bool:
    return len(sink.mails) >= count


async def none_left(db: Database, mailings: Mailings, mailing_id: int) -> bool:
    return not await db.read(mailings.is_left, mailing_id)


@pytest.mark.parametrize("by", BACK)
async def test_in_the_midst_of_a_broadcast(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, clock: Clock, by: int
) -> None:
    sink.delay = 0.005
    mailing_id = await sent_off(db, mailings, 200)
    async with at_work(beat=0.05):
        await eventually(partial(some, sink, 20))
        clock.forward(-by)
        await eventually(partial(none_left, db, mailings, mailing_id), 30)
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=200)
    assert set(Counter(mail.recipient for mail in sink.mails).values()) == {1}


@pytest.mark.parametrize("by", BACK)
async def test_a_message_does_not_wait_for_the_clock(
    db: Database, post: Post, at_work: AtWork, sink: Sink, clock: Clock, by: int
) -> None:
    await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
    await db.write(partial(post.enqueue, after=HOUR), "confirmation", ADA, context=CONFIRM)
    clock.forward(-by)
    async with at_work(beat=0.05):
        await settled(db, "sent", "queued")
        clock.forward(HOUR)
        await settled(db, "sent", "sent")
    assert len(sink.mails) == 2


async def test_what_was_put_off_waits_for_one_pause_at_most(db: Database, post: Post, clock: Clock) -> None:
    await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
    written = (await row(db)).not_before
    await run(db, "UPDATE outbox SET state = 'deferred', attempts = 3, not_before = :at", at=written + HOUR)
    assert not await db.write(life.set_right)
    clock.forward(-30 * DAY)
    assert await db.write(life.set_right)
    assert not await db.write(life.set_right)
    found = await row(db)
    assert (found.state, found.attempts) == ("deferred", 3)
    assert found.not_before == clock.now() + LONGEST_PAUSE


async def test_what_is_to_wait_is_left_alone_by_a_clock_that_is_right(
    db: Database, post: Post, clock: Clock
) -> None:
    await db.write(partial(post.enqueue, after=DAY), "confirmation", ADA, context=CONFIRM)
    before = await row(db)
    clock.forward(MINUTE)
    assert not await db.write(life.set_right)
    assert await row(db) == before


async def test_what_waits_as_it_should_is_left_alone_beside_what_does_not(
    db: Database, post: Post, mailings: Mailings, clock: Clock
) -> None:
    await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
    early = (await row(db)).id
    later = clock.now() + MINUTE
    await run(db, "UPDATE outbox SET state = 'deferred', attempts = 1, not_before = :at", at=later)
    clock.forward(30 * DAY)
    await sent_off(db, mailings, 1)
    clock.forward(-30 * DAY)
    assert await db.write(life.set_right)
    found = {one.id == early: one.not_before for one in await rows(db)}
    assert found == {True: later, False: clock.now()}


async def test_what_was_sent_by_a_clock_that_was_ahead_is_not_looked_at_for_ever(
    db: Database, post: Post, mailings: Mailings, clock: Clock
) -> None:
    await sent_off(db, mailings, 1)
    clock.forward(30 * DAY)
    await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
    await run(db, "UPDATE outbox SET state = 'sent' WHERE mailing_id IS NULL")
    clock.forward(-30 * DAY)
    assert not await db.write(life.set_right)


async def test_a_worker_that_died_before_is_missed_all_the_same(
    db: Database, post: Post, clock: Clock
) -> None:
    dead, living = 1, 2
    await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
    await db.write(life.beat, dead)
    await run(db, "UPDATE outbox SET state = 'sending', worker = :worker", worker=dead)
    clock.forward(-DAY)
    assert await db.write(life.beat, living) == 0
    clock.forward(life.SILENCE)
    assert await db.write(life.beat, living) == 0
    clock.forward(1)
    assert await db.write(life.beat, living) == 1
    assert (await row(db)).resends == 1


@pytest.mark.parametrize("ahead", [-20 * SECOND, 20 * SECOND])
async def test_two_workers_whose_clocks_are_apart(
    db: Database,
    database_url: str,
    settings: Settings,
    tokens: Tokens,
    mailings: Mailings,
    at_work: AtWork,
    sink: Sink,
    clock: Clock,
    ahead: int,
) -> None:
    """Less than the silence after which a worker counts as dead: both send, nothing is in doubt."""
    sink.delay = 0.005
    other = await open_database(database_url, clock=lambda: clock.now() + ahead)
    mailing_id = await sent_off(db, mailings, 200)
    async with at_work(beat=0.05), at_work(on=other, beat=0.05):
        await eventually(partial(none_left, db, mailings, mailing_id), 30)
    await other.close()
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=200)
    assert set(Counter(mail.recipient for mail in sink.mails).values()) == {1}


@pytest.mark.parametrize(("by", "at_once"), [(HOUR, False), (DAY, False), (400 * DAY, True)])
async def test_a_mailbox_is_not_locked_out(
    db: Database, post: Post, clock: Clock, by: int, at_once: bool
) -> None:
    """One mail a day stays one a day, up to a day that was lost; beyond that the clock was wrong."""

    async def takes() -> bool:
        return await db.write(partial(post.take_budget, cap=3), canonical(ADA))

    assert await takes()
    clock.forward(-by)
    assert await takes() is at_once
    clock.forward(2 * DAY)
    assert await takes()
