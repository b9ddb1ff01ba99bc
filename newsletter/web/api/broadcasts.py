"""Broadcasts for programs: written, tried, sent now or later, paused, gone on with, cancelled, counted, sent again."""

from asyncio import to_thread
from collections.abc import Iterable

import msgspec
from msgspec import UNSET

from newsletter.addresses import parse
from newsletter.broadcasts import Broadcast, Draft, Finding, Letter, draft_of, numbers
from newsletter.clock import iso, iso_or_none
from newsletter.errors import BadInput, Conflict
from newsletter.mail import Delivery
from newsletter.storage import Tx
from newsletter.web.api import shapes
from newsletter.web.api.asking import STALE, Call, Endpoint, Reply, page_after
from newsletter.web.api.filling import moment
from newsletter.web.api.reading import WRONG, Cursors
from newsletter.web.kit import broadcasting

PATH = "/broadcasts"
ONE = f"{PATH}/{{id}}"
NOBODY = "Say to whom: NEWSLETTER_OWNER_EMAIL is not set."
BEFORE = "The very same went out on {}, as number {}. Say again, if everybody shall get it once more."


async def list_broadcasts(call: Call) -> Reply:
    """Broadcasts, the newest first."""
    asked: shapes.Paged = call.query
    cursors = Cursors(call.site.tokens)
    before = cursors.read(PATH, asked.cursor)
    found = await call.site.db.read(call.site.broadcasts.newest, asked.limit + 1, before)
    items, more = page_after(found, asked.limit)
    following = cursors.make(PATH, items[-1].id) if more else None
    return Reply(shapes.Broadcasts([shapes.broadcast(one) for one in items], following))


async def get_broadcast(call: Call) -> Reply:
    """One broadcast, with its text."""
    return Reply(shapes.broadcast(await _found(call)))


async def _found(call: Call) -> Broadcast:
    return await call.site.db.read(call.site.broadcasts.find, call.id)


async def add_broadcast(call: Call) -> Reply:
    """Keeps a draft; nothing is sent."""
    wanted: shapes.Draft = call.body
    draft = Draft(**msgspec.structs.asdict(wanted))
    made = await call.site.db.write(call.site.broadcasts.new, draft)
    return Reply(shapes.Receipt(str(made.id), made.state), location=f"{PATH}/{made.id}")


async def change_broadcast(call: Call) -> Reply:
    """Changes a draft, or one that waits for its time."""
    return Reply(shapes.broadcast(await call.site.db.write(_change, call)))


async def _change(tx: Tx, call: Call) -> Broadcast:
    before = await call.site.broadcasts.find(tx, call.id, held=True)
    call.match(shapes.broadcast(before))
    given = msgspec.structs.asdict(call.body)
    changed = {name: value for name, value in given.items() if value is not UNSET}
    draft = msgspec.structs.replace(draft_of(before), **changed)
    return await call.site.broadcasts.change(tx, call.id, before.version, draft)


async def delete_broadcast(call: Call) -> Reply:
    """Deletes a draft."""
    await call.site.db.write(_delete, call)
    return Reply()


async def _delete(tx: Tx, call: Call) -> None:
    call.match(shapes.broadcast(await call.site.broadcasts.find(tx, call.id, held=True)))
    await call.site.broadcasts.forget(tx, call.id)


async def test_broadcast(call: Call) -> Reply:
    """Mails one copy to look at, to the owner or another address."""
    found = await _found(call)
    await broadcasting.send_sample(call.site, draft_of(found), sample_to(call))
    return Reply(shapes.Receipt(str(found.id), found.state))


def sample_to(call: Call) -> str:
    """Whom a copy to look at goes to. Raises BadInput."""
    wanted: shapes.Test = call.body
    to = wanted.to or call.site.settings.owner_email
    if not to:
        raise BadInput(WRONG, {"to": NOBODY})
    return parse(to).email


async def send_broadcast(call: Call) -> Reply:
    """Sends it to its audience, now or at a time; only the version that was read."""
    wanted: shapes.Sending = call.body
    site = call.site
    found = await _found(call)
    if found.version != wanted.version:
        raise Conflict(STALE)
    at = moment(wanted.at) if wanted.at else None
    last = await site.db.read(site.broadcasts.same, draft_of(found))
    if last and last.sent_at and last.id != found.id and not wanted.again:
        raise Conflict(BEFORE.format(iso(last.sent_at), last.id))
    if at is None:
        await broadcasting.send_off(site, found)
    else:
        await to_thread(broadcasting.frozen, site, draft_of(found))  # refused now, not then
        await site.db.write(site.broadcasts.schedule, found.id, at, found.version)
    return await _receipt(call)


async def _receipt(call: Call) -> Reply:
    found = await _found(call)
    return Reply(shapes.Receipt(str(found.id), found.state))


async def pause_broadcast(call: Call) -> Reply:
    """Begins nothing more of it."""
    await call.site.db.write(call.site.broadcasts.pause, call.id)
    return await _receipt(call)


async def resume_broadcast(call: Call) -> Reply:
    """Goes on with a paused one."""
    await call.site.db.write(call.site.broadcasts.resume, call.id)
    return await _receipt(call)


async def cancel_broadcast(call: Call) -> Reply:
    """Ends it for good; one that is only scheduled is a draft again."""
    await call.site.db.write(_cancel, call)
    return await _receipt(call)


async def _cancel(tx: Tx, call: Call) -> None:
    broadcasts = call.site.broadcasts
    scheduled = (await broadcasts.find(tx, call.id)).state == "scheduled"
    await (broadcasts.unschedule if scheduled else broadcasts.cancel)(tx, call.id)


async def get_numbers(call: Call) -> Reply:
    """What became of it, in numbers of people."""
    found = await _found(call)
    seen = await call.site.db.read(numbers, call.site.mailings, call.id)
    return Reply(
        shapes.Numbers(
            found.state,
            seen.why,
            msgspec.structs.asdict(seen.tally),
            seen.skips,
            seen.unsubscribed,
            seen.bounced,
            seen.complained,
            [shapes.LinkClicks(one.url, one.clicks) for one in seen.clicks],
            seen.waits,
        )
    )


async def preview_broadcast(call: Call) -> Reply:
    """How it reads, and what there is to say about it before it is sent."""
    found = await _found(call)
    letter, findings = await to_thread(broadcasting.looked_over, call.site, draft_of(found))
    return Reply(preview_of(letter, findings))


def preview_of(letter: Letter, findings: Iterable[Finding]) -> shapes.Preview:
    seen = letter.seen_by({})
    return shapes.Preview(*seen, [shapes.Finding(one.level, one.sentence) for one in findings])


async def list_broadcast_deliveries(call: Call) -> Reply:
    """Each person's message, its state, and what their server said."""
    asked: shapes.DeliveriesAsked = call.query
    cursors, of = Cursors(call.site.tokens), f"{PATH} {call.id} {asked.state} {asked.email}"
    first, _, second = cursors.read_text(of, asked.cursor).partition("-")
    after = (int(first or 0), int(second or 0))
    search, most = asked.email.strip(), asked.limit + 1
    found = await call.site.db.read(
        call.site.broadcasts.deliveries, call.id, asked.state, search, after, most
    )
    items, more = page_after(found, asked.limit)
    following = cursors.make_text(of, f"{items[-1].first}-{items[-1].second}") if more else None
    return Reply(shapes.MailDeliveries([_delivery(one) for one in items], following))


def _delivery(one: Delivery) -> shapes.MailDelivery:
    return shapes.MailDelivery(
        one.email, one.state, iso_or_none(one.at), one.attempts, one.resends, one.reply  # type: ignore[arg-type]  # the database holds what was checked
    )  # fmt: skip


async def retry_broadcast(call: Call) -> Reply:
    """Sends those that failed, or are in doubt, once more."""
    wanted: shapes.Retry = call.body
    count = await broadcasting.send_again(call.site, call.id, wanted.state)
    return Reply(shapes.Retried(str(call.id), count))


ENDPOINTS = (
    Endpoint("GET", PATH, "broadcasts:read", list_broadcasts, asks=shapes.Paged, gives=shapes.Broadcasts),
    Endpoint("POST", PATH, "broadcasts:write", add_broadcast, 201, shapes.Draft, gives=shapes.Receipt),
    Endpoint("GET", ONE, "broadcasts:read", get_broadcast, gives=shapes.Broadcast, single=True),
    Endpoint(
        "PATCH", ONE, "broadcasts:write", change_broadcast, 200, shapes.DraftChange, gives=shapes.Broadcast,
        single=True, matches=True, refuses=(409,),
    ),
    Endpoint("DELETE", ONE, "broadcasts:write", delete_broadcast, 204, matches=True, refuses=(409,)),
    Endpoint("POST", f"{ONE}/test", "broadcasts:send", test_broadcast, 202, shapes.Test, gives=shapes.Receipt),
    Endpoint(
        "POST", f"{ONE}/send", "broadcasts:send", send_broadcast, 202, shapes.Sending, gives=shapes.Receipt,
    ),
    Endpoint("POST", f"{ONE}/pause", "broadcasts:send", pause_broadcast, gives=shapes.Receipt),
    Endpoint("POST", f"{ONE}/resume", "broadcasts:send", resume_broadcast, gives=shapes.Receipt),
    Endpoint("POST", f"{ONE}/cancel", "broadcasts:send", cancel_broadcast, gives=shapes.Receipt),
    Endpoint("POST", f"{ONE}/retry", "broadcasts:send", retry_broadcast, 202, shapes.Retry, gives=shapes.Retried),
    Endpoint("GET", f"{ONE}/numbers", "broadcasts:read", get_numbers, gives=shapes.Numbers),
    Endpoint("GET", f"{ONE}/preview", "broadcasts:read", preview_broadcast, gives=shapes.Preview),
    Endpoint(
        "GET", f"{ONE}/deliveries", "broadcasts:read", list_broadcast_deliveries, asks=shapes.DeliveriesAsked,
        gives=shapes.MailDeliveries,
    ),
)  # fmt: skip
