"""Who hears of a comment: followers once it is public, the owner while it waits. Rounds of chores call these."""

import re
from html import escape
from typing import Any

from newsletter.addresses import Address
from newsletter.clock import DAY, MINUTE
from newsletter.comments.model import Comment, Thread
from newsletter.comments.publishing import take_away
from newsletter.comments.store import comments as store
from newsletter.comments.store import learning, mails, people, threads
from newsletter.comments.text import plain
from newsletter.mail import REFUSED, Post
from newsletter.settings import Settings
from newsletter.storage import Tx

AT_ONCE = 100  # followers in one transaction
DIGEST_EVERY = 15 * MINUTE
"""The owner gets the first at once, and what comes within this time together."""

MOST_IN_DIGEST = 10
EXCERPT = 300
LONGEST_TITLE = 100
SPAM_LIVES = 30 * DAY

_LINK = re.compile(r"(?:\b[a-z][a-z0-9+.-]*://|\bwww\.)\S*|\b(?:javascript|data|mailto):\S*", re.IGNORECASE)


class Notices:
    def __init__(self, settings: Settings, post: Post) -> None:
        self._settings = settings
        self._post = post

    async def tell_followers(self, tx: Tx) -> bool:
        """Mails some followers of the oldest comment that has any left to tell. False when there is nothing to do."""
        due = await learning.next_notice(tx)
        if due is None:
            return False
        comment = await store.find(tx, due.comment_id)
        thread = await threads.find(tx, comment.thread_id) if comment else None
        if comment is None or thread is None or comment.status != "approved":
            if due.after:
                await learning.noticed(tx, due.comment_id, due.after, done=True)
            else:
                await learning.unnoticed(tx, due.comment_id)
            return True
        parent = await store.find(tx, comment.parent_id) if comment.parent_id else None
        answered = parent.commenter_id if parent else None
        to_tell = await people.followers(tx, thread.id, answered, due.after, AT_ONCE)
        for person in to_tell:
            if person.id != comment.commenter_id:
                await self._tell(tx, person, comment, thread, answers_you=answered == person.id)
        last = to_tell[-1].id if to_tell else due.after
        await learning.noticed(tx, comment.id, last, done=len(to_tell) < AT_ONCE)
        return True

    async def _tell(
        self, tx: Tx, person: people.Follower, comment: Comment, thread: Thread, *, answers_you: bool
    ) -> None:
        context: dict[str, Any] = {
            "answers_you": answers_you,
            "name": said(escape(comment.name)),
            "title": said(escape(thread.title), LONGEST_TITLE) or thread.url,
            "excerpt": said(comment.html, EXCERPT),
            "address": f"{thread.url}#comment-{comment.id}",
            "links": {"unsubscribe": ["/f/", "unfollow", [person.follow_id]]},
            "unsubscribe": True,
        }
        if self._settings.bounce_domain:
            context["reply"] = [comment.id, person.id]
        sent = await self._post.enqueue(tx, "comment_reply", person.email, context=context)
        await mails.add(tx, comment.id, sent.id)

    async def unfollow(self, tx: Tx, follow_id: int) -> None:
        """One click; somebody who follows no more stays so."""
        await people.unfollow(tx, follow_id)

    async def tell_owner(self, tx: Tx, owner: Address) -> bool:
        """One mail about all that waits and was not told yet; together when many. Whether one was enqueued."""
        options = await learning.options(tx)
        if tx.now - DIGEST_EVERY < options.told_at <= tx.now:  # beyond: by a clock that was wrong
            return False
        waiting = await store.untold(tx, MOST_IN_DIGEST)
        if not waiting or not await learning.told(tx, options.told_at):
            return False
        await store.told(tx, waiting[0].id)
        total = (await store.waiting(tx)).get("pending", 0)
        items = [
            {
                "name": said(escape(one.name)),
                "title": said(escape(one.title), LONGEST_TITLE) or one.url,
                "why": one.why,
                "excerpt": said(one.html, EXCERPT),
                "link": ["/comments/moderate/", "moderate", [one.id]],
            }
            for one in waiting
        ]
        sent = await self._post.enqueue(
            tx, "moderation", owner.email, context={"items": items, "total": total}
        )
        for one in waiting:
            await mails.add(tx, one.id, sent.id)
        return True

    async def purge(self, tx: Tx, most: int = 200) -> int:
        """Forgets comments whose address nobody confirmed or can confirm, and old spam; how many went."""
        unconfirmed = tx.now - self._settings.pending_days * DAY
        old = await store.stale(tx, "unverified", unconfirmed, most)
        old += await store.stale(tx, "pending", unconfirmed, most, nobodys=True)
        old += await store.stale(tx, "spam", tx.now - SPAM_LIVES, most)
        for comment in old:
            await take_away(tx, self._post, comment)
            if comment.commenter_id:
                await people.forget_idle(tx, comment.commenter_id)
        return len(old)


def said(html: str, longest: int = EXCERPT) -> str:
    """A stranger's words for a mail of ours: text on one line, nothing to press, nothing that a header chokes on."""
    text = REFUSED.sub(" ", plain(html, longest))
    return _LINK.sub("[link]", text).replace("=?", "= ?")
