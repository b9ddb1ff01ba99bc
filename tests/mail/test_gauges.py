"""How sending stands in numbers, to the millisecond and the hour; what a mailing said is forgotten when it is over."""

import msgspec

from newsletter.clock import DAY, HOUR
from newsletter.mail import Mailings, hold
from newsletter.mail.gauges import gauges
from newsletter.mail.life import beat
from newsletter.mail.spent import drop_content
from newsletter.storage import Database, Tx
from tests.conftest import NOON, Clock
from tests.mail.conftest import run
from tests.mail.mailing import sent_off

IDLE = {"single": 0, "many": 0, "oldest": 0, "failed": 0, "sent": 0, "workers": 0, "held": 0, "paused": 0}


async def put(db: Database, id: int, state: str, not_before: int, settled_at: int | None = None) -> None:
    """A message to a single person."""
    await run(
        db,
        """INSERT INTO outbox (id, message, priority, recipient, context, message_id, state, not_before, created_at,
                               settled_at)
           VALUES (:id, 'guide', 0, 'ada@example.org', '{}', '', :state, :at, 0, :settled)""",
        id=id,
        state=state,
        at=not_before,
        settled=settled_at,
    )


async def relay(db: Database, **changes: int | str) -> None:
    for name, value in changes.items():
        await run(db, f"UPDATE send_limits SET {name} = :value WHERE name = 'relay'", value=value)


async def test_nothing_is_nothing(db: Database) -> None:
    assert await db.read(gauges) == IDLE


async def test_what_waits_and_what_failed_within_a_day(db: Database, mailings: Mailings) -> None:
    mailing_id = await sent_off(db, mailings, 4)
    held = await sent_off_more(db, mailings)
    await run(
        db, "UPDATE outbox SET state = 'sent' WHERE mailing_id = :id AND subscriber_id = 1", id=mailing_id
    )
    await run(
        db, "UPDATE outbox SET state = 'deferred' WHERE mailing_id = :id AND subscriber_id = 2", id=mailing_id
    )
    await put(db, 1, "queued", NOON - 1_500)
    await put(db, 2, "deferred", NOON + 9)
    await put(db, 3, "sent", 0, NOON)
    await put(db, 4, "failed", 0, NOON - DAY)
    await put(db, 5, "failed", 0, NOON - DAY - 1)
    await put(db, 6, "sent", 0, NOON)
    assert await db.read(gauges) == IDLE | {"single": 2, "many": 3, "oldest": 1.5, "failed": 1}
    await db.write(mailings.let_go, held)
    assert (await db.read(gauges))["many"] == 5


async def sent_off_more(db: Database, mailings: Mailings) -> int:
    """To two of the same, and held."""
    mailing_id: int = await db.write(mailings.start, b"x")
    await run(
        db,
        """INSERT INTO outbox (id, message, priority, subscriber_id, recipient, context, message_id, state, not_before,
                               created_at, mailing_id)
           SELECT 100 + id, 'x', 10, id, email, '{}', '', 'queued', 0, 0, :mailing FROM subscribers WHERE id <= 2""",
        mailing=mailing_id,
    )
    assert await db.write(mailings.hold, mailing_id)
    return mailing_id


async def test_what_is_not_due_yet_has_not_waited(db: Database) -> None:
    await put(db, 1, "queued", NOON + 1)
    assert await db.read(gauges) == IDLE | {"single": 1}


async def test_what_was_sent_in_the_last_24_hours(db: Database) -> None:
    hour = NOON // HOUR
    await relay(
        db, sent=msgspec.json.encode({str(hour - 24): 100, str(hour - 23): 10, str(hour): 1}).decode()
    )
    assert await db.read(gauges) == IDLE | {"sent": 11}


async def test_who_works_and_why_nothing_leaves(db: Database, clock: Clock) -> None:
    await db.write(beat, 1)
    await relay(db, paused_until=NOON + 1)
    assert await db.read(gauges) == IDLE | {"workers": 1, "paused": 1}
    clock.forward(1)
    await db.write(hold.hold)
    assert await db.read(gauges) == IDLE | {"workers": 1, "held": 1}


async def test_what_a_mailing_said_is_forgotten_when_nothing_of_it_is_left(
    db: Database, mailings: Mailings
) -> None:
    mailing_id = await sent_off(db, mailings, 1)
    other = await sent_off_more(db, mailings)

    async def there(tx: Tx) -> int:
        return int(await tx.value("SELECT count(*) FROM mailings"))

    for state in ("queued", "sending", "deferred"):
        await run(db, "UPDATE outbox SET state = :state WHERE mailing_id = :id", id=mailing_id, state=state)
        assert not await db.write(drop_content, mailing_id)
    await run(db, "UPDATE outbox SET state = 'failed' WHERE mailing_id = :id", id=mailing_id)
    assert await db.read(there) == 2
    assert await db.write(drop_content, mailing_id)
    assert not await db.write(drop_content, mailing_id)
    assert await db.read(there) == 1
    assert not await db.write(drop_content, other)
