"""What features may ask of the outbox, on both engines."""

import asyncio
from typing import Any

import msgspec
import pytest

from newsletter.clock import DAY, HOUR
from newsletter.mail import Post, last_sent, prune, waiting
from newsletter.mail.outbox import Enqueued
from newsletter.settings import Settings
from newsletter.storage import Database, Tx
from newsletter.tokens import Tokens
from tests.conftest import NOON, Clock
from tests.mail.conftest import ADA, BEN, CLEO, CONTEXTS, row, rows, run

CONFIRM = CONTEXTS["confirmation"]


async def put(
    db: Database, post: Post, to: str = ADA, message: str = "confirmation", **more: Any
) -> Enqueued:
    return await db.write(post.enqueue, message, to, context=CONTEXTS[message], **more)


async def test_it_works(db: Database, post: Post) -> None:
    enqueued = await put(db, post, subscriber_id=7)
    found = await row(db)
    assert (found.id, found.message_id) == (enqueued.id, enqueued.message_id)
    assert (found.message, found.recipient, found.state) == ("confirmation", ADA, "queued")
    assert (found.attempts, found.resends, found.not_before, found.settled_at) == (0, 0, NOON, None)


async def test_enqueue_is_one_insert(db: Database, post: Post) -> None:
    """So that a sign-up costs the same whether anything is sent or not."""
    asked: list[str] = []

    class Counting:
        def __init__(self, tx: Tx) -> None:
            self._tx = tx

        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(self._tx, name)

    async def act(tx: Tx, skip: str) -> None:
        counting: Any = Counting(tx)
        await post.enqueue(counting, "confirmation", ADA, context=CONFIRM, skip=skip)

    for skip in ("", "suppressed"):
        asked.clear()
        await db.write(act, skip)
        assert [name for name in asked if name not in ("now", "wake")] == ["put"]


async def test_the_message_id_follows_from_the_row_and_names_nobody(
    db: Database, post: Post, settings: Settings, tokens: Tokens
) -> None:
    enqueued = await put(db, post)
    assert enqueued.message_id.endswith("@example.com>")
    assert str(enqueued.id) not in enqueued.message_id
    expected = tokens.fingerprint("message-id", str(enqueued.id))[:32]
    assert enqueued.message_id == f"<{expected}@example.com>"


async def test_no_live_token_lies_in_the_table(db: Database, post: Post, tokens: Tokens) -> None:
    await put(db, post)

    async def look(tx: Tx) -> str:
        return str(await tx.value("SELECT context FROM outbox"))

    context = await db.read(look)
    assert msgspec.json.decode(context) == CONFIRM
    assert tokens.make("confirm", 41, 1, now=NOON) not in context


async def test_a_skipped_message_leaves_no_address(db: Database, post: Post) -> None:
    await put(db, post, skip="suppressed")
    found = await row(db)
    assert (found.state, found.reply, found.recipient, found.settled_at) == (
        "skipped",
        "suppressed",
        "",
        NOON,
    )


async def test_enqueue_is_undone_with_its_transaction(db: Database, post: Post) -> None:
    class ChangedMindError(Exception):
        pass

    async def act(tx: Tx) -> None:
        await post.enqueue(tx, "confirmation", ADA, context=CONFIRM)
        raise ChangedMindError

    with pytest.raises(ChangedMindError):
        await db.write(act)
    assert await rows(db) == []


async def test_the_budget_is_one_a_day_and_three_in_all(db: Database, post: Post, clock: Clock) -> None:
    taken = []
    for _ in range(6):
        taken.append(await db.write(post.take_budget, ADA, cap=3))
        clock.forward(DAY)
    assert taken == [True, True, True, False, False, False]


async def test_the_budget_is_for_24_hours_not_for_a_date(db: Database, post: Post, clock: Clock) -> None:
    assert await db.write(post.take_budget, ADA, cap=3)
    clock.forward(DAY - 1)
    assert not await db.write(post.take_budget, ADA, cap=3)
    clock.forward(1)
    assert await db.write(post.take_budget, ADA, cap=3)


async def test_variants_of_an_address_share_a_budget(db: Database, post: Post) -> None:
    variants = [f"b.e.n.benben+tag{n}@googlemail.com" for n in range(30)]
    assert await db.write(post.take_budget, "benbenben@gmail.com", cap=3)
    assert not any([await db.write(post.take_budget, variant, cap=3) for variant in variants])
    assert await db.write(post.take_budget, BEN, cap=3)


async def test_a_hundred_at_once_take_one(db: Database, post: Post) -> None:
    taken = await asyncio.gather(*(db.write(post.take_budget, ADA, cap=3) for _ in range(100)))
    assert sum(taken) == 1


async def test_who_confirms_gets_a_new_budget(db: Database, post: Post) -> None:
    assert await db.write(post.take_budget, ADA, cap=1)
    await db.write(post.clear_budget, "ada+letters@example.org")
    assert await db.write(post.take_budget, ADA, cap=1)


async def test_suppression(db: Database, post: Post, clock: Clock) -> None:
    assert not await db.read(post.suppressed, ADA)
    await db.write(post.suppress, ADA, "erased")
    assert await db.read(post.suppressed, ADA)
    assert not await db.read(post.suppressed, BEN)


async def test_a_suppression_may_end_and_the_longer_wish_holds(
    db: Database, post: Post, clock: Clock
) -> None:
    await db.write(post.suppress, BEN, "bounced", NOON + DAY)
    await db.write(post.suppress, BEN, "bounced", NOON + HOUR)
    clock.forward(DAY - 1)
    assert await db.read(post.suppressed, BEN)
    clock.forward(1)
    assert not await db.read(post.suppressed, BEN)
    await db.write(post.suppress, BEN, "not_me")
    await db.write(post.suppress, BEN, "bounced", NOON + 9 * DAY)
    clock.forward(99 * DAY)
    assert await db.read(post.suppressed, BEN)


async def test_the_tables_that_outlive_people_hold_no_address(db: Database, post: Post) -> None:
    await db.write(post.suppress, ADA, "erased")
    await db.write(post.take_budget, ADA, cap=3)

    async def look(tx: Tx) -> list[str]:
        return [
            str(await tx.value(sql))
            for sql in ("SELECT key FROM suppressions", "SELECT key FROM mail_budgets")
        ]

    keys = await db.read(look)
    assert all(len(key) == 64 and int(key, 16) for key in keys)
    assert len(set(keys)) == 2, "one table must not be joined with the other"


async def test_forgetting_one_person(db: Database, post: Post) -> None:
    await put(db, post, ADA, subscriber_id=1)
    await put(db, post, BEN, subscriber_id=2)
    await db.write(post.forget, 1)
    assert [one.recipient for one in await rows(db)] == [BEN]


async def test_pruning_keeps_what_is_not_settled(db: Database, post: Post) -> None:
    await put(db, post, ADA)
    await put(db, post, BEN, skip="budget")
    assert await db.write(prune, NOON) == 0
    assert await db.write(prune, NOON + 1) == 1
    assert [one.recipient for one in await rows(db)] == [ADA]


async def test_what_those_above_see(db: Database, post: Post) -> None:
    await put(db, post, ADA, subscriber_id=1)
    await put(db, post, CLEO, subscriber_id=3)
    await run(
        db, "UPDATE outbox SET state = 'sent', settled_at = :now WHERE recipient = :who", now=NOON, who=CLEO
    )
    assert (await db.read(waiting))["queued"] == 1
    assert await db.read(last_sent, 1) == 0
    assert await db.read(last_sent, 3) == NOON
