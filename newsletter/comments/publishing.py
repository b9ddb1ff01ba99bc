"""What follows where a comment comes before the public or leaves it, whoever it was that decided so."""

from newsletter.comments.model import Comment
from newsletter.comments.store import comments as store
from newsletter.comments.store import learning, mails, people, threads
from newsletter.mail import Post
from newsletter.storage import Tx

MOST_LEVELS = 6


async def publish(tx: Tx, comment: Comment) -> None:
    """The public sees it from now on, and who follows its thread is told, once."""
    await threads.name(tx, comment.thread_id, comment.id)
    await threads.changed(tx, comment.thread_id, 1)
    await follow(tx, comment)
    await learning.notice(tx, comment.id)


async def follow(tx: Tx, comment: Comment) -> None:
    """What its author wished to hear of; mails of it go to confirmed addresses only."""
    if comment.follow and comment.commenter_id:
        await people.follow(tx, comment.thread_id, comment.commenter_id, comment.follow)


async def take_away(tx: Tx, post: Post, comment: Comment) -> None:
    """Nothing stays of a comment; where others answered it, an empty place does, for as long as they stay."""
    await withdraw(tx, post, comment.id)
    if await store.has_replies(tx, comment.id):
        await store.blank(tx, comment.id)
    else:
        await store.remove(tx, comment.id)
        parent = await store.find(tx, comment.parent_id, held=True) if comment.parent_id else None
        if parent and parent.status == "deleted":
            await take_away(tx, post, parent)
    await threads.changed(tx, comment.thread_id, -1 if comment.status == "approved" else 0)


async def withdraw(tx: Tx, post: Post, comment_id: int) -> None:
    """No mail says what it said: none that waits, and none in the ledger of those that went."""
    for outbox_id in await mails.of_comment(tx, comment_id):
        await mails.untold(tx, outbox_id)
        await post.withdraw(tx, outbox_id)


def below(parent: Comment | None, depth: int) -> str:
    """The path under which an answer to `parent` stands: at most `depth` levels deep, then beside it."""
    if parent is None:
        return ""
    return parent.path[: 16 * min(max(1, depth), MOST_LEVELS)]
