"""A relay that is difficult, in the midst of a broadcast: it is left in peace, nobody is lost, and confirmations go."""

import asyncio

import pytest
from msgspec import structs

from newsletter.mail import Mailings, Post, Tally
from newsletter.mail.worker import Worker
from newsletter.settings import Settings
from newsletter.storage import Database, Tx
from newsletter.tokens import Tokens
from tests.conftest import Clock
from tests.mail.conftest import ADA, CONTEXTS, QUICK, AtWork, eventually, rows
from tests.mail.mailing import sent_off
from tests.mail.sink import CLOSE, HANG, WELL, Sink


async def _pause(tx: Tx) -> int:
    return int(await tx.value("SELECT pause FROM send_limits WHERE name = 'relay'"))


CLOSING = {
    "instead of taking any message": {"dot": ["421 4.3.2 closing"] * 500},
    "as soon as it is greeted": {"greeted": [CLOSE] * 500},
    "after its greeting": {"EHLO": [CLOSE] * 500},
    "at each envelope": {"MAIL": ["421 4.3.2 closing"] * 500},
    "having refused our sender": {"MAIL": ["550 5.7.1 not you"] * 500},
}


@pytest.mark.parametrize("when", CLOSING)
async def test_one_that_takes_nothing_is_not_asked_again_at_once(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, when: str
) -> None:
    sink.plays(CLOSING[when])
    mailing_id = await sent_off(db, mailings, 20)

    async def given_a_rest() -> bool:
        return await db.read(_pause) > 0 and not (await db.read(mailings.tally, mailing_id)).sending

    async with at_work(timeouts=structs.replace(QUICK, pause=30, longest_pause=60)):
        await eventually(given_a_rest, 5)
    assert sink.connections <= 4
    assert await db.read(mailings.tally, mailing_id) == Tally(queued=20)
    assert not any(row.attempts or row.resends for row in await rows(db))


async def test_one_that_takes_few_connections_is_not_stormed(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink
) -> None:
    sink.most, sink.delay = 2, 0.005
    mailing_id = await sent_off(db, mailings, 120)

    async def through() -> bool:
        return (await db.read(mailings.tally, mailing_id)).left == 0

    async with at_work():
        await eventually(through, 20)
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=120)
    assert len(sink.mails) == 120
    assert sink.refused <= 8


async def test_a_confirmation_gets_the_only_connection(
    db: Database, mailings: Mailings, post: Post, at_work: AtWork, sink: Sink
) -> None:
    sink.most, sink.delay = 1, 0.01
    mailing_id = await sent_off(db, mailings, 400)

    async def some() -> bool:
        return len(sink.mails) > 10

    async def reached() -> bool:
        return any(mail.recipient.decode() == ADA for mail in sink.mails)

    async with at_work():
        await eventually(some)
        await db.write(post.enqueue, "confirmation", ADA, context=CONTEXTS["confirmation"])
        await eventually(reached)
        before = len(sink.mails)
        assert (await db.read(mailings.tally, mailing_id)).left > 200

        async def going_on() -> bool:
            return len(sink.mails) > before + 10

        await eventually(going_on)
        await db.write(mailings.cancel, mailing_id)


@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_word_too_many_is_no_verdict(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, clock: Clock, *, pipelining: bool
) -> None:
    """What was said before the message was all there says nothing of it."""
    if not pipelining:
        sink.extensions = ()
    sink.plays({"DATA": [WELL, "354 go on\r\n250 taken"]})
    mailing_id = await sent_off(db, mailings, 10)

    async def through() -> bool:
        clock.forward(1_000)
        return (await db.read(mailings.tally, mailing_id)).left == 0

    async with at_work():
        await eventually(through)
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=10)
    assert len(sink.mails) == len({mail.recipient for mail in sink.mails}) == 10


async def test_no_answer_to_a_broadcast_s_message_stops_no_confirmation(
    db: Database, mailings: Mailings, post: Post, at_work: AtWork, sink: Sink
) -> None:
    """The relay is given a rest once, however many of its messages hang."""
    sink.plays({"dot": [HANG] * 4})
    await sent_off(db, mailings, 4)

    async def in_doubt() -> bool:
        return sum(row.resends for row in await rows(db)) == 4

    async def reached() -> bool:
        return any(mail.recipient.decode() == ADA for mail in sink.mails)

    async with at_work(timeouts=structs.replace(QUICK, dot=0.3, pause=0.5, longest_pause=60)):
        await eventually(in_doubt)
        await db.write(post.enqueue, "confirmation", ADA, context=CONTEXTS["confirmation"])
        await eventually(reached, 5)


async def test_an_owner_who_wants_to_be_asked_meanwhile_is_asked(
    db: Database, mailings: Mailings, settings: Settings, tokens: Tokens, sink: Sink
) -> None:
    """Also of what an open connection has on the wire when that is saved."""
    sink.plays({"dot": [HANG]})
    mailing_id = await sent_off(db, mailings, 1)
    here = structs.replace(settings, smtp_url=f"smtp://127.0.0.1:{sink.port}?tls=off")
    worker = Worker(db, here, tokens, poll=0.05, timeouts=structs.replace(QUICK, dot=1.5))
    running = asyncio.create_task(worker.run())

    async def on_the_wire() -> bool:
        return (await db.read(mailings.tally, mailing_id)).sending == 1

    async def ended() -> bool:
        return (await db.read(mailings.tally, mailing_id)).left == 0

    await eventually(on_the_wire)
    structs.force_setattr(here, "in_doubt", "ask")
    await eventually(ended)
    assert await db.read(mailings.tally, mailing_id) == Tally(in_doubt=1)
    await worker.stop(timeout=5)
    await running
