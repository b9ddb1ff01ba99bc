"""The suppression list in its owner's hands: who is on it, put on it, taken off it."""

from collections.abc import Sequence
from contextlib import aclosing

from newsletter.addresses import Address
from newsletter.mail import Post
from newsletter.mail import suppression as list_
from newsletter.mail.outbox import Reason
from newsletter.mail.suppression import Suppressed
from newsletter.storage import Database, Tx
from newsletter.subscribers.actions import Subscribers
from newsletter.subscribers.model import MUTE
from newsletter.subscribers.store import people as store
from newsletter.subscribers.suppression_file import Entry

_PAGE = 1_000
_SLICE = 200
_LOOKED_AT = 5_000  # addresses, for a page of the list: hashing all of them is for an export


class Suppressions:
    def __init__(self, post: Post, subscribers: Subscribers) -> None:
        self._post = post
        self._subscribers = subscribers

    async def add(
        self, tx: Tx, address: Address, reason: Reason = "owner", expires_at: int | None = None
    ) -> None:
        """Whoever is active there is unsubscribed. Again is the same, and the longer of two wishes holds."""
        await self._post.suppress(tx, address.key, reason, expires_at)
        if person := await store.find_by_key(tx, address.key):
            await self._subscribers.unsubscribe(tx, person.id, "suppression list")

    async def put(self, tx: Tx, row: Suppressed) -> bool:
        """A row of an export of ours, whose address isn't known. Whether it was news."""
        return await list_.put(tx, row)

    async def take_in(self, db: Database, entries: Sequence[Entry]) -> None:
        """What a file holds: a slice in one transaction, so that nobody waits for long. Again is the same."""

        async def take(tx: Tx, some: Sequence[Entry]) -> None:
            for one in some:
                if isinstance(one, Suppressed):
                    await self.put(tx, one)
                else:
                    await self.add(tx, *one)

        for start in range(0, len(entries), _SLICE):
            await db.write(take, entries[start : start + _SLICE])

    async def newest(self, tx: Tx, before: tuple[int, str], limit: int) -> list[tuple[Suppressed, str]]:
        """As `listed`, so many before one of them ((0, ''): from the newest). An address is known where it is one of
        those who joined last and are mailed no more."""
        rows = await list_.newest(tx, before, limit)
        wanted = {row.key for row in rows}
        emails: dict[str, str] = {}
        for email in await store.silent(tx, _LOOKED_AT) if rows else ():
            emails |= {key: email for key in self._post.listed_as(email.lower()) if key in wanted}
        return [(row, emails.get(row.key, "")) for row in rows]

    async def counts(self, tx: Tx) -> dict[Reason, int]:
        """How many are on the list now, by reason."""
        return await list_.counts(tx)

    async def why(self, tx: Tx, email_key: str) -> list[Suppressed]:
        """Why mail to this address is held back; nothing where it isn't."""
        return await list_.find(tx, *self._post.listed_as(email_key))

    async def remove(self, tx: Tx, address: Address) -> bool:
        """Whether that changed anything. It subscribes nobody, but they may sign up again."""
        found = await list_.remove(tx, *self._post.listed_as(address.key))
        await self._post.clear_budget(tx, address.key)  # the way back is open at once
        person = await store.find_by_key(tx, address.key)
        if person and person.status in MUTE:
            await store.unmute(tx, person.id)
            return True
        return found

    async def listed(self, db: Database) -> list[tuple[Suppressed, str]]:
        """Each with its address, where that is a subscriber's; else ''. The newest first."""
        rows: list[Suppressed] = []
        while page := await db.read(list_.page, rows[-1].key if rows else "", _PAGE):
            rows += page
        emails = await self._emails(db, {row.key for row in rows})
        rows.sort(key=lambda row: (-row.created_at, row.key))
        return [(row, emails.get(row.key, "")) for row in rows]

    async def _emails(self, db: Database, keys: set[str]) -> dict[str, str]:
        """Found by hashing everybody's address, since the list holds none."""
        found: dict[str, str] = {}
        if not keys:
            return found
        async with aclosing(db.stream(store.EMAILS)) as chunks:
            async for rows in chunks:
                for (email,) in rows:
                    found |= {key: email for key in self._post.listed_as(email.lower()) if key in keys}
        return found
