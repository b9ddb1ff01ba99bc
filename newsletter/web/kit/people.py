"""All that is kept of one person, whatever they did here: shown, and erased. Each verb is one transaction."""

from importlib import import_module
from typing import Any

from newsletter.addresses import Address
from newsletter.errors import NotFound
from newsletter.storage import Tx
from newsletter.web.kit.site import Site

UNKNOWN = "Nobody with this address is known here."


async def own_data(tx: Tx, site: Site, subscriber_id: int, epoch: int | None = None) -> dict[str, Any]:
    """Everything we hold about a subscriber (GDPR Art. 15, 20). Raises NotFound."""
    person = await site.subscribers.find(tx, subscriber_id, epoch)
    known = await site.subscribers.own_data(tx, subscriber_id, epoch)
    said = await site.persons.own_data(tx, person.email_key) or {"follows": [], "comments": []}
    return known | {"follows": said["follows"], "comments": said["comments"]}


async def erase(tx: Tx, site: Site, subscriber_id: int, epoch: int | None = None) -> tuple[str, ...]:
    """Nothing stays of a subscriber, nor of what they said; returns what `Site.scrub` is for. Raises NotFound."""
    try:
        person = await site.subscribers.hold(tx, subscriber_id, epoch)
    except NotFound:
        if epoch is not None:
            raise
        return ()
    await site.persons.erase(tx, person.email_key)
    await site.mailings.forget_samples(tx, person.email_key)
    # Webhooks are no part of our start.
    await import_module("newsletter.webhooks").note_erasure(tx, subscriber_id)
    return await site.subscribers.erase(tx, subscriber_id, epoch)


async def data_at(tx: Tx, site: Site, address: Address) -> dict[str, Any]:
    """As `own_data`, for an address: its reader may have written comments only. Raises NotFound."""
    person = await site.subscribers.find_by_key(tx, address.key)
    if person is not None:
        return await own_data(tx, site, person.id)
    said = await site.persons.own_data(tx, address.key)
    if said is None:
        raise NotFound(UNKNOWN)
    return said


async def erase_at(tx: Tx, site: Site, address: Address) -> None:
    """As `erase`, for an address; it is not mailed again. Raises NotFound."""
    person = await site.subscribers.find_by_key(tx, address.key)
    if person is not None:
        await erase(tx, site, person.id)
        return
    if not await site.persons.erase(tx, address.key):
        raise NotFound(UNKNOWN)
    await site.post.suppress(tx, address.key, "erased")
    await site.post.clear_budget(tx, address.key)
