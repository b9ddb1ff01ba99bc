"""Writing: from a form to a comment that the public sees, and back within minutes. Each verb is one transaction."""

from typing import Any
from urllib.parse import urlsplit

from newsletter.addresses import Address
from newsletter.clock import MINUTE
from newsletter.comments import judging
from newsletter.comments.model import Comment, Commenter, Draft, Options, Status, Thread, Words, Written
from newsletter.comments.publishing import below, follow, publish, take_away
from newsletter.comments.store import comments as store
from newsletter.comments.store import learning, people, threads
from newsletter.errors import Conflict, NotFound, Refused, Repeated
from newsletter.mail import Post
from newsletter.settings import Settings
from newsletter.storage import Tx
from newsletter.tokens import Tokens

UNCONFIRMED_MAILS = 3
"""As for sign-ups, and out of the same budget: what an address is sent while nobody there confirms."""

EDITABLE = 15 * MINUTE

CLOSED = "Comments are closed on this page."
FOREIGN_PARENT = "What you answer is not there any more. Your text is kept: send it as a comment of its own."
TWICE = "You have said exactly this here already; it is kept."
OLD_LINK = "This link belongs to a comment that is not there any more."
TOO_LATE = (
    "Comments can be changed for 15 minutes. This one stands; the author of the page can still remove it."
)
MORE_WAITS = "What waits under your address is not what you read here before. Please look at it again."
MUTE = "This address asked never to be written to, so nobody can confirm it."


class Comments:
    def __init__(self, settings: Settings, tokens: Tokens, post: Post) -> None:
        self._settings = settings
        self._tokens = tokens
        self._post = post

    async def write(self, tx: Tx, draft: Draft) -> Written:
        """Keeps a comment, and the one mail that it causes where the address is not confirmed yet.

        Raises Refused (closed, foreign parent), Repeated, BadInput for an address that mail can't reach.
        """
        await self._post.check_reach(tx, draft.address.email)
        options = await learning.options(tx)
        thread = await threads.admit(tx, draft.url)
        parent = await self._parent(tx, thread, draft.parent_id)
        if options.closes(thread, tx.now):
            raise Refused(CLOSED)
        if await self._post.suppressed(tx, draft.address.key):
            # Nothing of the address is kept, and nothing told; what would be spam is, all the same.
            known = await people.by_key(tx, draft.address.key) or _somebody(draft.address)
            comment = await self._add(
                tx,
                thread,
                parent,
                None,
                draft,
                _unasked(await judging.judge(tx, options, known, draft)),
                options,
            )
            return Written(comment.id, comment.status)
        person = await people.admit(tx, draft.address)
        status, why = await judging.judge(tx, options, person, draft)
        if person.confirmed_at is None and status != "spam":
            status = "unverified"
        comment = await self._add(tx, thread, parent, person, draft, (status, why), options)
        if status == "unverified":
            along = (draft.signup_id, draft.signup_epoch) if draft.signup_id else ()
            return Written(comment.id, status, await self._ask(tx, person, comment.id, draft.url, along))
        await self._settle(tx, comment, status)
        return Written(comment.id, status)

    async def has(self, tx: Tx, draft: Draft) -> bool:
        """Whether the very same is here already: a button was pressed twice."""
        thread = await threads.by_url(tx, draft.url)
        return thread is not None and await store.is_there(tx, self._digest(thread.id, draft))

    async def _parent(self, tx: Tx, thread: Thread, id: int | None) -> Comment | None:
        """Raises Refused unless it is there for all to see, on the same page; it stays until this is over."""
        if not id:
            return None
        parent = await store.find(tx, id, held=True)
        if parent is None or parent.thread_id != thread.id or parent.status != "approved":
            raise Refused(FOREIGN_PARENT)
        return parent

    async def _add(
        self,
        tx: Tx,
        thread: Thread,
        parent: Comment | None,
        person: Commenter | None,
        draft: Draft,
        judged: tuple[Status, str],
        options: Options,
    ) -> Comment:
        status, why = judged
        author = person.id if person else 0
        comment = await store.add(
            tx,
            parent_path=below(parent, options.depth),
            digest=self._digest(thread.id, draft),
            thread_id=thread.id,
            parent_id=parent.id if parent else None,
            commenter_id=author or None,
            name=draft.name,
            website=draft.website,
            title=draft.title,
            avatar=self.picture(thread.url, draft.address.key) if person else "",
            raw=draft.raw,
            html=draft.html,
            status=status,
            why=why,
            follow=draft.follow,
            signup_id=draft.signup_id,
        )
        if comment is None:
            raise Repeated(TWICE)
        return comment

    def _digest(self, thread_id: int, draft: Draft) -> str:
        """Without the address: else a repeat would tell whose a comment is to who guesses."""
        return self.digest(thread_id, draft.parent_id, draft.name, draft.raw)

    def digest(self, thread_id: int, parent_id: int | None, name: str, raw: str) -> str:
        return self._tokens.fingerprint("comment", f"{thread_id}.{parent_id or 0}\n{name}\n{raw}")

    def picture(self, url: str, email_key: str) -> str:
        """What an avatar is drawn from: the same for one author on one site, and of no use elsewhere."""
        return self._tokens.fingerprint("avatar", f"{urlsplit(url).netloc}\n{email_key}")[:32]

    async def _ask(self, tx: Tx, person: Commenter, comment_id: int, url: str, along: tuple[int, ...]) -> str:
        """One mail with one button; nothing in it that was typed. Its Message-ID, '' where none may go.

        `along` are sign-up and epoch, where the newsletter was asked for too.
        """
        if not await self._post.take_budget(tx, person.email_key, cap=UNCONFIRMED_MAILS):
            return ""
        context: dict[str, Any] = {
            "page_host": urlsplit(url).hostname,
            "newsletter": bool(along),
            "links": {"confirm": ["/comments/confirm/", "comment", [comment_id, person.epoch, *along]]},
        }
        sent = await self._post.enqueue(tx, "comment_confirm", person.email, context=context)
        return sent.message_id

    async def ask_again(self, tx: Tx, comment_id: int, epoch: int, *along: int) -> str:
        """As `_ask`, to the stored address; '' also where nothing waits for it any more."""
        comment = await store.find(tx, comment_id)
        person = await people.find(tx, comment.commenter_id, held=True) if comment else None
        thread = await threads.find(tx, comment.thread_id) if comment else None
        if comment is None or person is None or thread is None or person.epoch != epoch:
            return ""
        if comment.status != "unverified" or await self._post.suppressed(tx, person.email_key):
            return ""
        return await self._ask(tx, person, comment.id, thread.url, along)

    async def is_confirmed(self, tx: Tx, address: Address) -> bool:
        """Whether somebody at this address pressed the button of such a mail before."""
        person = await people.by_key(tx, address.key)
        return person is not None and person.confirmed_at is not None

    async def is_proved(self, tx: Tx, comment: Comment) -> bool:
        """Whether its author pressed the button of such a mail, for this comment or another."""
        person = await people.find(tx, comment.commenter_id)
        return person is not None and person.confirmed_at is not None

    async def placed(self, tx: Tx, comment_id: int) -> tuple[Comment, Thread]:
        """A comment that is not deleted, whatever its state, and where it stands. Raises NotFound."""
        comment = await store.find(tx, comment_id)
        thread = await threads.find(tx, comment.thread_id) if comment else None
        if comment is None or thread is None or comment.status == "deleted":
            raise NotFound(OLD_LINK)
        return comment, thread

    async def waiting_for(self, tx: Tx, comment_id: int, epoch: int) -> tuple[Comment, Thread]:
        """What a confirmation link is about. Raises NotFound."""
        comment = await store.find(tx, comment_id)
        person = await people.find(tx, comment.commenter_id) if comment else None
        thread = await threads.find(tx, comment.thread_id) if comment else None
        if comment is None or person is None or thread is None or person.epoch != epoch:
            raise NotFound(OLD_LINK)
        return comment, thread

    async def waiting_with(self, tx: Tx, comment: Comment) -> list[Comment]:
        """All that the same press of the button sets free: whatever waits under the same address."""
        if comment.commenter_id is None:
            return []
        return await store.of_person(tx, comment.commenter_id, "unverified")

    def mark(self, waiting: list[Comment]) -> str:
        """What is the same for as long as just these wait, and say just this."""
        return self._tokens.fingerprint(
            "waiting", " ".join(f"{one.id}.{one.edited_at or 0}" for one in waiting)
        )

    async def confirm(self, tx: Tx, comment_id: int, epoch: int, *, seen: str = "") -> tuple[Comment, Thread]:
        """They pressed the button: the address is theirs, and all that waited for that goes on. Idempotent.

        `seen` is the mark of what they have read. Raises NotFound, and Conflict where more waits by now: a stranger
        may write under any address, and their words are nobody's who hasn't read them.
        """
        comment, thread = await self.waiting_for(tx, comment_id, epoch)
        person = await people.find(tx, comment.commenter_id, held=True)
        if person is None:
            raise NotFound(OLD_LINK)
        await people.confirmed(tx, person.id)
        await self._post.clear_budget(tx, person.email_key)
        options = await learning.options(tx)
        waiting = await store.of_person(tx, person.id, "unverified", held=True)
        if seen and waiting and seen != self.mark(waiting):
            raise Conflict(MORE_WAITS)
        for one in waiting:
            status, why = judging.by_policy(options, person)
            if one.why and status != "spam":
                status, why = "pending", one.why
            await self._settle(tx, one, status, why)
        return await store.find(tx, comment_id) or comment, thread

    async def _settle(self, tx: Tx, comment: Comment, status: Status, why: str = "") -> None:
        """What follows from a comment whose author is known."""
        if comment.status != status and not await store.decide(tx, comment, status, why):
            return
        if status == "approved":
            await publish(tx, comment)
        elif status == "pending":
            await follow(tx, comment)
            tx.wake(learning.TOPIC)

    async def own(self, tx: Tx, comment_id: int) -> Comment:
        """For its author's browser, which holds its token. Raises NotFound."""
        comment = await store.find(tx, comment_id, held=True)
        if comment is None or comment.status == "deleted":
            raise NotFound(OLD_LINK)
        return comment

    async def edit(self, tx: Tx, comment_id: int, words: Words) -> Comment:
        """New words, judged as any comment is: what would wait does wait again. Raises NotFound, Refused."""
        comment = await self.own(tx, comment_id)
        if comment.created_at < tx.now - EDITABLE:
            raise Refused(TOO_LATE)
        if (words.raw, words.html) == (comment.raw, comment.html):
            return comment
        await store.rewrite(tx, comment.id, words.raw, words.html)
        if comment.status == "approved":
            await threads.changed(tx, comment.thread_id, 0)
        await self._judge_again(tx, comment, words)
        return await self.own(tx, comment_id)

    async def _judge_again(self, tx: Tx, comment: Comment, words: Words) -> None:
        """An edit can only make it worse: what waits goes on waiting for whom it waits."""
        if comment.status == "spam":
            return
        person = await people.find(tx, comment.commenter_id) or _somebody(Address("", ""))
        draft = Draft(
            words.raw, words.html, url="", name=comment.name, website=comment.website,
            address=Address(person.email, person.email_key),
        )  # fmt: skip
        status, why = await judging.judge(tx, await learning.options(tx), person, draft)
        if comment.commenter_id is None:
            status, why = _unasked((status, why))
        if comment.status == "unverified" and status != "spam":
            status, why = "unverified", why or comment.why  # where it came from is not known any more
        if comment.status == "pending" and status == "approved":
            return
        if (status, why) != (comment.status, comment.why):
            await store.decide(tx, comment, status, why)
            tx.wake(learning.TOPIC)
        if comment.status == "approved" != status:
            await threads.changed(tx, comment.thread_id, -1)

    async def remove(self, tx: Tx, comment_id: int) -> None:
        """Its author takes it back. Raises NotFound, Refused."""
        comment = await self.own(tx, comment_id)
        if comment.created_at < tx.now - EDITABLE:
            raise Refused(TOO_LATE)
        await take_away(tx, self._post, comment)


def _somebody(address: Address) -> Commenter:
    """Of whom nothing is known, to be judged like anybody."""
    return Commenter(0, address.email, address.key, confirmed_at=None, approved=0, blocked=False, epoch=0)


def _unasked(judged: tuple[Status, str]) -> tuple[Status, str]:
    """What becomes of words whose author can't be asked to confirm them."""
    return judged if judged[0] == "spam" else ("pending", MUTE)
