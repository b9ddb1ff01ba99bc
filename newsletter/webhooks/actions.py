"""What an owner, and a program of the owner's, does with webhooks. Each `async` function is one transaction."""

from collections.abc import Collection
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from newsletter.errors import BadInput, NotFound
from newsletter.ids import new_id
from newsletter.settings import Settings
from newsletter.storage import Tx
from newsletter.webhooks.model import EVENTS, OVERLAP, TEST, TOPIC, Delivery, Webhook
from newsletter.webhooks.store import deliveries, hooks
from newsletter.webhooks.targets import LOOPBACKS, read_target
from newsletter.words import gettext as _

MOST = 20
GONE = "There is no such webhook."
_NONE_CHOSEN = "Choose at least one thing that it is told of."
_TOO_MANY = "There are %(most)d webhooks, and no more than that. Delete one first."
_TWICE = "There is a webhook to this address already. Change that one."


def is_local(settings: Settings) -> bool:
    """Whether webhooks may lead to this machine, as in the demonstration: the service itself is reached there only."""
    return urlsplit(settings.public_url).hostname in LOOPBACKS


async def add(tx: Tx, url: str, events: Collection[str], *, local: bool) -> Webhook:
    """It is told of what happens from now on. `local`: it may be on this machine. Raises BadInput."""
    known = await hooks.everyone(tx)
    chosen = _checked(url, events, known, local=local)
    if len(known) >= MOST:
        said = _(_TOO_MANY) % {"most": MOST}
        raise BadInput(said, {"url": said})
    id = await hooks.add(tx, url, chosen)
    tx.wake(TOPIC)
    return await find(tx, id)


def _checked(url: str, events: Collection[str], others: Collection[Webhook], *, local: bool) -> str:
    """The events in their order. Raises BadInput, with each field's own error."""
    errors: dict[str, str] = {}
    if said := _wrong(url, others, local=local):
        errors["url"] = said
    if not events:
        errors["events"] = _NONE_CHOSEN
    elif unknown := sorted(set(events) - set(EVENTS)):
        errors["events"] = _("There is no event %(event)s. There are: %(known)s.") % {
            "event": repr(unknown[0][:40]),
            "known": ", ".join(EVENTS),
        }
    if errors:
        raise BadInput(" ".join(map(_, errors.values())), errors)
    return " ".join(event for event in EVENTS if event in events)


def _wrong(url: str, others: Collection[Webhook], *, local: bool) -> str:
    try:
        read_target(url, local=local)
    except BadInput as error:
        return error.sentence
    return _TWICE if any(one.url == url for one in others) else ""


async def wrong_url(tx: Tx, url: str, id: int = 0, *, local: bool) -> str:
    """What is wrong with an address that the webhook `id`, or 0: a new one, would lead to; or ''."""
    return _wrong(url, [one for one in await hooks.everyone(tx) if one.id != id], local=local)


async def everyone(tx: Tx) -> list[tuple[Webhook, dict[str, int]]]:
    """All webhooks, the oldest first, with how many deliveries are in each state."""
    counts = await deliveries.counts(tx)
    return [(one, counts.get(one.id, {})) for one in await hooks.everyone(tx)]


async def find(tx: Tx, id: int, *, held: bool = False) -> Webhook:
    """`held`: nobody else changes it until the transaction ends. Raises NotFound."""
    found = await hooks.find(tx, id, held=held)
    if found is None:
        raise NotFound(GONE)
    return found


async def change(
    tx: Tx, id: int, url: str, events: Collection[str], state: Literal["on", "off"], *, local: bool
) -> Webhook:
    """Turned on, it is told of what happens from then on, and gets what had waited. Raises NotFound, BadInput."""
    before = await find(tx, id, held=True)
    chosen = _checked(url, events, [one for one in await hooks.everyone(tx) if one.id != id], local=local)
    after = msgspec.structs.replace(before, url=url, events=chosen, state=state)
    if state != before.state:
        after = msgspec.structs.replace(after, why="", failing_since=None, held_until=0)
        if state == "on":
            after = msgspec.structs.replace(after, since=tx.now, noted_to=tx.now)
    if url != before.url:
        after = msgspec.structs.replace(after, failing_since=None, held_until=0)
    await hooks.rewrite(tx, after)
    tx.wake(TOPIC)
    return after


async def forget(tx: Tx, id: int) -> None:
    """With all its deliveries; it is no error where it is gone already."""
    await hooks.remove(tx, id)


async def rotate(tx: Tx, id: int) -> Webhook:
    """A new secret; the one before signs along for a day. Raises NotFound."""
    before = await find(tx, id, held=True)
    after = msgspec.structs.replace(before, secret=before.secret + 1, overlap_until=tx.now + OVERLAP)
    await hooks.rewrite(tx, after)
    return after


async def try_out(tx: Tx, id: int) -> None:
    """Sends it one delivery that tells of nothing. Raises NotFound."""
    await find(tx, id)
    await deliveries.add(tx, id, TEST, [deliveries.Fact(new_id(), None, tx.now)])
    await hooks.hold_on(tx, id, 0)
    tx.wake(TOPIC)


async def log(tx: Tx, id: int, limit: int, before: int = 0) -> list[Delivery]:
    """Its deliveries, the newest first; those before the id `before`. Raises NotFound."""
    await find(tx, id)
    return await deliveries.newest(tx, id, limit, before)


async def resend(tx: Tx, id: int, delivery_id: int) -> Delivery:
    """Once more from the beginning, whatever came of it. Raises NotFound."""
    await find(tx, id)
    found = await deliveries.find(tx, id, delivery_id)
    if found is None:
        raise NotFound("There is no such delivery. They are kept for 30 days.")
    await deliveries.again(tx, delivery_id)
    await hooks.hold_on(tx, id, 0)
    tx.wake(TOPIC)
    return found


async def note_erasure(tx: Tx, subscriber_id: int) -> None:
    """In the transaction that erases: nothing stays that it could be read from later."""
    for hook in await hooks.everyone(tx):
        if hook.state == "on" and "subscriber.erased" in hook.chosen:
            fact = deliveries.Fact(subscriber_id, None, tx.now)
            await deliveries.add(tx, hook.id, "subscriber.erased", [fact])
    tx.wake(TOPIC)
