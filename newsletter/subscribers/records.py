"""A subscriber in an owner's hand: looked at, added with a proof of consent, changed, tagged. One transaction each."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

import msgspec

from newsletter.addresses import Address
from newsletter.errors import BadInput, Conflict, NotFound, Repeated
from newsletter.storage import Tx
from newsletter.subscribers import consent, segments
from newsletter.subscribers.actions import Subscribers
from newsletter.subscribers.model import Consent
from newsletter.subscribers.store import people
from newsletter.subscribers.store import records as store
from newsletter.subscribers.store.records import Guide, Record, TagCount, guides, mails, newest_signup, tags
from newsletter.tokens import Tokens
from newsletter.words import gettext as _

__all__ = [
    "Guide",
    "Record",
    "TagCount",
    "add",
    "change",
    "find",
    "guides",
    "mails",
    "newest_signup",
    "page",
    "put_tag",
    "tags",
    "take_tag",
    "those",
]

MOST_FIELDS = 100
MOST_TAGS = 100
GONE = "There is no such subscriber."
LISTED = "This address is on the suppression list: it was erased, blocked, or bounced. It can’t be added."
KNOWN = "This address is here already, as number {}. Nothing was changed."


async def page(tx: Tx, segment: segments.Segment, after: int, limit: int, zone: tzinfo) -> list[Record]:
    """The next `limit` of a segment after the id `after`, whatever their status. Ask in a read."""
    return await store.by_ids(tx, await segments.ids_after(tx, segment, after, limit, zone=zone))


async def those(tx: Tx, ids: Sequence[int]) -> list[Record]:
    """Of these ids, in their order; who is not there is left out."""
    return await store.by_ids(tx, ids)


async def find(tx: Tx, id: int) -> Record:
    """Raises NotFound."""
    found = await store.by_ids(tx, [id])
    if not found:
        raise NotFound(GONE)
    return found[0]


async def add(
    tx: Tx,
    tokens: Tokens,
    subscribers: Subscribers,
    address: Address,
    name: str,
    fields: Mapping[str, str],
    tags: Sequence[str],
    origin: str = "",
    agreed_at: int | None = None,
) -> Record:
    """Pending, and mailed nothing; or active, with `origin` as the proof of when (ms) and how they agreed elsewhere.

    Raises Repeated for a known address, Conflict for one that must not be mailed, BadInput.
    """
    if len(tags) > MOST_TAGS:
        raise BadInput("Please look again.", {"tags": _("%(most)d tags at most.") % {"most": MOST_TAGS}})
    known = await subscribers.find_by_key(tx, address.key)
    if known is not None:
        raise Repeated(_(KNOWN).format(known.id))
    person = await subscribers.admit(tx, address)
    if person is None:
        raise Conflict(LISTED)
    await store.rewrite(tx, person.id, name, _merged({}, fields))
    await people.tag(tx, person.id, list(tags))
    if origin:
        at = tx.now if agreed_at is None else min(agreed_at, tx.now)
        detail = msgspec.json.encode({"origin": origin, "status": "active"}).decode()
        record = Consent(person.id, 0, "imported", 0, requested_at=at, detail=detail)
        await store.take_over(tx, person.id, at, await consent.record(tx, tokens, person, record))
    return await find(tx, person.id)


async def change(tx: Tx, id: int, name: str | None, fields: Mapping[str, str | None] | None) -> Record:
    """Name and fields stay where None is given; of fields those named change, and go where they are None.

    Raises NotFound, BadInput.
    """
    before = await find(tx, id)
    merged = before.fields if fields is None else _merged(msgspec.json.decode(before.fields), fields)
    await store.rewrite(tx, id, before.name if name is None else name, merged)
    return await find(tx, id)


def _merged(known: dict[str, Any], fields: Mapping[str, str | None]) -> str:
    merged = {name: value for name, value in (known | dict(fields)).items() if value is not None}
    if len(merged) > MOST_FIELDS:
        raise BadInput(
            "Please look again.", {"fields": _("%(most)d fields at most.") % {"most": MOST_FIELDS}}
        )
    return msgspec.json.encode(merged).decode()


async def put_tag(tx: Tx, id: int, name: str) -> Record:
    """A tag that is new is a private one. Raises NotFound, BadInput."""
    await find(tx, id)
    await people.tag(tx, id, [name])
    return await find(tx, id)


async def take_tag(tx: Tx, id: int, name: str) -> Record:
    """Raises NotFound."""
    await find(tx, id)
    await store.untag(tx, id, name)
    return await find(tx, id)
