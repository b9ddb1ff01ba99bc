"""One person's comments: shown to them, and erased."""

from typing import Any

from newsletter.clock import iso, iso_or_none
from newsletter.comments.actions import take_away
from newsletter.comments.store import comments as store
from newsletter.comments.store import people, threads
from newsletter.mail import Post
from newsletter.storage import Tx


class Persons:
    def __init__(self, post: Post) -> None:
        self._post = post

    async def own_data(self, tx: Tx, email_key: str) -> list[dict[str, Any]]:
        """Everything that an address said here (GDPR Art. 15)."""
        person = await people.by_key(tx, email_key)
        if person is None:
            return []
        found = []
        for comment in await store.of_person(tx, person.id):
            thread = await threads.find(tx, comment.thread_id)
            found.append(
                {
                    "page": thread.url if thread else "",
                    "name": comment.name,
                    "website": comment.website,
                    "text": comment.raw,
                    "status": comment.status,
                    "at": iso(comment.created_at),
                    "edited_at": iso_or_none(comment.edited_at),
                }
            )
        return found

    async def erase(self, tx: Tx, email_key: str) -> bool:
        """Nothing stays of what they said, but empty places that others answered. Whether there was anything."""
        person = await people.by_key(tx, email_key)
        if person is None:
            return False
        for comment in await store.of_person(tx, person.id):
            await take_away(tx, comment)
        await self._post.forget_address(tx, person.email)
        await people.remove(tx, person.id)
        return True
