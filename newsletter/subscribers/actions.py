"""What happens to a subscriber. Each verb is one transaction, or a part of the caller's."""

from collections.abc import Sequence
from typing import Any

import msgspec

from newsletter.addresses import Address
from newsletter.clock import DAY, MINUTE, iso
from newsletter.errors import NotFound
from newsletter.mail import Post
from newsletter.storage import Tx
from newsletter.subscribers import consent
from newsletter.subscribers.model import MUTE, Consent, Subscriber, Topic
from newsletter.subscribers.store import chores, consents, everything
from newsletter.subscribers.store import people as store
from newsletter.tokens import Tokens

GONE = "We don't know this reader any more."


class Subscribers:
    def __init__(self, tokens: Tokens, post: Post) -> None:
        self._tokens = tokens
        self._post = post

    async def admit(self, tx: Tx, address: Address) -> Subscriber | None:
        """The subscriber of this address, new ones pending; None for one that must not be known here."""
        if await self._post.suppressed(tx, address.key):
            await self._post.touch(tx, address.key)
            return None
        return await store.admit(tx, address)

    async def find(self, tx: Tx, id: int) -> Subscriber:
        """Raises NotFound."""
        person = await store.find(tx, id)
        if person is None:
            raise NotFound(GONE)
        return person

    async def hold(self, tx: Tx, id: int) -> Subscriber:
        """As `find`, and nobody else changes them until this transaction ends. Raises NotFound."""
        person = await store.lock(tx, id)
        if person is None:
            raise NotFound(GONE)
        return person

    async def find_by_key(self, tx: Tx, email_key: str) -> Subscriber | None:
        return await store.find_by_key(tx, email_key)

    async def confirm(
        self, tx: Tx, person: Subscriber, agreed: Consent, name: str, fields: str, tags: Sequence[str]
    ) -> None:
        """Makes them active with what they typed, tags them, and records what they agreed to."""
        known: dict[str, Any] = msgspec.json.decode(person.fields)
        merged = msgspec.json.encode(known | msgspec.json.decode(fields)).decode()
        head = await consent.record(tx, self._tokens, person, agreed)
        await store.activate(tx, person.id, agreed.form_id or 0, name or person.name, merged, head)
        await store.tag(tx, person.id, list(tags))
        await self._post.clear_budget(tx, person.email_key)

    async def unsubscribe(self, tx: Tx, id: int, channel: str) -> None:
        """They leave, at once. Somebody who has left already, or is unknown, stays so; it is no error."""
        person = await store.lock(tx, id)
        if person is None or person.status != "active":
            return
        head = await consent.record(tx, self._tokens, person, _now("unsubscribed", {"channel": channel}))
        await store.leave(tx, id, "unsubscribed", head)
        await self._post.clear_budget(tx, person.email_key)  # the way back stays open

    async def block(self, tx: Tx, id: int, epoch: int) -> tuple[str, ...]:
        """“This wasn’t me”: the address is forgotten where it never confirmed, and mailed nothing from now on.

        Returns what the caller hands to `db.scrub`.
        """
        person = await store.lock(tx, id)
        if person is None or person.epoch != epoch or person.status == "active":
            return ()
        await self._post.suppress(tx, person.email_key, "not_me")
        if person.confirmed_at is not None:
            await store.leave(tx, id, "blocked", person.consent_head)
            return ()
        return await self._remove(tx, person)

    async def topics(self, tx: Tx, id: int) -> list[Topic]:
        return await store.topics(tx, id)

    async def prefer(self, tx: Tx, id: int, name: str, topics: list[str], pause_days: int | None) -> None:
        """Sets name, public topics and a pause: days from now, 0 for none, None to leave it as it is."""
        person = await self.find(tx, id)
        paused = (
            person.paused_until if pause_days is None else (tx.now + pause_days * DAY if pause_days else None)
        )
        await store.set_preferences(tx, id, name, paused)
        await store.choose_topics(tx, id, topics)

    async def erase(self, tx: Tx, id: int) -> tuple[str, ...]:
        """Leaves nothing of them but a keyed hash on the suppression list.

        Returns what must not stay readable in the storage's files; the caller hands it to `db.scrub`.
        """
        person = await store.lock(tx, id)
        if person is None:
            return ()
        await self._post.suppress(tx, person.email_key, "erased")
        await self._post.clear_budget(tx, person.email_key)
        return await self._remove(tx, person)

    async def _remove(self, tx: Tx, person: Subscriber) -> tuple[str, ...]:
        traces = await store.traces(tx, person)
        await self._post.forget(tx, person.id)
        await store.remove(tx, person.id)
        await chores.note(tx, self._whose(person.email))
        return traces

    async def scrub_due(self, tx: Tx) -> bool:
        """Whether an erasure's traces were left behind: by a crash, or because storage was busy."""
        return await chores.waiting(tx, tx.now - MINUTE)

    async def scrubbed(self, tx: Tx, began: int, traces: Sequence[str] = ()) -> None:
        """What was erased before `began` (ms) is gone from the files too: these traces, or without any, all."""
        if traces:
            await chores.done(tx, began, map(self._whose, traces))
        else:
            await chores.all_done(tx, began)

    def _whose(self, email: str) -> str:
        return self._tokens.fingerprint("scrub", email)

    async def own_data(self, tx: Tx, id: int) -> dict[str, Any]:
        """Everything we hold about one person, for them to read (GDPR Art. 15, 20)."""
        person = await self.find(tx, id)
        records = await consents.chain(tx, id)
        return {
            "email": person.email,
            "name": person.name,
            "status": person.status,
            "fields": msgspec.json.decode(person.fields),
            "tags": [tag.name for tag in await store.tags(tx, id)],
            "signed_up": iso(person.created_at),
            "confirmed": _moment(person.confirmed_at),
            "unsubscribed": _moment(person.unsubscribed_at),
            "paused_until": _moment(person.paused_until),
            "signups": await everything.signups(tx, id),
            "downloads": await everything.downloads(tx, id),
            "messages": await everything.messages(tx, id),
            "consent": [_readable(one) for one in records],
            "consent_chain_intact": consent.intact(self._tokens, records, person.consent_head),
        }

    async def purge_pending(self, tx: Tx, days: int, most: int = 500) -> tuple[str, ...]:
        """Forgets some of those who never confirmed within `days`; returns what `db.scrub` is for."""
        traces: list[str] = []
        for person in await store.stale(tx, tx.now - days * DAY, most):
            traces += await self._remove(tx, person)
        return tuple(traces)

    @staticmethod
    def is_mute(person: Subscriber) -> bool:
        return person.status in MUTE


def _now(kind: str, detail: dict[str, str]) -> Consent:
    return Consent(0, 0, kind, 0, detail=msgspec.json.encode(detail).decode())


def _moment(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)


def _readable(record: Consent) -> dict[str, Any]:
    return {
        "number": record.number,
        "kind": record.kind,
        "at": iso(record.at),
        "requested": _moment(record.requested_at),
        "form": record.form_id,
        "wording": record.wording_id,
        "message_id": record.message_id,
        "detail": msgspec.json.decode(record.detail),
        "hash": record.hash,
    }
