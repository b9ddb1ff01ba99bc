"""Each provider's limits as the ledger keeps them: by all workers together, and nobody else waits for them."""

import asyncio
from collections import Counter

import pytest

from newsletter.clock import HOUR, MINUTE, SECOND
from newsletter.mail import Mailings, Tally, bulk_domains, bulk_turns, life
from newsletter.mail.breaker import Verdict
from newsletter.mail.bulk_ledger import Job, want
from newsletter.mail.domains import held_back, slow_down
from newsletter.mail.ledger import Result, settlement
from newsletter.mail.limits import Limits
from newsletter.providers import read_limits
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.conftest import Clock
from tests.mail.conftest import run
from tests.mail.mailing import sent_off_to

RATE = "451 4.7.28 too many messages of yours at once"


def limits(words: str) -> Limits:
    return Limits(domains=read_limits(words.split()))


async def reserve(db: Database, words: str, worker: int = 1, most: int = 100, after: int = 0) -> list[Job]:
    return await db.write(bulk_domains.reserve, worker, most, limits(words), after)


async def settle(
    db: Database, words: str, jobs: list[Job], result: Result = "sent", said: str = "250 2.0.0 ok"
) -> None:
    for worker in (1, 2):
        done = [Verdict.of(settlement(job, result, said), job.mailing_id, int(said[:3])) for job in jobs]
        await db.write(bulk_turns.turn, worker, done, [], limits(words))


def domains(jobs: list[Job]) -> Counter[str]:
    return Counter(job.recipient.rpartition("@")[2] for job in jobs)


async def test_two_workers_keep_a_rate_together(
    db: Database, other: Database, mailings: Mailings, clock: Clock
) -> None:
    """In no minute more than 30, and hardly fewer."""
    await sent_off_to(db, mailings, ["gmail.com", "googlemail.com"], 150)
    readings: list[int] = []
    for _ in range(120):
        both = await asyncio.gather(
            reserve(db, "gmail.com=0/30"), reserve(other, "gmail.com=0/30", worker=2, most=7)
        )
        jobs = [job for found in both for job in found]
        readings += [clock()] * len(jobs)
        await settle(db, "gmail.com=0/30", jobs)
        clock.forward(SECOND)
    assert len(readings) >= 56
    for at in readings:
        assert sum(at <= one < at + MINUTE for one in readings) <= 30


async def test_two_workers_keep_to_so_many_at_once(db: Database, other: Database, mailings: Mailings) -> None:
    words = "outlook.com=3/0"
    await sent_off_to(db, mailings, ["hotmail.com", "live.de", "outlook.com"], 20)
    both = await asyncio.gather(reserve(db, words, most=2), reserve(other, words, worker=2))
    under_way = [job for found in both for job in found]
    assert len(under_way) == 3
    assert not await reserve(other, words, worker=2)
    for _ in range(17):
        await settle(db, words, [under_way.pop()])
        (one,) = await reserve(other, words, worker=2)
        under_way.append(one)
    await settle(db, words, under_way)
    assert not await reserve(db, words)


async def test_others_go_past_whoever_waits(db: Database, mailings: Mailings) -> None:
    """Also where a whole handful of rows stands before them, and in one turn."""
    await sent_off_to(db, mailings, ["gmail.com"], 300)
    await sent_off_to(db, mailings, ["example.org", "example.net"], 8)
    assert domains(await reserve(db, "gmail.com=1/1")) == {"gmail.com": 1, "example.org": 4, "example.net": 4}


async def test_all_others_have_a_limit_each(db: Database, mailings: Mailings) -> None:
    await sent_off_to(db, mailings, ["gmail.com", "example.org", "example.net"], 30)
    found = domains(await reserve(db, "gmail.com=4/0 *=2/0"))
    assert found == {"gmail.com": 4, "example.org": 2, "example.net": 2}


async def test_it_is_remembered_after_a_restart(
    db: Database, other: Database, mailings: Mailings, clock: Clock
) -> None:
    await sent_off_to(db, mailings, ["gmail.com"], 9)
    words = "gmail.com=0/1"
    await settle(db, words, await reserve(db, words))
    assert not await reserve(other, words, worker=2)
    clock.forward(MINUTE - 1)
    assert not await reserve(other, words, worker=2)
    clock.forward(1)
    assert len(await reserve(other, words, worker=2)) == 1


async def test_who_asks_for_fewer_is_left_alone_longer_each_time(
    db: Database, mailings: Mailings, clock: Clock
) -> None:
    words = "*=0/0"
    mailing_id = await sent_off_to(db, mailings, ["gmail.com", "example.org"], 40)
    jobs = await reserve(db, words, most=20)
    theirs = [job for job in jobs if job.recipient.endswith("@gmail.com")]
    assert len(theirs) > 2
    await settle(db, words, theirs, "deferred", RATE)
    await settle(db, words, [job for job in jobs if job not in theirs])
    rest = await reserve(db, words)
    assert set(domains(rest)) == {"example.org"}
    await settle(db, words, rest)
    told = [str(one) for one in await db.read(held_back, mailing_id)]
    assert told == [f"gmail.com asks for fewer mails: {20 - len(theirs)} wait, at least for a minute."]
    for minutes in (1, 2, 4):
        clock.forward(minutes * MINUTE - 1)
        assert not await reserve(db, words)
        clock.forward(1)
        few = await reserve(db, words)
        assert domains(few) == {"gmail.com": 2}, "it is not stormed then"
        await settle(db, words, few, "deferred", RATE)
    clock.forward(HOUR + 8 * MINUTE)
    await settle(db, words, (await reserve(db, words))[:1], "deferred", RATE)
    again = "UPDATE send_domains SET waits = waits WHERE slow_until = :until"
    assert await run(db, again, until=clock() + MINUTE) == 1, "what was long ago is forgotten"


async def test_who_refuses_us_by_policy_is_left_alone_without_a_limit_too(
    db: Database, mailings: Mailings, clock: Clock
) -> None:
    await sent_off_to(db, mailings, ["gmail.com", "example.org"], 8)
    assert await db.write(slow_down, "gmail.com", HOUR)
    assert not await db.write(slow_down, "gmail.com", HOUR)  # it is already
    assert domains(await reserve(db, "yahoo.com=1/1")) == {"example.org": 4}
    clock.forward(HOUR - 1)
    assert not await reserve(db, "yahoo.com=1/1")
    clock.forward(1)
    assert domains(await reserve(db, "yahoo.com=1/1")) == {"gmail.com": 4}


@pytest.mark.parametrize(
    "said",
    ["450 4.7.1 Greylisted, come again", "452 4.2.2 mailbox full", "451 4.3.0 try later", "250 4.7.28 odd"],
)
async def test_other_refusals_slow_nobody_down(db: Database, mailings: Mailings, said: str) -> None:
    await sent_off_to(db, mailings, ["gmail.com"], 10)
    await settle(db, "*=5/0", await reserve(db, "*=5/0"), "sent" if said[0] == "2" else "deferred", said)
    assert len(await reserve(db, "*=5/0")) == 5


async def test_what_a_dead_worker_had_is_found_at_once(
    db: Database, mailings: Mailings, tokens: Tokens, clock: Clock
) -> None:
    words = "gmail.com=2/0"
    await sent_off_to(db, mailings, ["gmail.com"], 6)
    for _ in range(2):  # the second two had been put aside
        await db.write(life.beat, 1)
        held = await reserve(db, words)
        fresh = min(held, key=lambda job: job.resends)
        await db.write(bulk_turns.turn, 1, [], [want(tokens, fresh)], limits(words))
        assert not await reserve(db, words, worker=2)
        clock.forward(MINUTE)
        assert await db.write(life.beat, 2) == 1, "one was begun, and is in doubt"
        again = await reserve(db, words, worker=2)
        assert len(again) == 2
        await settle(db, words, again)
    last = await reserve(db, words)
    assert len(last) == 2
    await settle(db, words, last)
    assert not await reserve(db, words)
    assert not await db.read(bulk_domains.is_due)


async def test_a_mailing_that_is_held_or_cancelled_lets_nobody_go(db: Database, mailings: Mailings) -> None:
    words = "gmail.com=1/0"
    mailing_id = await sent_off_to(db, mailings, ["gmail.com"], 9)
    one = await reserve(db, words)
    await db.write(mailings.hold, mailing_id)
    await settle(db, words, one)
    assert not await db.read(bulk_domains.is_due)
    assert not await reserve(db, words)
    await db.write(mailings.let_go, mailing_id)
    assert await db.read(bulk_domains.is_due)
    await settle(db, words, await reserve(db, words))
    await db.write(mailings.cancel, mailing_id)
    assert not await reserve(db, words)
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=2, skipped=7)
    assert not await db.read(held_back, mailing_id)


async def test_what_was_put_aside_is_due_when_its_own_provider_has_room(
    db: Database, mailings: Mailings, clock: Clock
) -> None:
    words = "gmail.com=0/1 gmx.net=0/1"
    mailing_id = await sent_off_to(db, mailings, ["gmail.com"], 3)
    await settle(db, words, await reserve(db, words))
    assert not await db.read(bulk_domains.is_due)
    clock.forward(MINUTE // 2)
    await sent_off_to(db, mailings, ["gmx.net"], 3)
    assert await db.read(bulk_domains.is_due)
    await settle(db, words, await reserve(db, words))
    clock.forward(MINUTE // 2)
    assert await db.read(bulk_domains.is_due)
    await db.write(mailings.hold, mailing_id)
    assert not await db.read(bulk_domains.is_due), "there is room at the one, and the other's wait"
    clock.forward(MINUTE // 2)
    assert await db.read(bulk_domains.is_due)


async def test_a_small_mailing_does_not_wait_behind_a_large_one(db: Database, mailings: Mailings) -> None:
    words = "gmail.com=2/0"
    await sent_off_to(db, mailings, ["gmail.com"], 60)
    small = await sent_off_to(db, mailings, ["gmail.com"], 2)
    after = 0
    for _ in range(4):
        jobs = await reserve(db, words, after=after)
        after = jobs[-1].mailing_id
        await settle(db, words, jobs)
    assert (await db.read(mailings.tally, small)).sent == 2


async def test_a_clock_that_is_set_back_stops_nobody(db: Database, mailings: Mailings, clock: Clock) -> None:
    words = "gmail.com=0/1"
    await sent_off_to(db, mailings, ["gmail.com"], 5)
    await settle(db, words, await reserve(db, words))
    assert not await reserve(db, words)
    clock.forward(-2 * HOUR)
    assert len(await reserve(db, words)) == 1


async def test_nothing_is_kept_of_who_has_no_more_to_wait_for(
    db: Database, mailings: Mailings, clock: Clock
) -> None:
    words = "*=1/60"
    await sent_off_to(db, mailings, ["example.org"], 2)
    for _ in range(2):
        await settle(db, words, await reserve(db, words))
        clock.forward(MINUTE)
    for _ in range(2):
        assert not await reserve(db, words)
    assert await run(db, "DELETE FROM send_domains") == 0
    assert await run(db, "UPDATE outbox SET reply = '' WHERE provider IS NOT NULL") == 0


async def test_who_never_had_to_wait_is_not_kept_either(
    db: Database, mailings: Mailings, clock: Clock
) -> None:
    words = "*=0/60"
    await sent_off_to(db, mailings, ["example.org"], 1)
    await settle(db, words, await reserve(db, words))
    clock.forward(MINUTE)
    assert not await reserve(db, words)
    assert await run(db, "DELETE FROM send_domains") == 0


async def test_for_whom_most_wait_is_said_first(db: Database, mailings: Mailings) -> None:
    mailing_id = await sent_off_to(db, mailings, ["gmx.net", "gmail.com", "gmail.com", "web.de"], 16)
    await reserve(db, "*=1/0")
    told = [(one.name, one.waiting) for one in await db.read(held_back, mailing_id)]
    assert told == [("gmail.com", 7), ("gmx.net", 3), ("web.de", 3)]
