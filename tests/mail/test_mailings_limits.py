"""The rate and the day's limit with a broadcast: exact, nothing spent on nobody, and confirmations go first."""

from newsletter.mail import Mailings, Post, Tally, bulk_ledger, bulk_turns
from newsletter.mail.bulk_ledger import want
from newsletter.mail.life import beat
from newsletter.mail.limits import Limits, meter
from newsletter.storage import Database, open_database
from newsletter.tokens import Tokens
from tests.conftest import NOON
from tests.mail.conftest import CONTEXTS, AtWork, eventually, run
from tests.mail.mailing import sent_off
from tests.mail.sink import Sink

DAILY = Limits(per_day=20)


async def spent(db: Database) -> int:
    return sum((await db.write(meter)).hours(NOON).values())


async def test_who_is_not_written_to_takes_nothing_off_the_day(
    db: Database, mailings: Mailings, tokens: Tokens
) -> None:
    mailing_id = await sent_off(db, mailings, 30)
    await db.write(beat, 1)
    jobs = await db.write(bulk_ledger.reserve, 1, 100, DAILY)
    assert len(jobs) == await spent(db) == 20
    await run(db, "UPDATE subscribers SET status = 'unsubscribed' WHERE id = :id", id=jobs[0].subscriber_id)
    wants = [want(tokens, job) for job in jobs]
    assert len(await db.write(bulk_turns.turn, 1, [], wants[:10], DAILY)) == 9
    await db.write(mailings.hold, mailing_id)
    assert not await db.write(bulk_turns.turn, 1, [], wants[10:], DAILY)
    assert await spent(db) == 9
    assert await db.read(mailings.tally, mailing_id) == Tally(queued=20, sending=9, skipped=1)


async def test_a_confirmation_goes_first_where_only_some_may_go(
    db: Database, mailings: Mailings, post: Post
) -> None:
    await sent_off(db, mailings, 30)
    for n in range(3):
        await db.write(post.enqueue, "confirmation", f"ada{n}@example.org", context=CONTEXTS["confirmation"])
    assert len(await db.write(bulk_ledger.reserve, 1, 100, DAILY)) == 17
    assert not await db.write(bulk_ledger.reserve, 1, 100, Limits(interval=10))


async def test_the_rate_is_used(database_url: str, mailings: Mailings, at_work: AtWork, sink: Sink) -> None:
    """As often as it allows, not as often as somebody looks."""
    db = await open_database(database_url)
    mailing_id = await sent_off(db, mailings, 20)

    async def through() -> bool:
        return (await db.read(mailings.tally, mailing_id)).left == 0

    async with at_work(on=db, mail_per_minute=6_000, poll=60):
        await eventually(through)
    assert len(sink.mails) == 20
    await db.close()
