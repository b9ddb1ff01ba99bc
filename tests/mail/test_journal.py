"""What a worker's journal says of messages to many, when that worker is dead: done, in doubt, or never begun."""

import asyncio
from typing import Any

import asyncpg
import pytest

from newsletter.clock import SECOND
from newsletter.mail import Mailings, Recipient, Tally, books, bulk_ledger, bulk_turns, journal, responses
from newsletter.mail.breaker import Verdict
from newsletter.mail.bulk_ledger import Job, want
from newsletter.mail.ledger import settlement
from newsletter.mail.life import beat, doubt, held, leave
from newsletter.mail.limits import UNLIMITED
from newsletter.settings import Settings
from newsletter.storage import Database, open_database
from newsletter.tokens import Tokens
from tests.conftest import Clock
from tests.mail.between import Between
from tests.mail.conftest import eventually, rows, run
from tests.mail.mailing import content, sent_off


def taken(job: Job) -> Verdict:
    return Verdict.of(settlement(job, "sent", "250 ok"), job.mailing_id, 250)


async def reserved(db: Database, mailings: Mailings, count: int) -> tuple[int, list[Job]]:
    mailing_id = await sent_off(db, mailings, count)
    await db.write(beat, 1)
    return mailing_id, await db.write(bulk_ledger.reserve, 1, count, UNLIMITED)


async def test_what_servers_took_is_sent_what_may_have_left_is_in_doubt_the_rest_was_not_begun(
    db: Database, mailings: Mailings, tokens: Tokens, clock: Clock
) -> None:
    mailing_id, jobs = await reserved(db, mailings, 6)
    wants = [want(tokens, job) for job in jobs]
    await db.write(bulk_turns.turn, 1, [], wants[:2])
    await db.write(bulk_turns.turn, 1, [], wants[2:4], accepted=[taken(job) for job in jobs[:2]], wire=set())
    assert await db.read(mailings.tally, mailing_id) == Tally(sending=6)
    clock.forward(31 * SECOND)
    assert await db.write(beat, 2, ask=True) == 2
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=2, in_doubt=2, queued=2)
    states = {found.id: (found.state, found.attempts, found.reply) for found in await rows(db)}
    assert {states[job.id] for job in jobs[:2]} == {("sent", 1, "250 ok")}
    assert {states[job.id] for job in jobs[4:]} == {("queued", 0, "")}
    assert await db.read(journal.read, 1) is None
    assert await db.write(beat, 2, ask=True) == 0


async def test_who_may_not_be_sent_to_after_all_is_not_in_doubt(
    db: Database, mailings: Mailings, tokens: Tokens, clock: Clock
) -> None:
    """The message was begun, and its row freed before it left: the same worker may have reserved it again."""
    mailing_id, (job, other) = await reserved(db, mailings, 2)
    both = [want(tokens, job), want(tokens, other)]
    await db.write(bulk_turns.turn, 1, [], both)
    await db.write(mailings.hold, mailing_id)
    ids = {job.id, other.id}
    assert not await db.write(bulk_turns.turn, 1, [], both[:1], wire=ids)
    await db.write(mailings.let_go, mailing_id)
    assert len(await db.write(bulk_ledger.reserve, 1, 2, UNLIMITED)) == 1
    clock.forward(31 * SECOND)
    assert await db.write(beat, 2) == 1
    assert {found.id: found.resends for found in await rows(db)} == {job.id: 0, other.id: 1}


async def test_a_worker_of_a_time_before_there_was_a_journal_leaves_all_that_it_sent_in_doubt(
    db: Database, mailings: Mailings, clock: Clock
) -> None:
    mailing_id = await sent_off(db, mailings, 3)
    first, second, _ = await rows(db)
    await db.write(beat, 1)
    await run(db, "UPDATE outbox SET worker = 1, state = 'sending' WHERE id = :id", id=first.id)
    await run(db, "UPDATE outbox SET worker = 1 WHERE id = :id", id=second.id)
    clock.forward(31 * SECOND)
    assert await db.write(beat, 2, ask=True) == 1
    assert await db.read(mailings.tally, mailing_id) == Tally(in_doubt=1, queued=2)
    assert not await db.read(held, 1)


async def test_what_a_living_worker_has_lost_is_in_doubt_only_where_it_may_have_left(
    db: Database, mailings: Mailings, tokens: Tokens
) -> None:
    mailing_id, jobs = await reserved(db, mailings, 3)
    await db.write(bulk_turns.turn, 1, [], [want(tokens, job) for job in jobs[:2]])
    await db.write(bulk_turns.turn, 1, [], [], accepted=[taken(jobs[0])], wire={jobs[1].id})
    await db.write(doubt, 1, [job.id for job in jobs], ask=True)
    assert await db.read(mailings.tally, mailing_id) == Tally(sending=1, in_doubt=1, queued=1)


async def test_who_leaves_with_everything_written_down_leaves_no_journal(
    db: Database, mailings: Mailings, tokens: Tokens
) -> None:
    _, jobs = await reserved(db, mailings, 2)
    await db.write(bulk_turns.turn, 1, [], [want(tokens, jobs[0])])
    await db.write(leave, 1)
    assert (await db.read(journal.read, 1)) == journal.Journal({}, frozenset({jobs[0].id}))
    await db.write(bulk_turns.turn, 1, [taken(jobs[0])], [])
    await db.write(bulk_ledger.give_up, 1, jobs[1:], UNLIMITED)
    await db.write(leave, 1)
    assert await db.read(journal.read, 1) is None


async def test_what_servers_took_stays_taken_though_another_is_taken_back(
    db: Database, mailings: Mailings, tokens: Tokens, clock: Clock
) -> None:
    mailing_id, jobs = await reserved(db, mailings, 3)
    wants = [want(tokens, job) for job in jobs]
    ids = {job.id for job in jobs}
    await db.write(bulk_turns.turn, 1, [], wants)
    await db.write(bulk_turns.turn, 1, [], [], accepted=[taken(jobs[0])], wire=ids - {jobs[0].id})
    await db.write(mailings.hold, mailing_id)
    await db.write(bulk_turns.turn, 1, [], wants[2:], accepted=[taken(jobs[1])], wire={jobs[2].id})
    clock.forward(31 * SECOND)
    assert await db.write(beat, 2) == 0
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=2, queued=1)


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_who_is_being_buried_begins_nothing(
    database_url: str, mailings: Mailings, tokens: Tokens, clock: Clock
) -> None:
    """It lives after all, and has just reserved more: its journal was read before, and is about to be burned."""
    ours = await open_database(database_url, clock=clock)
    _, (job,) = await reserved(ours, mailings, 1)
    theirs = await asyncpg.connect(database_url)
    burying = theirs.transaction()
    await burying.start()
    await theirs.execute("DELETE FROM workers WHERE id = 1")
    async with asyncio.timeout(20):
        assert not await ours.write(bulk_turns.turn, 1, [], [want(tokens, job)])
    await burying.commit()
    await theirs.close()
    await ours.close()


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_who_is_leaving_at_this_moment_is_not_begun(
    database_url: str, mailings: Mailings, tokens: Tokens, clock: Clock
) -> None:
    """Their row is taken, and whoever began it would not see that they left."""
    ours = await open_database(database_url, clock=clock)
    _, (job, other) = await reserved(ours, mailings, 2)
    theirs = await asyncpg.connect(database_url)
    leaving = theirs.transaction()
    await leaving.start()
    await theirs.execute("UPDATE subscribers SET status = 'unsubscribed' WHERE id = $1", job.subscriber_id)
    async with asyncio.timeout(20):
        begun = await ours.write(bulk_turns.turn, 1, [], [want(tokens, job), want(tokens, other)])
    assert begun == {other.id}
    await leaving.commit()
    await theirs.close()
    await ours.close()


async def test_what_servers_have_said_is_in_the_rows_soon_though_all_of_them_think(
    db: Database, mailings: Mailings, tokens: Tokens
) -> None:
    mailing_id, jobs = await reserved(db, mailings, 3)
    settled = list[int]()
    book = books.Books(db, 1, Settings(), settled.append)
    await book.turn([], [want(tokens, job) for job in jobs[:2]])
    await book.turn([taken(jobs[0])], [want(tokens, jobs[2])])
    assert await db.read(mailings.tally, mailing_id) == Tally(sending=3)

    async def told() -> bool:
        return settled == [jobs[0].id]

    await eventually(told)  # it is told once its row is written
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=1, sending=2)
    assert await db.read(journal.read, 1) == journal.Journal({}, frozenset(job.id for job in jobs[1:]))
    await book.close()


class FailsOnce(Between):
    """The real database, which fails the first turn that settles something."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.failed = False

    async def written(self, write: Any, action: Any, *args: Any, **more: Any) -> Any:
        if args[1] and not self.failed:
            self.failed = True
            raise RuntimeError("cut")
        return await write(action, *args, **more)


async def test_a_turn_that_fails_leaves_what_was_noted_for_the_next(
    db: Database, mailings: Mailings, tokens: Tokens
) -> None:
    mailing_id, jobs = await reserved(db, mailings, 4)
    settled = list[int]()
    faulty: Any = FailsOnce(db)
    book = books.Books(faulty, 1, Settings(), settled.append)
    wants = [want(tokens, job) for job in jobs]
    assert len(await book.turn([], wants[:2])) == 2
    assert len(await book.turn([taken(jobs[0])], wants[2:3])) == 1
    with pytest.raises(RuntimeError):
        await book.turn([taken(jobs[1])], [])
    assert not settled
    await book.turn([taken(jobs[1])], [])
    assert settled == [jobs[0].id, jobs[1].id]
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=2, sending=2)
    assert await db.read(journal.read, 1) == journal.Journal({}, frozenset({jobs[2].id}))
    await book.close()


async def test_who_leaves_leaves_by_what_they_got_not_by_what_is_only_reserved_for_them(
    db: Database, mailings: Mailings, tokens: Tokens, clock: Clock
) -> None:
    first, (job,) = await reserved(db, mailings, 1)
    await db.write(bulk_turns.turn, 1, [], [want(tokens, job)])
    await db.write(bulk_turns.turn, 1, [taken(job)], [])
    clock.forward(SECOND)
    second = await db.write(mailings.start, content())
    await db.write(mailings.fill, second, [Recipient(1, "reader1@example.org")])
    (next_,) = await db.write(bulk_ledger.reserve, 1, 1, UNLIMITED)
    await run(
        db, "UPDATE subscribers SET status = 'unsubscribed', unsubscribed_at = :now WHERE id = 1", now=clock()
    )
    await db.write(responses.left, 1)
    assert (await db.read(responses.responses, first))["unsubscribed"] == 1
    assert (await db.read(responses.responses, second))["unsubscribed"] == 0
    assert await db.read(mailings.tally, second) == Tally(skipped=1)
    # They come back at once: what was promised before is not for them.
    await run(db, "UPDATE subscribers SET status = 'active', unsubscribed_at = NULL WHERE id = 1")
    assert not await db.write(bulk_turns.turn, 1, [], [want(tokens, next_)])


async def test_who_leaves_while_it_is_on_the_wire_has_got_it(
    db: Database, mailings: Mailings, tokens: Tokens
) -> None:
    mailing_id, (job, accepted) = await reserved(db, mailings, 2)
    await db.write(bulk_turns.turn, 1, [], [want(tokens, job), want(tokens, accepted)])
    await db.write(bulk_turns.turn, 1, [], [], accepted=[taken(accepted)], wire={job.id})
    for one in (job, accepted):
        assert one.subscriber_id
        await db.write(responses.left, one.subscriber_id)
    assert (await db.read(responses.responses, mailing_id))["unsubscribed"] == 2
    assert await db.read(mailings.tally, mailing_id) == Tally(sending=2)
