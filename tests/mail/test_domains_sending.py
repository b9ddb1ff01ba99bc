"""A broadcast under limits of providers, to a real server: nobody is lost, and nobody waits for another's provider."""

import asyncio
from functools import partial

import msgspec

from newsletter.clock import HOUR, MINUTE
from newsletter.mail import Mailings, Post, Tally, Worker
from newsletter.mail.domains import held_back, slow_down
from newsletter.providers import read_limits
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.conftest import Clock
from tests.mail.conftest import CONTEXTS, AtWork, eventually, run
from tests.mail.mailing import sent_off_to
from tests.mail.sink import Sink


def at(sink: Sink, domain: str) -> int:
    return sum(mail.recipient.endswith(f"@{domain}".encode()) for mail in sink.mails)


async def test_two_workers_share_a_rate_and_a_restart_forgets_nothing(
    db: Database, other: Database, mailings: Mailings, post: Post, at_work: AtWork, sink: Sink, clock: Clock
) -> None:
    """The clock stands still unless it is moved, so each minute lets exactly one more go, whoever takes it."""
    mailing_id = await sent_off_to(db, mailings, ["gmail.com", "example.org"], 60)

    async def so_many(count: int) -> bool:
        tally = await db.read(mailings.tally, mailing_id)
        return tally == Tally(sent=30 + count, queued=30 - count)

    async with at_work(domains="gmail.com=0/1"), at_work(on=other, domains="gmail.com=0/1"):
        await eventually(partial(so_many, 1), 30)
        clock.forward(MINUTE)
        await eventually(partial(so_many, 2), 30)
        assert [str(one) for one in await db.read(held_back, mailing_id)] == [
            "28 wait for the limit of gmail.com."
        ]
    async with at_work(domains="gmail.com=0/1"):
        await db.write(post.enqueue, "confirmation", "ada@gmail.com", context=CONTEXTS["confirmation"])

        async def confirmed() -> bool:
            return at(sink, "gmail.com") == 3

        await eventually(confirmed, 30)
        assert (await db.read(mailings.tally, mailing_id)).sent == 32, "who signs up is not held back"
    async with at_work():
        await eventually(partial(so_many_left, db, mailings, mailing_id), 30)
    assert len({mail.recipient for mail in sink.mails}) == len(sink.mails) == 61


async def test_who_refuses_us_is_left_alone_without_any_limit_and_gets_it_afterwards(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, clock: Clock
) -> None:
    mailing_id = await sent_off_to(db, mailings, ["gmail.com", "example.org"], 60)
    await db.write(slow_down, "gmail.com", HOUR)

    async def others_have_it() -> bool:
        return await db.read(mailings.tally, mailing_id) == Tally(sent=30, queued=30)

    async with at_work():
        await eventually(others_have_it, 30)
        assert at(sink, "gmail.com") == 0
        clock.forward(HOUR)
        await eventually(partial(so_many_left, db, mailings, mailing_id), 30)
    assert len({mail.recipient for mail in sink.mails}) == len(sink.mails) == 60


async def test_limits_that_are_lifted_while_a_worker_runs_hold_nobody_back(
    db: Database, mailings: Mailings, settings: Settings, tokens: Tokens, sink: Sink
) -> None:
    """Those who were put aside for an hour too: the clock stands still."""
    here = msgspec.structs.replace(
        settings,
        smtp_url=f"smtp://127.0.0.1:{sink.port}?tls=off",
        domain_limits=read_limits(["gmail.com=0/1"]),
    )
    mailing_id = await sent_off_to(db, mailings, ["gmail.com"], 9)

    async def one_gone() -> bool:
        return [str(one) for one in await db.read(held_back, mailing_id)] == [
            "8 wait for the limit of gmail.com."
        ]

    worker = Worker(db, here, tokens, poll=0.05, beat=0.05)
    running = asyncio.create_task(worker.run())
    await eventually(one_gone, 30)
    msgspec.structs.force_setattr(here, "domain_limits", ())
    await eventually(partial(so_many_left, db, mailings, mailing_id), 30)
    await worker.stop(timeout=5)
    await running
    assert len({mail.recipient for mail in sink.mails}) == len(sink.mails) == 9


async def so_many_left(db: Database, mailings: Mailings, mailing_id: int) -> bool:
    return (await db.read(mailings.tally, mailing_id)).left == 0


async def test_so_many_are_under_way_at_once(
    db: Database, other: Database, mailings: Mailings, at_work: AtWork, sink: Sink, clock: Clock
) -> None:
    """As many as two workers together have begun, where each has connections for more."""
    mailing_id = await sent_off_to(db, mailings, ["hotmail.com", "live.de"], 24)
    sink.gate = asyncio.Event()

    async def begun() -> int:
        return (await db.read(mailings.tally, mailing_id)).sending

    async def three() -> bool:
        return await begun() == 3

    async def through() -> bool:
        assert await begun() <= 3
        return await so_many_left(db, mailings, mailing_id)

    async with at_work(domains="outlook.com=3/0"), at_work(on=other, domains="outlook.com=3/0"):
        await eventually(three, 30)
        assert await run(db, "UPDATE outbox SET reply = reply WHERE worker IS NOT NULL") == 3
        sink.gate.set()
        await eventually(through, 60)
    assert len({mail.recipient for mail in sink.mails}) == len(sink.mails) == 24


async def test_a_provider_that_asks_for_fewer_holds_up_nobody_else(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, clock: Clock
) -> None:
    theirs = await sent_off_to(db, mailings, ["yahoo.com"], 10)
    sink.plays({"dot": "451 4.7.0 [TSS04] too many messages"})

    async def asked() -> bool:
        return (await db.read(mailings.tally, theirs)).deferred == 1

    async with at_work(domains="yahoo.com=1/0"):
        await eventually(asked, 30)
        others = await sent_off_to(db, mailings, ["example.org"], 10)
        await eventually(partial(so_many_left, db, mailings, others), 30)
        assert len(sink.mails) == 10
        (told,) = await db.read(held_back, theirs)
        assert str(told) == "yahoo.com asks for fewer mails: 9 wait, at least for a minute."
        clock.forward(2 * MINUTE)
        await eventually(partial(so_many_left, db, mailings, theirs), 30)
    assert len({mail.recipient for mail in sink.mails}) == len(sink.mails) == 20


async def test_whoever_stands_behind_many_that_wait_need_not_wait(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink
) -> None:
    """As soon as those are put aside, not as often as somebody looks."""
    await sent_off_to(db, mailings, ["gmail.com"], 1_600)
    async with at_work(domains="gmail.com=0/1", poll=60):

        async def all_aside() -> bool:
            counted = "SELECT count(*) FROM outbox WHERE provider IS NOT NULL"  # locks nothing that goes on
            return int(await db.read(lambda tx: tx.value(counted))) >= 1_599

        async def one_out() -> bool:
            return bool(sink.mails)

        await eventually(all_aside, 30)
        await eventually(one_out)
    assert len(sink.mails) == 1
