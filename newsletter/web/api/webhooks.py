"""Webhooks for programs: listed, made, changed, tried, deleted; their secrets, and what became of each delivery."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from newsletter import webhooks
from newsletter.clock import iso
from newsletter.errors import NotFound
from newsletter.ids import read_id
from newsletter.storage import Tx
from newsletter.web.api import shapes
from newsletter.web.api import webhook_shapes as own
from newsletter.web.api.asking import GONE, Call, Endpoint, Reply, page_after
from newsletter.web.api.reading import Cursors
from newsletter.web.kit.site import Site
from newsletter.webhooks import Webhook

PATH = "/webhooks"
ONE = f"{PATH}/{{id}}"
LOG = f"{ONE}/deliveries"


async def list_webhooks(call: Call) -> Reply:
    """All webhooks, the oldest first."""
    found = await call.site.db.read(webhooks.everyone)
    return Reply(own.Webhooks([own.webhook(one) for one, _ in found]))


async def add_webhook(call: Call) -> Reply:
    """Adds one, which is told of what happens from now on. Its secret is at `/webhooks/{id}/secret`."""
    wanted: own.NewWebhook = call.body
    local = webhooks.is_local(call.site.settings)
    made = await call.site.db.write(_add, wanted, local)
    return Reply(shapes.Receipt(str(made.id), made.state), location=f"{PATH}/{made.id}")


async def _add(tx: Tx, wanted: own.NewWebhook, local: bool) -> Webhook:
    return await webhooks.add(tx, wanted.url, wanted.events, local=local)


async def _judge(call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    return await call.site.db.read(_faults, call, given)


async def _faults(tx: Tx, call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    if "url" not in given:
        return {}
    id = call.id if "id" in call.path else 0
    said = await webhooks.wrong_url(tx, given["url"], id, local=webhooks.is_local(call.site.settings))
    return {"url": said} if said else {}


async def get_webhook(call: Call) -> Reply:
    """One webhook."""
    return Reply(own.webhook(await _found(call)))


async def _found(call: Call) -> Webhook:
    return await call.site.db.read(webhooks.find, call.id)


async def change_webhook(call: Call) -> Reply:
    """Changes where it leads and what it is told of; switches it off and on."""
    return Reply(own.webhook(await call.site.db.write(_change, call)))


async def _change(tx: Tx, call: Call) -> Webhook:
    wanted: own.WebhookChange = call.body
    before = await webhooks.find(tx, call.id, held=True)
    call.match(own.webhook(before))
    return await webhooks.change(
        tx,
        call.id,
        before.url if wanted.url is UNSET else wanted.url,
        before.chosen if wanted.events is UNSET else wanted.events,
        before.state if wanted.state is UNSET else wanted.state,
        local=webhooks.is_local(call.site.settings),
    )


async def delete_webhook(call: Call) -> Reply:
    """Deletes it, with its log."""
    await call.site.db.write(_delete, call)
    return Reply()


async def _delete(tx: Tx, call: Call) -> None:
    call.match(own.webhook(await webhooks.find(tx, call.id, held=True)))
    await webhooks.forget(tx, call.id)


async def get_webhook_secret(call: Call) -> Reply:
    """What its deliveries are signed with."""
    return Reply(_secret(call.site, await _found(call), await call.site.db.read(_now)))


async def _now(tx: Tx) -> int:
    return tx.now


def _secret(site: Site, one: Webhook, now: int) -> own.Secret:
    newest = webhooks.secret_of(site.tokens, one.id, one.secret)
    if one.overlap_until <= now:
        return own.Secret(newest, None, None)
    return own.Secret(newest, webhooks.secret_of(site.tokens, one.id, one.secret - 1), iso(one.overlap_until))


async def rotate_webhook_secret(call: Call) -> Reply:
    """Makes a new secret; the one before signs along for a day."""
    made = await call.site.db.write(webhooks.rotate, call.id)
    return Reply(shapes.Receipt(str(made.id), made.state))


async def test_webhook(call: Call) -> Reply:
    """Sends it one delivery that tells of nothing."""
    await call.site.db.write(webhooks.try_out, call.id)
    return Reply(shapes.Receipt(str(call.id), "queued"))


async def list_deliveries(call: Call) -> Reply:
    """What became of each delivery of the last 30 days, the newest first."""
    asked: shapes.Paged = call.query
    cursors, of = Cursors(call.site.tokens), f"{PATH} {call.id}"
    before = cursors.read(of, asked.cursor)
    found = await call.site.db.read(webhooks.log, call.id, asked.limit + 1, before)
    items, more = page_after(found, asked.limit)
    following = cursors.make(of, items[-1].id) if more else None
    return Reply(own.Deliveries([own.delivery(one) for one in items], following))


async def resend_delivery(call: Call) -> Reply:
    """Sends it once more, whatever came of it."""
    delivery = read_id(call.path["delivery"])
    if delivery is None:
        raise NotFound(GONE)
    await call.site.db.write(webhooks.resend, call.id, delivery)
    return Reply(shapes.Receipt(str(delivery), "queued"))


ENDPOINTS = (
    Endpoint("GET", PATH, "webhooks:read", list_webhooks, gives=own.Webhooks),
    Endpoint("POST", PATH, "webhooks:write", add_webhook, 201, own.NewWebhook, gives=shapes.Receipt,
             judges=_judge),
    Endpoint("GET", ONE, "webhooks:read", get_webhook, gives=own.WebhookShape, single=True),
    Endpoint(
        "PATCH", ONE, "webhooks:write", change_webhook, 200, own.WebhookChange, gives=own.WebhookShape,
        single=True, matches=True, judges=_judge,
    ),
    Endpoint("DELETE", ONE, "webhooks:write", delete_webhook, 204, matches=True),
    Endpoint("GET", f"{ONE}/secret", "webhooks:write", get_webhook_secret, gives=own.Secret),
    Endpoint("POST", f"{ONE}/rotate", "webhooks:write", rotate_webhook_secret, gives=shapes.Receipt),
    Endpoint("POST", f"{ONE}/test", "webhooks:write", test_webhook, 202, gives=shapes.Receipt),
    Endpoint("GET", LOG, "webhooks:read", list_deliveries, asks=shapes.Paged, gives=own.Deliveries),
    Endpoint("POST", f"{LOG}/{{delivery}}/resend", "webhooks:write", resend_delivery, 202, gives=shapes.Receipt),
)  # fmt: skip
