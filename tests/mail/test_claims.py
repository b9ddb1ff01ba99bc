"""A worker looks again where it found only what must not go, and says that it lives when it is time to."""

from newsletter.clock import SECOND
from newsletter.mail import Post
from newsletter.mail.claims import claim
from newsletter.mail.limits import UNLIMITED
from newsletter.mail.outbox import TOPIC
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.conftest import NOON, Clock
from tests.mail.conftest import ADA, BEN, CONTEXTS, AtWork, rows, run, settled

CONFIRM = CONTEXTS["confirmation"]


async def test_a_worker_is_woken_where_all_that_it_found_is_skipped(
    db: Database, post: Post, tokens: Tokens
) -> None:
    await db.write(post.suppress, ADA, "bounced")
    await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
    before = db.woken(TOPIC)
    assert not await db.write(claim, tokens, UNLIMITED, 1, 8)
    assert [row.state for row in await rows(db)] == ["skipped"]
    assert db.woken(TOPIC) == before + 1
    assert not await db.write(claim, tokens, UNLIMITED, 1, 8)
    await db.write(post.enqueue, "confirmation", BEN, context=CONFIRM)
    assert db.woken(TOPIC) == before + 2, "by what was enqueued alone"
    assert len(await db.write(claim, tokens, UNLIMITED, 1, 8)) == 1
    assert db.woken(TOPIC) == before + 2


async def test_a_worker_says_that_it_lives_as_often_as_it_should_and_not_all_the_time(
    db: Database, post: Post, at_work: AtWork, clock: Clock
) -> None:
    async with at_work(beat=3600):
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
        await settled(db, "sent")
        clock.forward(SECOND)
        await db.write(post.enqueue, "confirmation", BEN, context=CONFIRM)
        await settled(db, "sent", "sent")
        assert await run(db, "UPDATE workers SET seen_at = seen_at WHERE seen_at = :at", at=NOON) == 1
