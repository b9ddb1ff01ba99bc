"""What a delivery says: made when it is sent, of the rows as they are then, so that no address is kept for it."""

from typing import Any

import msgspec

from newsletter.clock import iso, iso_or_none
from newsletter.errors import NotFound
from newsletter.storage import Tx
from newsletter.subscribers import records
from newsletter.webhooks.model import TEST, Delivery
from newsletter.webhooks.store import facts


async def body(tx: Tx, delivery: Delivery) -> bytes | None:
    """JSON: `type`, `timestamp`, `data`. None where what it tells of is no more."""
    data = await _data(tx, delivery)
    if data is None:
        return None
    return msgspec.json.encode({"type": delivery.event, "timestamp": iso(delivery.at), "data": data})


async def _data(tx: Tx, delivery: Delivery) -> dict[str, Any] | None:
    kind = delivery.event.partition(".")[0]
    if delivery.event == TEST:
        return {"id": str(delivery.subject_id), "message": "It works."}
    if delivery.event == "subscriber.erased":
        return {"id": str(delivery.subject_id)}
    if kind == "subscriber":
        return None if delivery.subscriber_id is None else await _subscriber(tx, delivery.subscriber_id)
    if kind == "comment":
        return await _comment(tx, delivery.subject_id)
    return await _broadcast(tx, delivery.subject_id)


async def _subscriber(tx: Tx, id: int) -> dict[str, Any] | None:
    """As the API has it."""
    try:
        one = await records.find(tx, id)
    except NotFound:
        return None
    return {
        "id": str(one.id),
        "email": one.email,
        "name": one.name,
        "status": one.status,
        "tags": one.tags,
        "fields": msgspec.json.decode(one.fields),
        "signed_up": iso(one.created_at),
        "confirmed": iso_or_none(one.confirmed_at),
        "unsubscribed": iso_or_none(one.unsubscribed_at),
        "paused_until": iso_or_none(one.paused_until),
    }


async def _comment(tx: Tx, id: int) -> dict[str, Any] | None:
    """What the public reads, and no more."""
    one = await facts.comment(tx, id)
    return (
        None
        if one is None
        else {
            "id": str(one.id),
            "url": one.url,
            "title": one.title,
            "name": one.name,
            "website": one.website,
            "text": one.raw,
            "html": one.html,
            "by_owner": one.by_owner,
            "created": iso(one.created_at),
        }
    )


async def _broadcast(tx: Tx, id: int) -> dict[str, Any] | None:
    one = await facts.broadcast(tx, id)
    return (
        None
        if one is None
        else {
            "id": str(one.id),
            "slug": one.slug,
            "subject": one.subject,
            "archive": one.archive,
            "sent": iso_or_none(one.sent_at),
            "finished": iso_or_none(one.finished_at),
        }
    )
