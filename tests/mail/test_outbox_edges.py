"""The outbox at its edges: a budget to the millisecond, what is withdrawn, who is forgotten, and the longer end."""

from newsletter.clock import DAY
from newsletter.mail import Mailings, Post, Recipient, prune
from newsletter.mail.outbox import TOPIC
from newsletter.storage import Database, Tx
from tests.conftest import NOON, Clock
from tests.mail.conftest import ADA, BEN, CONTEXTS, rows, run
from tests.mail.mailing import content, people


async def last_at(db: Database, at: int) -> None:
    await run(db, "UPDATE mail_budgets SET last_at = :at", at=at)


async def test_a_budget_is_one_a_day_to_the_millisecond(db: Database, post: Post, clock: Clock) -> None:
    assert await db.write(post.take_budget, ADA, cap=9)
    clock.forward(DAY - 1)
    assert not await db.write(post.take_budget, ADA, cap=9)
    clock.forward(1)
    assert await db.write(post.take_budget, ADA, cap=9)
    await last_at(db, clock() + DAY)  # a clock is set back by a day, which may be right
    assert not await db.write(post.take_budget, ADA, cap=9)
    await last_at(db, clock() + DAY + 1)
    assert await db.write(post.take_budget, ADA, cap=9)


async def test_a_budget_has_its_end_and_begins_anew_after_so_long(
    db: Database, post: Post, clock: Clock
) -> None:
    assert await db.write(post.take_budget, ADA, cap=1)
    clock.forward(3 * DAY)
    assert not await db.write(post.take_budget, ADA, cap=1)
    assert not await db.write(post.take_budget, ADA, cap=1, forgotten=3 * DAY + 1)
    assert await db.write(post.take_budget, ADA, cap=1, forgotten=3 * DAY)
    clock.forward(DAY)
    assert not await db.write(post.take_budget, ADA, cap=1), "it is the first of its new count"
    assert await db.write(post.take_budget, ADA, cap=2)
    await db.write(post.clear_budget, ADA)
    assert await db.write(post.take_budget, ADA, cap=1)
    assert await db.write(post.take_budget, BEN, cap=1), "and another's is their own"


async def test_what_is_withdrawn_is_not_sent_where_it_waits_and_says_nothing_where_it_went(
    db: Database, post: Post
) -> None:
    ids = {}
    for state in ("queued", "deferred", "sending", "sent", "failed"):
        made = await db.write(post.enqueue, "confirmation", ADA, context=CONTEXTS["confirmation"])
        await run(db, "UPDATE outbox SET state = :state WHERE id = :id", state=state, id=made.id)
        ids[state] = made.id
    taken = [state for state, id in ids.items() if await db.write(post.withdraw, id)]
    assert taken == ["queued", "deferred"]

    async def contexts(tx: Tx) -> list[bool]:
        """Of those that are left, whether they still say something."""
        asked = "SELECT context FROM outbox WHERE id = :id"
        return [await tx.value(asked, id=ids[state]) != "{}" for state in ("sending", "sent", "failed")]

    assert {row.state for row in await rows(db)} == {"sending", "sent", "failed"}
    assert await db.read(contexts) == [True, False, False]


async def test_who_is_forgotten_leaves_nothing_and_others_stay(db: Database, post: Post) -> None:
    for email, subscriber_id in ((ADA, 1), (ADA, None), (BEN, 2), (BEN, None)):
        await db.write(
            post.enqueue, "confirmation", email, context=CONTEXTS["confirmation"], subscriber_id=subscriber_id
        )

    async def left(tx: Tx) -> list[int]:
        asked = "SELECT count(*) FROM outbox WHERE recipient = :email"
        return [int(await tx.value(asked, email=email)) for email in (ADA, BEN)]

    await db.write(post.forget_address, ADA)
    assert await db.read(left) == [1, 2]
    await db.write(post.forget, 1)
    assert await db.read(left) == [0, 2]
    await db.write(post.forget, 2)
    assert await db.read(left) == [0, 1]


async def test_what_was_settled_long_ago_goes_but_not_who_got_a_mailing(db: Database, post: Post) -> None:
    for id, mailing, reader, settled in (
        (1, None, 7, NOON - 1), (2, None, 7, NOON), (3, None, 7, None), (4, 9, 7, NOON - 1), (5, 9, None, NOON - 1),
    ):  # fmt: skip
        await run(
            db,
            """INSERT INTO outbox (id, message, priority, subscriber_id, recipient, context, message_id, state,
                                   not_before, created_at, settled_at, mailing_id)
               VALUES (:id, 'x', 0, :reader, '', '{}', '', 'sent', 0, 0, :settled, :mailing)""",
            id=id,
            reader=reader,
            settled=settled,
            mailing=mailing,
        )
    assert await db.write(prune, NOON) == 2
    assert [row.id for row in await rows(db)] == [2, 3, 4]


async def test_the_longer_of_two_wishes_holds(db: Database, post: Post, clock: Clock) -> None:
    async def until(tx: Tx) -> tuple[str, int | None]:
        return await tx.value("SELECT reason FROM suppressions"), await tx.value(
            "SELECT expires_at FROM suppressions"
        )

    await db.write(post.suppress, ADA, "bounced", NOON + 5)
    await db.write(post.suppress, ADA, "owner", NOON + 5)
    assert await db.read(until) == ("bounced", NOON + 5)
    await db.write(post.suppress, ADA, "owner", NOON + 6)
    assert await db.read(until) == ("owner", NOON + 6)
    clock.forward(5)
    assert await db.read(post.suppressed, ADA)
    clock.forward(1)
    assert not await db.read(post.suppressed, ADA)
    await db.write(post.suppress, ADA, "bounced")
    assert await db.read(until) == ("bounced", None)
    await db.write(post.suppress, ADA, "owner", NOON + DAY)
    assert await db.read(until) == ("bounced", None)
    assert await db.read(post.suppressed, ADA) in post.listed_as(ADA)
    assert not await db.read(post.suppressed, BEN)


async def test_a_sample_is_forgotten_by_its_address_and_a_reader_s_own_mail_is_not(
    db: Database, mailings: Mailings
) -> None:
    """That goes with the reader."""
    (reader,) = await people(db, 1)
    mailing_id = await db.write(mailings.start, content())
    before = db.woken(TOPIC)
    samples = [Recipient(None, reader.email.title()), Recipient(None, ADA)]
    await db.write(mailings.fill, mailing_id, [reader, *samples])
    assert db.woken(TOPIC) == before + 1, "whoever sends hears of it"
    await db.write(mailings.forget_samples, reader.email)
    assert {row.recipient for row in await rows(db)} == {reader.email, ADA}
