"""From a draft to everybody's inbox. Each verb is one transaction."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

import msgspec

from newsletter import ids
from newsletter.broadcasts import store
from newsletter.broadcasts.draft import Draft
from newsletter.broadcasts.model import TOPIC, WORDS, Broadcast
from newsletter.broadcasts.store import Counted
from newsletter.errors import BadInput, Conflict, NotFound
from newsletter.mail import Delivery, Handed, Mailings, Recipient, deliveries, kept_values, retries
from newsletter.storage import Tx
from newsletter.subscribers import segments
from newsletter.words import gettext as _

CHUNK = 50
"""People whose rows are written in one transaction. With 200,000 people a sign-up's p99 meanwhile was 1.0 (SQLite) and
1.9 (PostgreSQL) of its idle one, with 200 at a time up to 15 and 2.7; the price are rows a second: 8,000 instead of
22,000, and 3,200 instead of 5,800."""

CHANGED = "Somebody has changed this broadcast meanwhile, or it was sent. Nothing of yours is lost: look at it again."
_SLUG = 60  # characters
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")  # what no database takes
_TAG = re.compile(r"\{\{[^{}\n]*\}\}")


class Broadcasts:
    OVER = "That time is over. Choose a later one, or send it now."

    def __init__(self, mailings: Mailings) -> None:
        self._mailings = mailings

    async def new(self, tx: Tx, draft: Draft) -> Broadcast:
        """Raises BadInput for an audience that can't be read."""
        draft = _kept(draft)
        id = ids.new_id()
        for slug in _slugs(draft.subject, id):
            if await store.add(tx, id, slug, draft):
                break
        return await self.find(tx, id)

    async def change(self, tx: Tx, id: int, version: int, draft: Draft) -> Broadcast:
        """Its address in the archive goes with its subject. Raises BadInput, NotFound, Conflict."""
        before = await self.find(tx, id)
        if not await store.change(tx, id, version, _kept(draft)):
            now = await self.find(tx, id)
            raise Conflict(
                CHANGED if now.editable else "A broadcast that was sent can’t be changed any more."
            )
        if slug_of(draft.subject) != slug_of(before.subject):
            for slug in _slugs(draft.subject, id):
                if await store.rename(tx, id, slug):
                    break
        return await self.find(tx, id)

    async def copy(self, tx: Tx, id: int) -> Broadcast:
        """The same text as a new draft. Raises NotFound."""
        old = await self.find(tx, id)
        return await self.new(tx, draft_of(old))

    async def find(self, tx: Tx, id: int, *, held: bool = False) -> Broadcast:
        """`held`: nobody else changes it until the transaction ends. Raises NotFound."""
        found = await (store.hold if held else store.find)(tx, id)
        if found is None:
            raise NotFound("There is no such broadcast.")
        return found

    async def newest(self, tx: Tx, limit: int = 50, before: int = 0) -> list[Broadcast]:
        """The newest first; those before the one with that id, unless it is 0."""
        return await store.newest(tx, limit, before)

    async def same(self, tx: Tx, draft: Draft) -> Broadcast | None:
        """The last one with these words that was sent off."""
        return await store.same(tx, draft.subject, draft.body)

    async def forget(self, tx: Tx, id: int) -> None:
        """Deletes a draft. Raises NotFound, Conflict."""
        if not await store.forget(tx, id):
            await self.find(tx, id)
            raise Conflict("Only a draft can be deleted; what was sent is on record.")

    async def schedule(self, tx: Tx, id: int, at: int, version: int | None = None) -> None:
        """It is sent off by itself at `at` (ms), as it is then. `version`: only as long as it is that.

        Raises NotFound, Conflict, BadInput.
        """
        if at <= tx.now:
            raise BadInput(self.OVER)
        now = await store.hold(tx, id)
        if now and now.editable and version not in (None, now.version):
            raise Conflict(CHANGED)
        await self._turn(tx, id, await store.turn(tx, id, "scheduled", "draft", "scheduled", send_at=at))

    async def unschedule(self, tx: Tx, id: int) -> None:
        """A draft again. Raises NotFound, Conflict."""
        await self._turn(tx, id, await store.turn(tx, id, "draft", "scheduled"))

    async def due(self, tx: Tx) -> list[Broadcast]:
        """Scheduled, and its time has come."""
        return await store.due(tx)

    async def send(
        self, tx: Tx, id: int, version: int, content: bytes, links: Sequence[Counted] = ()
    ) -> None:
        """Freezes it: from now on nothing about it changes. Its rows follow, chunk by chunk.

        `content` is the frozen message, made of that `version` with its counted `links`. Pressed a hundred times it is
        one broadcast. Raises NotFound, Conflict.
        """
        mailing_id = await self._mailings.start(tx, content)
        if not await store.send_off(tx, id, version, mailing_id):
            now = await self.find(tx, id)
            raise Conflict(CHANGED if now.editable else _not_now(now))
        if links:
            await store.add_links(tx, id, links)
        tx.wake(TOPIC)

    async def filling(self, tx: Tx) -> list[Broadcast]:
        """Sent off, and not everybody has their row."""
        return [one for one in await store.in_state(tx, "sending", "paused") if not one.filled]

    async def next_of(self, tx: Tx, id: int) -> tuple[int, list[Recipient]]:
        """The next chunk of its audience, and after whom that is. Ask in a read: it may look at many."""
        broadcast = await self.find(tx, id)
        after = await store.cursor(tx, id)
        if broadcast.mailing_id is None:
            return after, []
        tags = await self._mailings.tags(tx, broadcast.mailing_id)
        people = await segments.people_after(tx, segments.parse(broadcast.audience), after, CHUNK)
        return after, [_recipient(one, tags) for one in people]

    async def fill(self, tx: Tx, id: int, after: int, people: Sequence[Recipient]) -> bool:
        """Writes their rows, unless somebody else has. Whether there may be more.

        Who was erased or has left since they were looked up gets none: an address would come back with it.
        """
        broadcast = await store.hold(tx, id)
        if broadcast is None or broadcast.mailing_id is None or broadcast.filled:
            return False
        if broadcast.state not in ("sending", "paused"):
            return False
        if await store.cursor(tx, id) != after:
            return True
        if people:
            still = await segments.still(tx, [one.id for one in people if one.id is not None])
            await self._mailings.fill(tx, broadcast.mailing_id, [one for one in people if one.id in still])
        over = len(people) < CHUNK
        await store.fill_to(tx, id, people[-1].id or after if people else after, all=over)
        return not over

    async def pause(self, tx: Tx, id: int, why: str = "") -> None:
        """Nothing more of it is begun. Raises NotFound, Conflict."""
        await self._turn(tx, id, await store.turn(tx, id, "paused", "sending"))
        await self._mailings.hold(tx, await self._mailing(tx, id), why)

    async def resume(self, tx: Tx, id: int) -> None:
        """Raises NotFound, Conflict."""
        await self._turn(tx, id, await store.turn(tx, id, "sending", "paused"))
        await self._mailings.let_go(tx, await self._mailing(tx, id))

    async def cancel(self, tx: Tx, id: int) -> None:
        """Who has not got it never does, from now on; their rows follow by `drop`. Raises NotFound, Conflict."""
        await self._turn(tx, id, await store.turn(tx, id, "cancelled", "sending", "paused"))
        await self._mailings.cancel(tx, await self._mailing(tx, id))
        tx.wake(TOPIC)

    async def cancelled(self, tx: Tx) -> list[int]:
        """The mailings of those that were cancelled, and of which something may still wait."""
        return [
            one.mailing_id for one in await store.ending(tx) if one.state == "cancelled" and one.mailing_id
        ]

    async def again(self, tx: Tx, id: int, state: str = "failed") -> int:
        """How many `retry` would send it to once more. Ask in a read. Raises BadInput, NotFound, Conflict."""
        return await retries.count(tx, [await self._mailing(tx, id)], _to_retry(state))

    async def retry(self, tx: Tx, id: int, state: str = "failed") -> None:
        """Those that `failed`, or are `in_doubt`, once more, a slice of them at a time (mail/retries.py).

        Raises BadInput, NotFound, Conflict.
        """
        broadcast = await store.hold(tx, id)
        if broadcast and broadcast.state == "cancelled":
            raise Conflict(_not_now(broadcast))
        if await retries.begin(tx, [await self._mailing(tx, id)], _to_retry(state)):
            await store.turn(tx, id, "sending", "sent")
            tx.wake(TOPIC)

    async def standing(self, tx: Tx, id: int) -> tuple[Broadcast, dict[str, int], str]:
        """It, how many people are in which state, and why it is held. Raises NotFound."""
        broadcast = await self.find(tx, id)
        if broadcast.mailing_id is None:
            return broadcast, {}, ""
        tally = await self._mailings.tally(tx, broadcast.mailing_id)
        mailing = await self._mailings.find(tx, broadcast.mailing_id)
        return broadcast, msgspec.structs.asdict(tally), mailing.why

    async def people(self, tx: Tx, id: int, state: str, after: int = 0) -> list[Handed]:
        """Who is in that state: a thousand at a time, after the row `after`. Raises NotFound, Conflict."""
        return await self._mailings.people(tx, await self._mailing(tx, id), state, after)

    async def deliveries(
        self,
        tx: Tx,
        id: int,
        state: str = "",
        search: str = "",
        after: tuple[int, int] = (0, 0),
        limit: int = 50,
    ) -> list[Delivery]:
        """Who got it, or why not, as far as they have a row (newsletter/mail/look.py). Raises NotFound."""
        mailing_id = (await self.find(tx, id)).mailing_id
        return [] if mailing_id is None else await deliveries(tx, mailing_id, state, search, after, limit)

    async def under_way(self, tx: Tx) -> bool:
        """Whether there is something to settle."""
        return bool(await store.ending(tx))

    async def settle(self, tx: Tx) -> list[tuple[Broadcast, str]]:
        """What is through becomes `sent`; what the circuit breaker holds becomes `paused`, and is returned with why."""
        held: list[tuple[Broadcast, str]] = []
        for seen in await store.ending(tx):
            one = await store.hold(tx, seen.id)
            if one is None or one.mailing_id is None:
                continue
            mailing = await self._mailings.find(tx, one.mailing_id)
            if one.state == "sending" and mailing.state == "held":
                await store.turn(tx, one.id, "paused", "sending")
                held.append((one, mailing.why))
            elif not await self._mailings.is_left(tx, one.mailing_id):
                await store.finish(tx, one.id)
        return held

    async def _mailing(self, tx: Tx, id: int) -> int:
        broadcast = await self.find(tx, id)
        if broadcast.mailing_id is None:
            raise Conflict("It was not sent yet.")
        return broadcast.mailing_id

    async def _turn(self, tx: Tx, id: int, done: bool) -> None:
        if not done:
            raise Conflict(_not_now(await self.find(tx, id)))


def _to_retry(state: str) -> str:
    """Raises BadInput."""
    if state not in ("failed", "in_doubt"):
        raise BadInput("Only what failed, or is in doubt, can be sent again.")
    return state


def _not_now(broadcast: Broadcast) -> str:
    state = WORDS[broadcast.state]
    sentence = _("This broadcast is %(state)s, so that is not possible now. Nothing was changed.")
    return sentence % {"state": _(state)}


def _kept(draft: Draft) -> Draft:
    """As it can be stored. Raises BadInput for an audience that can't be read."""
    segments.parse(draft.audience)
    texts = {
        name: _NO_TEXT.sub("", getattr(draft, name)) for name in ("subject", "preheader", "body", "sender")
    }
    return msgspec.structs.replace(draft, **texts)


def _recipient(one: segments.Reachable, tags: set[str]) -> Recipient:
    return Recipient(one.id, one.email, kept_values(tags, one.email, one.name, one.fields))


def draft_of(broadcast: Broadcast) -> Draft:
    return Draft(
        subject=broadcast.subject,
        preheader=broadcast.preheader,
        body=broadcast.body,
        audience=broadcast.audience,
        sender=broadcast.sender,
        archive=broadcast.archive,
    )


def _slugs(subject: str, id: int) -> Iterator[str]:
    """What its page in the archive may be called, the best first; the last is nobody else's."""
    slug = slug_of(subject) or "broadcast"
    yield slug
    yield from (f"{slug}-{number}" for number in range(2, 10))
    yield f"{slug}-{id}"


def slug_of(title: str) -> str:
    """`Why I left` → `why-i-left`, for an address that can be read aloud; merge tags say nothing there."""
    words = unicodedata.normalize("NFKD", _TAG.sub(" ", title))
    plain = words.encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG].strip("-")
