"""While sending is held nothing is begun, to nobody; when it is let go, what waited goes out, or is dropped."""

from newsletter.mail import Mailings, Post, Tally, bulk_domains, bulk_ledger, bulk_turns, claims, hold
from newsletter.mail.limits import UNLIMITED, Limits
from newsletter.providers import read_limits
from newsletter.storage import Database, open_database
from newsletter.tokens import Tokens
from tests.conftest import Clock
from tests.mail.conftest import ADA, BEN, CONTEXTS, OLGA, AtWork, eventually, rows
from tests.mail.mailing import content, sent_off
from tests.mail.sink import Sink

PROVIDERS = Limits(domains=read_limits(["*=5/100"]))


async def waits(db: Database, post: Post) -> None:
    """What may not wait for anything else waits for this."""
    await db.write(post.enqueue, "confirmation", ADA, context=CONTEXTS["confirmation"])
    await db.write(post.enqueue, "sign_in", OLGA, context=CONTEXTS["sign_in"])


async def test_nothing_is_begun(db: Database, mailings: Mailings, post: Post, tokens: Tokens) -> None:
    mailing_id = await sent_off(db, mailings, 20)
    reserved = await db.write(bulk_ledger.reserve, 1, 8, UNLIMITED)
    await waits(db, post)
    assert await db.write(hold.hold, "A backup was restored.")

    assert (await db.read(claims.due, UNLIMITED, 8)).ready == 0
    assert not await db.write(claims.claim, tokens, UNLIMITED, 1, 8)
    assert not await db.read(bulk_ledger.is_due)
    assert not await db.write(bulk_ledger.reserve, 1, 8, UNLIMITED)
    assert not await db.read(bulk_domains.is_due)
    assert not await db.write(bulk_domains.reserve, 1, 8, PROVIDERS)
    wants = [bulk_ledger.want(tokens, job) for job in reserved]
    assert not await db.write(bulk_turns.turn, 1, [], wants, UNLIMITED)
    assert await db.read(mailings.tally, mailing_id) == Tally(queued=20)


async def test_all_of_it_goes_when_it_is_let_go(
    database_url: str, mailings: Mailings, post: Post, at_work: AtWork, sink: Sink
) -> None:
    db = await open_database(database_url)
    await sent_off(db, mailings, 20)
    await waits(db, post)
    await db.write(hold.hold, "A backup was restored.")
    assert not await db.write(hold.hold, "Twice.")
    found = await db.read(hold.held)
    assert found
    assert found.held_why == "A backup was restored."

    async def all_sent() -> bool:
        return {one.state for one in await rows(db)} == {"sent"}

    async with at_work(on=db, poll=60):
        assert await db.write(hold.let_go)
        await eventually(all_sent)
    assert len(sink.mails) == 22
    assert await db.read(hold.held) is None
    assert not await db.write(hold.let_go)
    await db.close()


async def test_what_waited_may_be_dropped(db: Database, mailings: Mailings, post: Post, clock: Clock) -> None:
    await sent_off(db, mailings, 2)
    await waits(db, post)
    clock.forward(1)
    await db.write(hold.hold)
    held = await db.read(hold.held)
    assert held
    await db.write(post.enqueue, "confirmation", BEN, context=CONTEXTS["confirmation"])
    assert await db.read(hold.older, held.held_at) == 2
    assert await db.write(hold.drop_older, held.held_at) == 2
    assert [(one.state, one.recipient) for one in await rows(db) if one.reply] == [("skipped", "")] * 2
    assert [one.state for one in await rows(db)].count("queued") == 3


async def test_a_backup_that_is_restored_comes_up_held_with_each_of_its_open_mailings(
    db: Database, mailings: Mailings
) -> None:
    open_, over = await sent_off(db, mailings, 1), await db.write(mailings.start, content())
    await db.write(mailings.cancel, over)
    await db.write(hold.hold_all, "A backup was restored.")
    held = await db.read(hold.held)
    assert held
    assert held.held_why == "A backup was restored."
    found = [await db.read(mailings.find, one) for one in (open_, over)]
    assert [(one.state, one.why) for one in found] == [("held", "A backup was restored."), ("cancelled", "")]
