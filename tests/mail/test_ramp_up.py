"""A new sending domain begins with few mails a day to many, and twice as many each day; nothing else is held back."""

import pytest

from newsletter.clock import DAY, HOUR
from newsletter.mail import Mailings, Post, Tally, bulk_ledger
from newsletter.mail.limits import Limits, limits_of, meter, ramped, sends_from
from newsletter.settings import Settings, load
from newsletter.storage import Database
from tests.conftest import Clock
from tests.mail.conftest import CONTEXTS, AtWork, eventually, settled
from tests.mail.mailing import sent_off
from tests.mail.sink import Sink

RAMP = Limits(ramp_up=10)


async def reserved(db: Database) -> int:
    return len(await db.write(bulk_ledger.reserve, 1, 1_000, RAMP))


async def test_each_day_lets_twice_as_many_go(db: Database, mailings: Mailings, clock: Clock) -> None:
    await sent_off(db, mailings, 200)
    assert [await reserved(db), await reserved(db)] == [10, 0]
    assert await db.read(ramped, RAMP, 1) == 10
    clock.forward(DAY + HOUR)
    assert await db.read(ramped, RAMP, 1) == 0
    assert [await reserved(db), await reserved(db)] == [20, 0]
    clock.forward(DAY + HOUR)
    assert await reserved(db) == 40
    clock.forward(30 * DAY)
    assert await reserved(db) == 130


async def test_how_many_go_today_is_read_as_long_as_some_have_to_wait(
    db: Database, mailings: Mailings, clock: Clock
) -> None:
    async def told(left: int) -> int:
        return await db.read(ramped, RAMP, left)

    await sent_off(db, mailings, 30)
    assert [await told(0), await told(10), await told(11)] == [0, 0, 10]
    assert await db.read(ramped, Limits(), 30) == 0
    assert await reserved(db) == 10
    assert await told(20) == 10
    clock.forward(DAY + HOUR)
    assert [await told(20), await told(21)] == [0, 20]


async def test_it_begins_with_the_first_broadcast_of_a_domain(
    db: Database, mailings: Mailings, clock: Clock
) -> None:
    await db.write(sends_from, "example.com")
    clock.forward(30 * DAY)
    await sent_off(db, mailings, 100)
    assert await reserved(db) == 10
    clock.forward(2 * DAY)
    await db.write(sends_from, "example.com")
    assert await reserved(db) == 40
    clock.forward(2 * DAY)
    await db.write(sends_from, "example.net")
    assert await reserved(db) == 10


async def test_a_clock_that_is_set_back_lets_no_more_go(
    db: Database, mailings: Mailings, clock: Clock
) -> None:
    await sent_off(db, mailings, 100)
    assert await reserved(db) == 10
    clock.forward(-5 * HOUR)
    assert await reserved(db) == 0


async def test_without_it_the_day_is_the_same_and_its_beginning_is_not_written_down(
    db: Database, mailings: Mailings
) -> None:
    await sent_off(db, mailings, 100)
    assert len(await db.write(bulk_ledger.reserve, 1, 50, Limits())) == 50
    assert (await db.write(meter)).began_at == 0


async def test_who_signs_up_is_not_held_back_and_the_owner_is_told_once(
    db: Database,
    mailings: Mailings,
    post: Post,
    at_work: AtWork,
    sink: Sink,
    caplog: pytest.LogCaptureFixture,
) -> None:
    mailing_id = await sent_off(db, mailings, 30)

    async def some() -> bool:
        return await db.read(mailings.tally, mailing_id) == Tally(sent=8, queued=22)

    async with at_work(ramp_up=8):
        await eventually(some)
        await db.write(post.enqueue, "confirmation", "ada@example.org", context=CONTEXTS["confirmation"])
        await settled(db, *["sent"] * 8, *["queued"] * 22, "sent")
        await eventually(lambda: _told(caplog))
    assert len(sink.mails) == 9
    assert caplog.text.count("The ramp-up lets 8 mails go today") == 1
    caplog.clear()


async def _told(caplog: pytest.LogCaptureFixture) -> bool:
    return "ramp-up" in caplog.text


def test_it_is_a_setting() -> None:
    chosen = load({"NEWSLETTER_RAMP_UP": "200", "NEWSLETTER_SECRET_KEY": "k" * 40})
    assert limits_of(chosen) == Limits(ramp_up=200)
    assert limits_of(Settings()) == Limits()
