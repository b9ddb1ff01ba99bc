"""What goes to many: each gets it once, whatever the server says and whoever leaves meanwhile. On both engines."""

import pytest

from newsletter.clock import SECOND
from newsletter.mail import Mailings, Post, Tally, bulk_ledger, bulk_turns, responses
from newsletter.mail.breaker import Verdict
from newsletter.mail.bulk_ledger import want
from newsletter.mail.ledger import Settlement
from newsletter.mail.life import beat
from newsletter.mail.limits import UNLIMITED
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.conftest import Clock
from tests.mail.conftest import ADA, CONTEXTS, AtWork, eventually, rows, run
from tests.mail.mailing import again, content, people, sent_off
from tests.mail.sink import CLOSE, HANG, RESET, WELL, Sink

REFUSED = "550 5.1.1 nobody of that name"


async def through(db: Database, mailings: Mailings, mailing_id: int, seconds: float = 20) -> Tally:
    """How it stands once nothing is left to do."""
    tally = Tally()

    async def check() -> bool:
        nonlocal tally
        tally = await db.read(mailings.tally, mailing_id)
        return tally.left == 0

    await eventually(check, seconds)
    return tally


async def test_everybody_gets_it_once(db: Database, mailings: Mailings, at_work: AtWork, sink: Sink) -> None:
    mailing_id = await sent_off(db, mailings, 300)
    async with at_work():
        assert await through(db, mailings, mailing_id) == Tally(sent=300)
    assert len(sink.mails) == len({mail.recipient for mail in sink.mails}) == 300
    assert (
        len({line for mail in sink.mails for line in mail.content.split(b"\r\n") if b"Message-ID" in line})
        == 300
    )
    assert sink.connections == 4
    assert sink.hasty


async def test_without_pipelining_too(db: Database, mailings: Mailings, at_work: AtWork, sink: Sink) -> None:
    sink.extensions = ()
    mailing_id = await sent_off(db, mailings, 20)
    async with at_work():
        assert await through(db, mailings, mailing_id) == Tally(sent=20)
    assert len(sink.mails) == 20
    assert not sink.hasty


async def test_rows_written_twice_are_one(db: Database, mailings: Mailings) -> None:
    readers = await people(db, 3)
    mailing_id: int = await db.write(mailings.start, content())
    for _ in range(2):
        await db.write(mailings.fill, mailing_id, readers)
    assert (await db.read(mailings.tally, mailing_id)).total == 3


async def test_a_confirmation_overtakes(
    db: Database, mailings: Mailings, post: Post, at_work: AtWork, sink: Sink
) -> None:
    sink.delay = 0.02
    mailing_id = await sent_off(db, mailings, 400)
    async with at_work():
        await eventually(lambda: _some(sink, 20))
        await db.write(post.enqueue, "confirmation", ADA, context=CONTEXTS["confirmation"])
        await eventually(lambda: _reached(sink, ADA))
        assert (await db.read(mailings.tally, mailing_id)).left > 100
        await db.write(mailings.cancel, mailing_id)


FAULTS = {  # what the server does to the second message, and what becomes of it
    "a mailbox that is not there": ({"RCPT": [WELL, REFUSED]}, "failed"),
    "a mailbox that is full": ({"RCPT": [WELL, "452 4.2.2 full"]}, "deferred"),
    "no at DATA": ({"DATA": [WELL, "554 5.6.0 no"]}, "failed"),
    "no after the dot": ({"dot": [WELL, "554 5.6.0 no"]}, "failed"),
    "later after the dot": ({"dot": [WELL, "451 4.3.0 later"]}, "deferred"),
    "busy at MAIL": ({"MAIL": [WELL, "421 4.3.2 closing"]}, "sent"),
    "closing after the dot": ({"dot": [WELL, "421 4.3.2 closing"]}, "sent"),
    "gone at RCPT": ({"RCPT": [WELL, RESET]}, "sent"),
    "gone at DATA": ({"DATA": [WELL, CLOSE]}, "sent"),
    "gone after the dot": ({"dot": [WELL, RESET]}, "queued"),
    "silent at MAIL": ({"MAIL": [WELL, HANG]}, "sent"),
    "silent after the dot": ({"dot": [WELL, HANG]}, "queued"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_a_server_may_do(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, clock: Clock, fault: str
) -> None:
    """One message meets it, the nine others arrive; nobody gets two, but for one that was in doubt."""
    script, becomes = FAULTS[fault]
    sink.plays(script)
    await sent_off(db, mailings, 10)

    async def as_expected() -> bool:
        clock.forward(50)  # what waits for the relay comes round
        states = sorted(row.state for row in await rows(db))
        return states == sorted(["sent"] * 9 + [becomes])

    async with at_work():
        await eventually(as_expected)
    (one,) = [row for row in await rows(db) if row.state == becomes][:1]
    assert one.resends == (becomes == "queued")
    assert len({mail.recipient for mail in sink.mails}) == len(sink.mails) == 9 + (becomes == "sent")


async def test_who_left_meanwhile_is_skipped(
    db: Database, mailings: Mailings, post: Post, at_work: AtWork, sink: Sink, clock: Clock
) -> None:
    mailing_id = await sent_off(db, mailings, 6)
    clock.forward(5)
    await run(
        db, "UPDATE subscribers SET status = 'unsubscribed', unsubscribed_at = :at WHERE id = 2", at=clock()
    )
    await db.write(post.suppress, "reader3@example.org", "bounced")
    await run(db, "DELETE FROM subscribers WHERE id = 4")
    async with at_work():
        assert await through(db, mailings, mailing_id) == Tally(sent=3, skipped=3)
    found = {row.message_id.split(".")[1].split("@")[0]: row for row in await rows(db)}
    assert {found[n].reply for n in "24"} == {responses.LEFT}
    assert found["3"].reply == bulk_turns.SUPPRESSED
    assert {found[n].recipient for n in "234"} == {""}


async def test_what_is_held_waits_and_goes_on(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink
) -> None:
    sink.delay = 0.01
    mailing_id = await sent_off(db, mailings, 300)
    async with at_work():
        await eventually(lambda: _some(sink, 30))
        assert await db.write(mailings.hold, mailing_id)
        await eventually(lambda: _none_sending(db, mailings, mailing_id))
        stood = await db.read(mailings.tally, mailing_id)
        assert stood.sent + stood.queued == 300
        assert stood.queued > 100
        assert not await db.read(bulk_ledger.is_due)
        assert await db.write(mailings.let_go, mailing_id)
        assert await through(db, mailings, mailing_id) == Tally(sent=300)
    assert len(sink.mails) == len({mail.recipient for mail in sink.mails}) == 300


async def test_cancelled_is_over(db: Database, mailings: Mailings, at_work: AtWork, sink: Sink) -> None:
    mailing_id = await sent_off(db, mailings, 5)
    assert await db.write(mailings.cancel, mailing_id)
    assert not await db.write(mailings.let_go, mailing_id)
    assert await db.read(mailings.tally, mailing_id) == Tally(skipped=5)


async def test_at_most_two_of_a_connection_are_in_doubt_and_the_reserved_are_free(
    db: Database, mailings: Mailings, tokens: Tokens, clock: Clock
) -> None:
    mailing_id = await sent_off(db, mailings, 10)
    await db.write(beat, 1)
    jobs = await db.write(bulk_ledger.reserve, 1, 10, UNLIMITED)
    begun = await db.write(bulk_turns.turn, 1, [], [want(tokens, job) for job in jobs[:2]], UNLIMITED)
    assert begun == {job.id for job in jobs[:2]}
    clock.forward(31 * SECOND)
    assert await db.write(beat, 2) == 2
    assert {(row.state, row.worker) for row in await rows(db)} == {("queued", None)}
    assert sum(row.resends for row in await rows(db)) == 2
    assert (await db.read(mailings.tally, mailing_id)).queued == 10


async def test_the_owner_may_want_to_be_asked(
    db: Database, mailings: Mailings, tokens: Tokens, clock: Clock
) -> None:
    mailing_id = await sent_off(db, mailings, 2)
    await db.write(beat, 1)
    (job, _) = await db.write(bulk_ledger.reserve, 1, 10, UNLIMITED)
    await db.write(bulk_turns.turn, 1, [], [want(tokens, job)], UNLIMITED)
    clock.forward(31 * SECOND)
    await db.write(beat, 2, ask=True)
    assert await db.read(mailings.tally, mailing_id) == Tally(queued=1, in_doubt=1)
    assert await again(db, mailing_id, "in_doubt") == 1
    assert await db.read(mailings.tally, mailing_id) == Tally(queued=2)


async def test_a_worker_that_was_thought_dead_changes_nothing(
    db: Database, mailings: Mailings, tokens: Tokens, clock: Clock
) -> None:
    mailing_id = await sent_off(db, mailings, 1)
    await db.write(beat, 1)
    (job,) = await db.write(bulk_ledger.reserve, 1, 10, UNLIMITED)
    await db.write(bulk_turns.turn, 1, [], [want(tokens, job)], UNLIMITED)
    clock.forward(31 * SECOND)
    await db.write(beat, 2)
    late = Verdict.of(Settlement(job.id, "sent", "250 ok"), mailing_id, 250)
    await db.write(bulk_turns.turn, 1, [late], [], UNLIMITED)
    assert await db.read(mailings.tally, mailing_id) == Tally(queued=1)


async def test_it_is_held_when_many_are_refused(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink
) -> None:
    sink.plays({"RCPT": [REFUSED] * 400})
    mailing_id = await sent_off(db, mailings, 300)
    async with at_work():
        await eventually(lambda: _held(db, mailings, mailing_id))
    tally = await db.read(mailings.tally, mailing_id)
    assert 11 <= tally.failed <= 20
    assert "addresses were refused for good" in (await db.read(mailings.find, mailing_id)).why


async def test_it_is_held_when_servers_distrust_us(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink
) -> None:
    sink.plays(
        {"dot": [WELL, WELL, "550 5.7.1 spam", "550 5.7.1 spam", WELL, *["550 5.7.26 unauthenticated"] * 50]}
    )
    mailing_id = await sent_off(db, mailings, 100)
    async with at_work():
        await eventually(lambda: _held(db, mailings, mailing_id))
    assert (await db.read(mailings.tally, mailing_id)).failed < 20
    assert "by policy" in (await db.read(mailings.find, mailing_id)).why


async def test_the_day_has_its_limit(db: Database, mailings: Mailings, at_work: AtWork, sink: Sink) -> None:
    mailing_id = await sent_off(db, mailings, 30)
    async with at_work(mail_per_day=12):
        await eventually(lambda: _some(sink, 12))
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=12, queued=18)


async def test_two_workers_share_it(db: Database, mailings: Mailings, at_work: AtWork, sink: Sink) -> None:
    sink.delay = 0.005
    mailing_id = await sent_off(db, mailings, 400)
    async with at_work(), at_work():
        assert await through(db, mailings, mailing_id) == Tally(sent=400)
    assert len(sink.mails) == len({mail.recipient for mail in sink.mails}) == 400
    assert sink.connections > 4


async def test_one_that_cannot_be_made_fails_alone(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink
) -> None:
    mailing_id = await sent_off(db, mailings, 5)
    await run(db, "UPDATE outbox SET recipient = 'a@b@c' WHERE subscriber_id = 3")
    async with at_work():
        assert await through(db, mailings, mailing_id) == Tally(sent=4, failed=1)


async def _some(sink: Sink, count: int) -> bool:
    return len(sink.mails) >= count


async def _reached(sink: Sink, who: str) -> bool:
    return any(mail.recipient.decode() == who for mail in sink.mails)


async def _held(db: Database, mailings: Mailings, mailing_id: int) -> bool:
    return (await db.read(mailings.find, mailing_id)).state == "held"


async def _none_sending(db: Database, mailings: Mailings, mailing_id: int) -> bool:
    return not (await db.read(mailings.tally, mailing_id)).sending
