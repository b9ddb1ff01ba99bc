"""What the owner does with comments. Each verb is one transaction, and idempotent."""

from typing import Literal

from newsletter.addresses import Address
from newsletter.comments.actions import Comments
from newsletter.comments.bayes import tokens
from newsletter.comments.model import Comment, Options, Policy, Status, Words
from newsletter.comments.publishing import below, publish, take_away, withdraw
from newsletter.comments.rules import parse_rules
from newsletter.comments.store import comments as store
from newsletter.comments.store import learning, people, threads
from newsletter.comments.store.comments import Waiting
from newsletter.errors import BadInput, Conflict, NotFound, Repeated
from newsletter.mail import Post
from newsletter.storage import Tx

GONE = "This comment is not there any more."
CHANGED = "Its author has changed it since you read it. Please look again: this is what it says now."
MOST_AT_ONCE = 100


class Moderation:
    def __init__(self, comments: Comments, post: Post) -> None:
        self._comments = comments
        self._post = post

    async def queue(self, tx: Tx, status: Status, before: int, most: int) -> list[Waiting]:
        """The newest first; `before` is an id, and 0 the beginning."""
        return await store.queue(tx, status, before or 2**63 - 1, most)

    async def waiting(self, tx: Tx) -> dict[str, int]:
        """How many are unverified, pending and spam."""
        return await store.waiting(tx)

    async def look(self, tx: Tx, id: int) -> Waiting:
        """Raises NotFound."""
        found = await store.look(tx, id)
        if found is None or found.status == "deleted":
            raise NotFound(GONE)
        return found

    async def find(self, tx: Tx, id: int) -> Comment:
        """Raises NotFound."""
        comment = await store.find(tx, id, held=True)
        if comment is None or comment.status == "deleted":
            raise NotFound(GONE)
        return comment

    async def approve(self, tx: Tx, id: int, read: int | None = None) -> None:
        """The public sees it from now on, and its author is known as one whom the owner lets speak.

        `read` is the `edited_at` of the words that the owner has read, 0 for those that it came with. Raises NotFound,
        and Conflict where these are others: an edit must not get past whoever looks.
        """
        comment = await self.find(tx, id)
        if comment.status == "approved":
            return
        if read is not None and read != (comment.edited_at or 0):
            raise Conflict(CHANGED)
        await store.decide(tx, comment, "approved")
        if comment.learned != "ham":  # else it stood before its author changed it, and was counted then
            await people.stood(tx, comment.commenter_id, 1)
        await self._learn(tx, comment, "ham")
        await publish(tx, comment)

    async def spam(self, tx: Tx, id: int) -> None:
        """Nobody sees it, and what is like it is held from now on."""
        comment = await self.find(tx, id)
        if comment.status == "spam" and not comment.why:
            return
        await store.decide(tx, comment, "spam")
        await withdraw(tx, self._post, id)
        if comment.learned == "ham":
            await people.stood(tx, comment.commenter_id, -1)
        await self._learn(tx, comment, "spam")
        if comment.status == "approved":
            await threads.changed(tx, comment.thread_id, -1)

    async def delete(self, tx: Tx, id: int) -> None:
        await take_away(tx, self._post, await self.find(tx, id))

    async def block(self, tx: Tx, id: int) -> None:
        """This is spam, and whatever its author says from now on is."""
        comment = await self.find(tx, id)
        await people.block(tx, comment.commenter_id)
        await self.spam(tx, id)
        for status in ("unverified", "pending"):
            for waiting in await store.of_person(tx, comment.commenter_id or 0, status, held=True):
                await store.decide(tx, waiting, "spam", "You blocked this author.")

    async def reply(
        self, tx: Tx, id: int, name: str, owner: Address, words: Words, read: int | None = None
    ) -> Comment:
        """The owner answers, and so approves what is answered. Raises what `approve` raises, BadInput, Repeated."""
        if not words.raw.strip():
            raise BadInput("Please write an answer.", {"comment": "Please write an answer."})
        await self.approve(tx, id, read)
        comment = await self.find(tx, id)
        options = await learning.options(tx)
        thread = await threads.find(tx, comment.thread_id)
        assert thread is not None
        answer = await store.add(
            tx,
            parent_path=below(comment, options.depth),
            digest=self._comments.digest(thread.id, id, name, words.raw),
            thread_id=thread.id,
            parent_id=id,
            by_owner=1,
            name=name,
            avatar=self._comments.picture(thread.url, owner.key),
            raw=words.raw,
            html=words.html,
            status="approved",
        )
        if answer is None:
            raise Repeated("You have answered exactly this already.")
        await publish(tx, answer)
        return answer

    async def edit(self, tx: Tx, id: int, words: Words) -> None:
        """The owner's hand in somebody's words, through the one pipeline. Raises NotFound."""
        comment = await self.find(tx, id)
        await store.rewrite(tx, id, words.raw, words.html)
        await threads.changed(tx, comment.thread_id, 0)

    async def close(self, tx: Tx, thread_id: int, *, closed: bool) -> None:
        await threads.close(tx, thread_id, closed=closed)

    async def options(self, tx: Tx, *, held: bool = False) -> Options:
        """`held`: nobody else changes them until the transaction ends."""
        return await learning.options(tx, held=held)

    async def set_options(
        self, tx: Tx, policy: Policy, depth: int, most_links: int, close_after_days: int, rules: str
    ) -> None:
        """Raises BadInput that names the line of a rule that can't be read."""
        parse_rules(rules)
        await learning.set_options(tx, policy, depth, most_links, close_after_days, rules)

    async def _learn(self, tx: Tx, comment: Comment, lesson: Literal["spam", "ham"]) -> None:
        """Once for each comment; a change of mind takes the earlier lesson back."""
        if comment.by_owner or comment.learned == lesson:
            return
        words = tokens(comment.raw, comment.name, comment.website)
        if comment.learned:
            await learning.learn(tx, words, comment.learned, -1)
        await learning.learn(tx, words, lesson, 1)
        await store.learned(tx, comment.id, lesson)
