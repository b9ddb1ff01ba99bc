"""A mailing is cancelled, or sent once more, at once; its rows follow in slices, whoever breaks off in between."""

import msgspec
import pytest

from newsletter.mail import Mailings, Tally, bulk_ledger, bulk_turns, retries
from newsletter.mail.life import beat
from newsletter.mail.limits import UNLIMITED
from newsletter.mail.outbox import TOPIC
from newsletter.mail.retries import SLICE, Retry
from newsletter.storage import Database, Tx
from tests.conftest import Clock
from tests.mail.conftest import AtWork, eventually, rows, run
from tests.mail.mailing import again, content, people, sent_off
from tests.mail.sink import Sink

MANY = 2 * SLICE + 1


async def all_are(db: Database, state: str) -> None:
    await run(db, "UPDATE outbox SET state = :state", state=state)


async def test_nothing_of_a_cancelled_one_is_begun_while_its_rows_still_wait(
    db: Database, mailings: Mailings
) -> None:
    mailing_id = await sent_off(db, mailings, MANY)
    await db.write(beat, 1)
    reserved = await db.write(bulk_ledger.reserve, 1, 10, UNLIMITED)
    assert len(reserved) == 10
    assert await db.write(mailings.cancel, mailing_id)
    assert await db.read(mailings.tally, mailing_id) == Tally(skipped=SLICE, sending=10, queued=SLICE - 9)
    assert await db.write(bulk_ledger.reserve, 1, 10, UNLIMITED) == []
    wants = [bulk_ledger.Want(job.id, "", "", job.claimed_at) for job in reserved]
    assert await db.write(bulk_turns.turn, 1, [], wants, UNLIMITED) == set()
    assert await db.write(mailings.drop, mailing_id)
    assert await db.read(mailings.tally, mailing_id) == Tally(skipped=2 * SLICE, queued=1)
    assert not await db.write(mailings.drop, mailing_id)
    assert await db.read(mailings.tally, mailing_id) == Tally(skipped=MANY)


async def test_a_slice_has_its_size_however_the_rows_are_found(db: Database, mailings: Mailings) -> None:
    """PostgreSQL's planner comes to nested loops by itself where it knows little of a table that has just grown."""
    mailing_id = await sent_off(db, mailings, MANY)

    async def cancel(tx: Tx) -> None:
        if tx.engine == "postgres":
            for way in ("hashjoin", "mergejoin", "material", "hashagg", "sort"):
                await tx.run(f"SET LOCAL enable_{way} = off")
        await mailings.cancel(tx, mailing_id)

    await db.write(cancel)
    assert await db.read(mailings.tally, mailing_id) == Tally(skipped=SLICE, queued=SLICE + 1)


async def test_what_goes_on_is_never_skipped(db: Database, mailings: Mailings) -> None:
    mailing_id = await sent_off(db, mailings, 3)
    assert not await db.write(mailings.drop, mailing_id)
    await db.write(mailings.hold, mailing_id)
    assert not await db.write(mailings.drop, mailing_id)
    assert await db.read(mailings.tally, mailing_id) == Tally(queued=3)


async def test_everybody_is_sent_it_once_more_though_it_was_broken_off_and_they_fail_again_meanwhile(
    db: Database, other: Database, mailings: Mailings
) -> None:
    mailing_id = await sent_off(db, mailings, MANY)
    await all_are(db, "failed")
    assert await db.read(retries.count, [mailing_id], "failed") == MANY
    assert await db.write(retries.begin, [mailing_id], "failed")
    (begun,) = await db.read(retries.under_way)
    assert await db.write(retries.requeue, begun, await db.read(retries.next_of, begun))
    assert await db.read(mailings.tally, mailing_id) == Tally(queued=SLICE, failed=SLICE + 1)
    await run(db, "UPDATE outbox SET state = 'failed' WHERE subscriber_id <= 5")
    assert not await db.write(retries.begin, [mailing_id], "failed"), "it is under way already"

    (left,) = await other.read(retries.under_way)  # whoever comes after a crash
    assert left.reached == SLICE
    assert await other.read(mailings.is_left, mailing_id)
    while left:
        going = await other.write(retries.requeue, left, await other.read(retries.next_of, left))
        if going is None:
            break
        left = going
    assert {row.resends for row in await rows(other)} == {1}
    assert await other.read(mailings.tally, mailing_id) == Tally(queued=MANY - 5, failed=5)
    assert await other.read(retries.under_way) == []
    assert await again(other, mailing_id, "failed") == 5
    assert sorted(row.resends for row in await rows(other)) == [*[1] * (MANY - 5), *[2] * 5]


async def test_two_that_see_to_the_same_slice_do_it_once(
    db: Database, other: Database, mailings: Mailings
) -> None:
    mailing_id = await sent_off(db, mailings, SLICE + 1)
    await all_are(db, "in_doubt")
    await db.write(retries.begin, [mailing_id], "in_doubt")
    (seen,) = await db.read(retries.under_way)
    people = await db.read(retries.next_of, seen)
    assert len(people) == SLICE
    on = await db.write(retries.requeue, seen, people)
    assert on == Retry(mailing_id, "in_doubt", SLICE)
    await all_are(db, "in_doubt")  # those it was sent to are in doubt again
    assert await other.write(retries.requeue, seen, people) is None
    assert await db.read(mailings.tally, mailing_id) == Tally(in_doubt=SLICE + 1)
    assert await db.write(retries.requeue, on, await db.read(retries.next_of, on)) is None
    assert await db.read(mailings.tally, mailing_id) == Tally(in_doubt=SLICE, queued=1)


async def test_to_cancel_it_ends_what_was_to_be_sent_once_more(db: Database, mailings: Mailings) -> None:
    mailing_id = await sent_off(db, mailings, SLICE + 1)
    await all_are(db, "failed")
    await db.write(retries.begin, [mailing_id], "failed")
    (begun,) = await db.read(retries.under_way)
    people = await db.read(retries.next_of, begun)
    await db.write(mailings.cancel, mailing_id)
    assert await db.write(retries.requeue, begun, people) is None
    assert await db.read(mailings.tally, mailing_id) == Tally(failed=SLICE + 1)
    assert not await db.write(retries.begin, [mailing_id], "failed")
    assert not await db.read(mailings.is_left, mailing_id)


async def test_where_nothing_failed_there_is_nothing_to_do(db: Database, mailings: Mailings) -> None:
    mailing_id = await sent_off(db, mailings, 2)
    await run(db, "UPDATE outbox SET state = 'failed', recipient = '' WHERE subscriber_id = 1")
    assert await db.read(retries.count, [mailing_id], "failed") == 0
    assert not await db.write(retries.begin, [mailing_id], "failed")
    assert await db.read(retries.under_way) == []


async def test_cancelled_in_the_middle_nobody_else_gets_it(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink
) -> None:
    sink.delay = 0.05
    mailing_id = await sent_off(db, mailings, MANY)

    async def some() -> bool:
        return len(sink.mails) >= 20

    async def over() -> bool:
        await db.write(mailings.drop, mailing_id)
        return not await db.read(mailings.is_left, mailing_id)

    async with at_work():
        await eventually(some)
        assert await db.write(mailings.cancel, mailing_id)
        await eventually(over)
        tally = await db.read(mailings.tally, mailing_id)
    assert tally.sent + tally.skipped == MANY
    assert tally.skipped > 0
    assert len(sink.mails) == len({mail.recipient for mail in sink.mails}) == tally.sent


async def beside(db: Database, mailings: Mailings) -> tuple[int, int]:
    """Two mailings to readers 1, 2 and 3; what is sent once more of the first, and of the second, is under way."""
    readers = await people(db, 3)
    first: int = await db.write(mailings.start, content())
    second: int = await db.write(mailings.start, content())
    for mailing_id in (first, second):
        await db.write(mailings.fill, mailing_id, readers)
    await all_are(db, "failed")
    await run(db, "UPDATE outbox SET state = 'sent' WHERE mailing_id = :id AND subscriber_id = 2", id=first)
    await run(db, "UPDATE outbox SET recipient = '' WHERE mailing_id = :id AND subscriber_id = 3", id=first)
    await run(
        db, "UPDATE outbox SET state = 'in_doubt' WHERE mailing_id = :id AND subscriber_id = 2", id=second
    )
    assert await db.write(retries.begin, [first], "failed")
    assert await db.write(retries.begin, [second], "failed")
    assert await db.write(retries.begin, [second], "in_doubt")
    return first, second


async def states(db: Database, mailing_id: int) -> list[str]:
    """Of readers 1, 2 and 3."""

    class State(msgspec.Struct):
        state: str

    async def look(tx: Tx) -> list[State]:
        sql = "SELECT state FROM outbox WHERE mailing_id = :id ORDER BY subscriber_id"
        return await tx.all(State, sql, id=mailing_id)

    return [one.state for one in await db.read(look)]


async def test_what_stands_beside_what_failed_is_left_alone(
    db: Database, mailings: Mailings, clock: Clock
) -> None:
    first, second = await beside(db, mailings)
    before = await db.read(retries.under_way)
    assert [(one.mailing_id, one.state) for one in before] == [
        (first, "failed"), (second, "failed"), (second, "in_doubt"),
    ]  # fmt: skip
    assert await db.read(retries.count, [first], "failed") == 1
    assert await db.read(retries.next_of, before[0]) == [1]
    clock.forward(5)
    woken = db.woken(TOPIC)
    assert await db.write(retries.requeue, before[0], [1, 2, 3]) is None
    assert db.woken(TOPIC) == woken + 1, "a worker that sleeps begins"
    assert await states(db, first) == ["queued", "sent", "failed"]
    assert await states(db, second) == ["failed", "in_doubt", "failed"]
    assert await db.read(retries.under_way) == before[1:]
    (again_,) = [row for row in await rows(db) if row.state == "queued"]
    assert (again_.not_before, again_.settled_at, again_.attempts, again_.resends) == (clock(), None, 0, 1)
    await db.write(retries.end, second)
    assert await db.read(retries.under_way) == []


async def test_how_far_it_has_come_is_noted_of_that_mailing_and_that_state_alone(
    db: Database, mailings: Mailings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "SLICE", 1)
    _, second = await beside(db, mailings)
    before = await db.read(retries.under_way)
    failed = before[1]
    assert await db.read(retries.next_of, failed) == [1]
    on = await db.write(retries.requeue, failed, [1])
    assert on == Retry(second, "failed", 1)
    assert await db.read(retries.under_way) == [before[0], on, before[2]]
    assert await db.read(retries.next_of, on) == [3], "after the one that it has come to"
    assert await db.write(retries.requeue, failed, [1]) is None
    assert await db.read(retries.under_way) == [before[0], on, before[2]]
