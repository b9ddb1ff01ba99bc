"""What happens to a subscriber. Each verb is one transaction, or a part of the caller's."""

from collections.abc import Sequence
from typing import Any

import msgspec

from newsletter.addresses import Address
from newsletter.clock import DAY, MINUTE, iso, iso_or_none
from newsletter.errors import NotFound
from newsletter.mail import Post
from newsletter.mail.responses import left
from newsletter.storage import Tx
from newsletter.subscribers import consent
from newsletter.subscribers.model import MUTE, Consent, NotMe, Status, Subscriber, Topic
from newsletter.subscribers.store import chores, consents, counts, everything, figures
from newsletter.subscribers.store import people as store
from newsletter.tokens import Tokens

GONE = "We don't know this reader any more."
EARLIER = "This link belongs to an earlier subscription. Every newer mail has a new one."


class Subscribers:
    def __init__(self, tokens: Tokens, post: Post) -> None:
        self._tokens = tokens
        self._post = post

    async def admit(self, tx: Tx, address: Address) -> Subscriber | None:
        """The subscriber of this address, new ones pending; None for one that must not be known here.

        Raises BadInput for one that the relay can't be given.
        """
        await self._post.check_reach(tx, address.email)
        return await store.admit(tx, address, *self._post.listed_as(address.key))

    async def find(self, tx: Tx, id: int, epoch: int | None = None) -> Subscriber:
        """With the `epoch` of a link: one from an earlier subscription finds nobody. Raises NotFound."""
        return _known(await store.find(tx, id), epoch)

    async def hold(self, tx: Tx, id: int, epoch: int | None = None) -> Subscriber:
        """As `find`, and nobody else changes them until this transaction ends. Raises NotFound."""
        return _known(await store.lock(tx, id), epoch)

    async def of_signup(self, tx: Tx, signup_id: int, *, held: bool = False) -> Subscriber | None:
        """Whom a sign-up belongs to, as by `find` or by `hold`; None where it is nobody's, or there is none."""
        return await store.of_signup(tx, signup_id, held=held)

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

    async def agreed(self, tx: Tx, id: int, form_id: int, wording_id: int) -> bool:
        """Whether they have agreed to this wording of this form since they last left."""
        return await consents.agreed(tx, id, form_id, wording_id)

    async def unsubscribe(self, tx: Tx, id: int, channel: str) -> None:
        """They leave, at once. Somebody who has left already, or is unknown, stays so; it is no error."""
        person = await store.lock(tx, id)
        if person is None or person.status != "active":
            return
        head = await consent.record(tx, self._tokens, person, _now("unsubscribed", {"channel": channel}))
        await store.leave(tx, id, "unsubscribed", head)
        await left(tx, id)
        await self._post.clear_budget(tx, person.email_key)  # the way back stays open

    async def block(self, tx: Tx, id: int, epoch: int) -> NotMe:
        """“This wasn’t me”: the address is forgotten where it never confirmed, and mailed nothing from now on.

        Whoever is active, or has left since, stays as they are. Idempotent.
        """
        person = await store.lock(tx, id)
        if person is None:
            return NotMe("gone")
        if person.status in ("active", "blocked"):
            return NotMe("active" if person.status == "active" else "blocked", id)
        if person.epoch != epoch:
            return NotMe("left", id)
        await self._post.suppress(tx, person.email_key, "not_me")
        if person.confirmed_at is not None:
            await store.leave(tx, id, "blocked", person.consent_head)
            return NotMe("blocked", id)
        return NotMe("blocked", id, await self._remove(tx, person))

    async def topics(self, tx: Tx, id: int) -> list[Topic]:
        return await store.topics(tx, id)

    async def prefer(
        self, tx: Tx, id: int, epoch: int, name: str | None, topics: list[str], pause_days: int | None
    ) -> None:
        """Sets name, public topics and a pause: days from now, 0 for none. Name and pause stay where None is given.

        Raises NotFound.
        """
        person = await self.hold(tx, id, epoch)
        paused = (
            person.paused_until if pause_days is None else (tx.now + pause_days * DAY if pause_days else None)
        )
        await store.set_preferences(tx, id, person.name if name is None else name, paused)
        await store.choose_topics(tx, id, topics)

    async def erase(self, tx: Tx, id: int, epoch: int | None = None) -> tuple[str, ...]:
        """Leaves nothing of them but a keyed hash on the suppression list.

        Returns what must not stay readable in the storage's files; the caller hands it to `db.scrub`. With the
        `epoch` of a link: raises NotFound for one that is no longer good.
        """
        person = await store.lock(tx, id)
        if epoch is not None:
            person = _known(person, epoch)
        if person is None:
            return ()
        await self._post.suppress(tx, person.email_key, "erased")
        await self._post.clear_budget(tx, person.email_key)
        return await self._remove(tx, person)

    async def _remove(self, tx: Tx, person: Subscriber) -> tuple[str, ...]:
        await self._post.forget(tx, person.id)
        await store.remove(tx, person.id)
        await chores.note(tx, self._whose(person.email_key))
        return (person.email_key,)

    async def scrub_due(self, tx: Tx) -> bool:
        """Whether it is time for a whole scrub: a day after an erasure, for all of them until then, or at once
        where one was left over."""
        return await chores.waiting(tx, tx.now - DAY) or await self.scrub_left_over(tx)

    async def scrub_left_over(self, tx: Tx) -> bool:
        """Whether a crash or a busy storage kept the scrub after an erasure from its end."""
        return await chores.left_over(tx, tx.now - MINUTE)

    async def scrubbed(self, tx: Tx, began: int, traces: Sequence[str] = ()) -> None:
        """What was erased before `began` (ms) is gone: these traces from the log, or without any, all from the file."""
        if traces:
            await chores.log_emptied(tx, began, map(self._whose, traces))
        else:
            await chores.all_done(tx, began)

    def _whose(self, email_key: str) -> str:
        return self._tokens.fingerprint("scrub", email_key)

    async def own_data(self, tx: Tx, id: int, epoch: int | None = None) -> dict[str, Any]:
        """Everything we hold about one person, for them to read (GDPR Art. 15, 20). Raises NotFound."""
        person = await self.find(tx, id, epoch)
        records = await consents.chain(tx, id)
        return {
            "email": person.email,
            "name": person.name,
            "status": person.status,
            "fields": msgspec.json.decode(person.fields),
            "tags": [tag.name for tag in await store.tags(tx, id)],
            "signed_up": iso(person.created_at),
            "confirmed": iso_or_none(person.confirmed_at),
            "unsubscribed": iso_or_none(person.unsubscribed_at),
            "paused_until": iso_or_none(person.paused_until),
            "signups": await everything.signups(tx, id),
            "downloads": await everything.downloads(tx, id),
            "messages": await everything.messages(tx, id),
            "sequences": await everything.sequences(tx, id),
            "bounces": await everything.returned(tx, id),
            "responses": await everything.responses(tx, id),
            "consent": [_readable(one) for one in records],
            "consent_chain_intact": consent.intact(self._tokens, records, person.consent_head),
        }

    async def certificate(self, tx: Tx, id: int) -> dict[str, Any]:
        """What shows to somebody else that, when and to which words one person agreed. Raises NotFound."""
        person = await self.find(tx, id)
        records = await consents.chain(tx, id)
        words = {one.number: one for one in await consents.agreements(tx, id)}
        return {
            "email": person.email,
            "name": person.name,
            "status": person.status,
            "intact": consent.intact(self._tokens, records, person.consent_head),
            "records": [
                _readable(one)
                | {
                    "form": words[one.number].form,
                    "wording": words[one.number].wording,
                    "wording_version": words[one.number].version,
                    "wording_sha256": words[one.number].sha256,
                }
                for one in records
            ],
        }

    async def overview(self, tx: Tx, since: int) -> figures.Overview:
        """What the desk shows: days from `since` (ms) on. It costs the same however many there are."""
        return await figures.overview(tx, since)

    async def by_status(self, tx: Tx) -> dict[Status, int]:
        """How many there are."""
        return await counts.by_status(tx)

    async def purge_pending(self, tx: Tx, days: int, link_days: int, most: int = 500) -> tuple[str, ...]:
        """Forgets some of those who never confirmed within `days`; returns what `db.scrub` is for.

        Whoever was mailed a link that is still good, for `link_days`, is let be. An address is mailed three of
        them while nobody confirms, the first when it comes: so nobody keeps one here, by typing it over and over,
        for longer than `days` and twice `link_days`. Forgotten, it is mailed no more, and stays `days` at most.
        """
        traces: list[str] = []
        for person in await store.stale(tx, tx.now - days * DAY, tx.now - link_days * DAY, most):
            traces += await self._remove(tx, person)
        return tuple(traces)

    @staticmethod
    def is_mute(person: Subscriber) -> bool:
        return person.status in MUTE


def _known(person: Subscriber | None, epoch: int | None) -> Subscriber:
    """Who has left may still see their data and be erased by the links that they have. Raises NotFound."""
    if person is None:
        raise NotFound(GONE)
    good = (person.epoch, person.epoch - 1) if person.status == "unsubscribed" else (person.epoch,)
    if epoch is not None and epoch not in good:
        raise NotFound(EARLIER)
    return person


def _now(kind: str, detail: dict[str, str]) -> Consent:
    return Consent(0, 0, kind, 0, detail=msgspec.json.encode(detail).decode())


def _readable(record: Consent) -> dict[str, Any]:
    return {
        "number": record.number,
        "kind": record.kind,
        "at": iso(record.at),
        "requested": iso_or_none(record.requested_at),
        "form": record.form_id,
        "wording": record.wording_id,
        "message_id": record.message_id,
        "detail": msgspec.json.decode(record.detail),
        "hash": record.hash,
    }
