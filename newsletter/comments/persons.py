"""One person's comments: shown to them, and erased."""

from typing import Any

from newsletter.clock import iso, iso_or_none
from newsletter.comments.model import Comment
from newsletter.comments.publishing import take_away
from newsletter.comments.store import comments as store
from newsletter.comments.store import people, threads
from newsletter.mail import Post
from newsletter.storage import Tx


class Persons:
    def __init__(self, post: Post) -> None:
        self._post = post

    async def own_data(self, tx: Tx, email_key: str) -> dict[str, Any] | None:
        """Everything that is kept of an address here (GDPR Art. 15); None where nothing is."""
        person = await people.by_key(tx, email_key)
        if person is None:
            return None
        return {
            "email": person.email,
            "confirmed_at": iso_or_none(person.confirmed_at),
            "blocked": person.blocked,
            "follows": [{"page": one.url, "what": one.kind} for one in await people.followed(tx, person.id)],
            "comments": [await self._said(tx, one) for one in await store.of_person(tx, person.id)],
        }

    async def _said(self, tx: Tx, comment: Comment) -> dict[str, Any]:
        thread = await threads.find(tx, comment.thread_id)
        return {
            "page": thread.url if thread else "",
            "name": comment.name,
            "website": comment.website,
            "text": comment.raw,
            "status": comment.status,
            "at": iso(comment.created_at),
            "edited_at": iso_or_none(comment.edited_at),
        }

    async def erase(self, tx: Tx, email_key: str) -> bool:
        """Nothing stays of what they said, but empty places that others answered. Whether there was anything."""
        person = await people.by_key(tx, email_key, held=True)
        if person is None:
            return False
        for comment in await store.of_person(tx, person.id, held=True):
            await take_away(tx, self._post, comment)
        await self._post.forget_address(tx, person.email)
        await people.remove(tx, person.id)
        return True
