"""Who claims and finds only what must not go has to look again: there may be more behind it."""

from newsletter.mail import Post
from newsletter.mail.claims import claim
from newsletter.mail.limits import UNLIMITED
from newsletter.mail.outbox import TOPIC
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.mail.conftest import ADA, BEN, CONTEXTS, rows

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
