"""Who gets a claimed message, who doesn't, and how long it is tried. On both engines."""

from typing import Any

from newsletter.clock import DAY, HOUR, MINUTE
from newsletter.mail import Post
from newsletter.mail.ledger import TRIES, settlement, turn
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.conftest import NOON, Clock
from tests.mail.conftest import ADA, BEN, CLEO, CONTEXTS, OLGA, AtWork, delivery, row, rows, run, settled
from tests.mail.sink import Sink

CONFIRM = CONTEXTS["confirmation"]


async def subscriber(db: Database, id: int, **more: Any) -> None:
    await run(
        db,
        """INSERT INTO subscribers (id, email, email_key, status, created_at, unsubscribed_at)
           VALUES (:id, :email, :email, 'active', :now, :left)""",
        id=id,
        email=f"{id}@example.org",
        now=NOON,
        left=more.get("left"),
    )


def test_a_deferred_message_is_tried_for_three_days() -> None:
    """Give or take the fifth by which each pause differs, so that messages don't come back all at once."""
    pauses = [
        settlement(delivery(attempts=attempts), "deferred", "451 later") for attempts in range(TRIES - 1)
    ]
    expected = [min(MINUTE * 2**attempts, 4 * HOUR) for attempts in range(TRIES - 1)]
    assert 3 * DAY <= sum(expected) < 3 * DAY + HOUR
    for done, pause in zip(pauses, expected, strict=True):
        assert done.state == "deferred"
        assert 0.8 * pause <= done.delay <= 1.2 * pause
    assert settlement(delivery(attempts=TRIES - 1), "deferred", "451 later").state == "failed"


async def test_whom_we_must_not_mail(
    db: Database, post: Post, at_work: AtWork, sink: Sink, clock: Clock
) -> None:
    for to in (ADA, BEN.upper(), CLEO):
        await db.write(post.enqueue, "confirmation", to, context=CONFIRM)
    await db.write(post.enqueue, "sign_in", OLGA, context=CONTEXTS["sign_in"])
    await db.write(post.suppress, ADA, "not_me")
    await db.write(post.suppress, BEN, "erased")
    await db.write(post.suppress, CLEO, "bounced", NOON + 5)
    await db.write(post.suppress, OLGA, "owner")
    clock.forward(5)
    async with at_work():
        await settled(db, "skipped", "skipped", "sent", "sent")
    assert sorted(mail.recipient.decode() for mail in sink.mails) == [CLEO, OLGA]
    first = await rows(db)
    assert (first[0].recipient, first[0].reply) == ("", "The address is on the suppression list.")


async def test_a_long_row_of_those_we_must_not_mail_hides_nobody(
    db: Database, post: Post, at_work: AtWork, sink: Sink
) -> None:
    await db.write(post.suppress, ADA, "not_me")
    for _ in range(20):
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
    await db.write(post.enqueue, "confirmation", BEN, context=CONFIRM)
    async with at_work(connections=1):
        await settled(db, *["skipped"] * 20, "sent")


async def test_who_has_left_is_not_mailed_unless_they_asked_after_that(
    db: Database, post: Post, at_work: AtWork, sink: Sink, clock: Clock
) -> None:
    await subscriber(db, 1)
    await subscriber(db, 2, left=NOON - 1)
    await subscriber(db, 3, left=NOON + 1)
    for id in (1, 2, 3, 4):  # 4 is erased
        await db.write(
            post.enqueue, "guide", f"{id}@example.org", context=CONTEXTS["guide"], subscriber_id=id
        )
    clock.forward(2)
    async with at_work():
        await settled(db, "sent", "sent", "skipped", "skipped")


async def test_a_settlement_is_fenced(db: Database, post: Post, tokens: Tokens) -> None:
    """What another worker has taken over is no longer ours to settle."""
    await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
    (mine,) = await db.write(turn, tokens, 1, None, 1)
    assert await db.write(turn, tokens, 2, None, 1) == []
    await run(db, "UPDATE outbox SET worker = 2")
    await db.write(turn, tokens, 1, settlement(mine, "sent", "250 ok"), 0)
    assert (await row(db)).state == "sending"
    await db.write(turn, tokens, 2, settlement(mine, "sent", "250 ok"), 0)
    assert (await row(db)).state == "sent"
