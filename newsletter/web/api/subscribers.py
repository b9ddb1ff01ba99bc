"""Subscribers for programs: listed, added, changed, tagged, unsubscribed, erased, exported."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import UNSET

from newsletter.addresses import Address, parse
from newsletter.errors import BadInput
from newsletter.signups import Form, Submission
from newsletter.storage import Tx
from newsletter.subscribers import Choice, export_csv, export_ndjson, listing, records, segments, tag_name
from newsletter.web.api import shapes
from newsletter.web.api.asking import Call, Endpoint, Reply, page_after
from newsletter.web.api.filling import moment
from newsletter.web.api.reading import Cursors
from newsletter.web.kit import people
from newsletter.web.kit.site import Site

PATH = "/subscribers"
ONE = f"{PATH}/{{id}}"
BOTH = "Either they confirm by a form, or they have agreed elsewhere."
BY_ITSELF = "A search goes by itself, without email, segment or cursor."
ALONE = "This says when they agreed elsewhere: say how with imported."


async def list_subscribers(call: Call) -> Reply:
    """Subscribers, the oldest first; those of a segment, or with one address."""
    asked: shapes.SubscribersAsked = call.query
    site = call.site
    if asked.email:
        known = await site.db.read(_at, site, parse(asked.email))
        return Reply(shapes.Subscribers(known, None))
    if asked.search.strip():
        found = await site.db.read(_found, asked.search.strip(), asked.limit)
        return Reply(shapes.Subscribers(found, None))
    segment = segments.parse(asked.segment)
    cursors, of = Cursors(site.tokens), f"{PATH} {segment}"
    after = cursors.read(of, asked.cursor)
    zone = ZoneInfo(site.settings.time_zone)
    rows = await site.db.read(records.page, segment, after, asked.limit + 1, zone)
    items, more = page_after(rows, asked.limit)
    following = cursors.make(of, items[-1].id) if more else None
    return Reply(shapes.Subscribers([shapes.subscriber(one) for one in items], following))


async def _judge_asked(_call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    searched = given.get("search", "").strip()
    alone = not any(given.get(name) for name in ("email", "segment", "cursor"))
    return {"search": BY_ITSELF} if searched and not alone else {}


async def _at(tx: Tx, site: Site, address: Address) -> list[shapes.Subscriber]:
    person = await site.subscribers.find_by_key(tx, address.key)
    return [] if person is None else [shapes.subscriber(await records.find(tx, person.id))]


async def _found(tx: Tx, text: str, most: int) -> list[shapes.Subscriber]:
    ids = [one.id for one in await listing.found(tx, text, most)]
    return [shapes.subscriber(one) for one in await records.those(tx, ids[:most])]


async def get_subscriber(call: Call) -> Reply:
    """One subscriber."""
    return Reply(shapes.subscriber(await call.site.db.read(records.find, call.id)))


async def add_subscriber(call: Call) -> Reply:
    """Adds somebody: pending and mailed nothing, asked to confirm by a form, or active by a proof of consent."""
    new: shapes.NewSubscriber = call.body
    address, agreed = parse(new.email), moment(new.agreed) if new.agreed else None
    form = await call.site.forms.find(new.form) if new.form else None
    made = await call.site.db.write(_add, call.site, new, address, agreed, form)
    return Reply(shapes.Receipt(str(made.id), made.status), location=f"{PATH}/{made.id}")


async def _judge_new(_call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    errors = {"imported": BOTH} if given.get("form") and given.get("imported") else {}
    return errors | ({"agreed": ALONE} if given.get("agreed") and not given.get("imported") else {})


async def _add(
    tx: Tx, site: Site, new: shapes.NewSubscriber, address: Address, agreed: int | None, form: Form | None
) -> records.Record:
    """With `form` its own confirmation is mailed, within the address's budget.

    Raises BadInput, Conflict, Repeated.
    """
    made = await records.add(
        tx, site.tokens, site.subscribers, address, new.name, new.fields, new.tags, new.imported, agreed
    )
    if form:
        await site.signups.sign_up(tx, form, Submission(address, {"name": new.name, **new.fields}))
    return made


async def change_subscriber(call: Call) -> Reply:
    """Changes name and fields."""
    return Reply(shapes.subscriber(await call.site.db.write(_change, call)))


async def _change(tx: Tx, call: Call) -> records.Record:
    wanted: shapes.SubscriberChange = call.body
    await call.site.subscribers.hold(tx, call.id)
    call.match(shapes.subscriber(await records.find(tx, call.id)))
    name = None if wanted.name is UNSET else wanted.name
    return await records.change(tx, call.id, name, None if wanted.fields is UNSET else wanted.fields)


async def put_tag(call: Call) -> Reply:
    """Gives a subscriber a tag, which is made where there is none yet."""
    return Reply(shapes.subscriber(await call.site.db.write(_put_tag, call, _tag(call))))


async def _put_tag(tx: Tx, call: Call, tag: str) -> records.Record:
    await _minded(tx, call)
    return await records.put_tag(tx, call.id, tag)


async def _minded(tx: Tx, call: Call) -> None:
    """Raises NotFound, Refusal."""
    await call.site.subscribers.hold(tx, call.id)
    call.mind(shapes.subscriber(await records.find(tx, call.id)))


async def take_tag(call: Call) -> Reply:
    """Takes a tag from a subscriber; it is no error where they don't have it."""
    return Reply(shapes.subscriber(await call.site.db.write(_take_tag, call, _tag(call))))


async def _take_tag(tx: Tx, call: Call, tag: str) -> records.Record:
    await _minded(tx, call)
    return await records.take_tag(tx, call.id, tag)


def _tag(call: Call) -> str:
    name = tag_name(call.path["tag"])
    if len(name) > 100:
        raise BadInput("The name of a tag has 100 characters at most.")
    return name


async def unsubscribe(call: Call) -> Reply:
    """Unsubscribes somebody at once; who is not active stays as they are."""
    person = await call.site.db.write(_unsubscribe, call)
    return Reply(shapes.Receipt(str(person.id), person.status))


async def _unsubscribe(tx: Tx, call: Call) -> records.Record:
    await records.find(tx, call.id)
    await call.site.subscribers.unsubscribe(tx, call.id, "api")
    return await records.find(tx, call.id)


async def erase_subscriber(call: Call) -> Reply:
    """Erases somebody from every table and file; a keyed hash keeps them from being mailed again."""
    traces = await call.site.db.write(_erase, call)
    await call.site.scrub(traces)
    return Reply()


async def _erase(tx: Tx, call: Call) -> tuple[str, ...]:
    await call.site.subscribers.hold(tx, call.id)
    call.match(shapes.subscriber(await records.find(tx, call.id)))
    return await people.erase(tx, call.site, call.id)


async def list_tags(call: Call) -> Reply:
    """All tags, with how many subscribers have each."""
    return Reply(shapes.Tags(await call.site.db.read(records.tags)))


async def count_segment(call: Call) -> Reply:
    """How many subscribers a segment has, and what in it names nothing."""
    asked: shapes.SegmentAsked = call.query
    return Reply(await call.site.db.read(_count, call.site, segments.parse(asked.segment)))


async def _count(tx: Tx, site: Site, segment: segments.Segment) -> shapes.SegmentCount:
    zone = ZoneInfo(site.settings.time_zone)
    return shapes.SegmentCount(
        str(segment),
        await segments.count(tx, segment, zone=zone),
        await segments.count(tx, segment, mailable=True, zone=zone),
        await segments.unknown(tx, segment),
    )


async def export_subscribers(call: Call) -> Reply:
    """All subscribers of a choice, streamed: a JSON object a line, or CSV to the letter."""
    asked: shapes.ExportAsked = call.query
    choice, db = Choice(status=asked.status, tag=asked.tag, form=asked.form), call.site.db
    as_csv = asked.format == "csv"
    lines = export_csv(db, choice, raw=True) if as_csv else export_ndjson(db, choice)
    media_type = "text/csv; charset=utf-8" if as_csv else "application/x-ndjson"
    return Reply(stream=_nothing() if call.head else _bytes(lines), media_type=media_type)


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


async def _bytes(lines: AsyncIterator[tuple[int, bytes]]) -> AsyncIterator[bytes]:
    async for _, piece in lines:
        yield piece


ENDPOINTS = (
    Endpoint("GET", PATH, "subscribers:read", list_subscribers, asks=shapes.SubscribersAsked, gives=shapes.Subscribers,
             judges=_judge_asked),
    Endpoint(
        "POST", PATH, "subscribers:write", add_subscriber, 201, shapes.NewSubscriber, gives=shapes.Receipt,
        refuses=(404, 409), judges=_judge_new,
    ),
    Endpoint("GET", ONE, "subscribers:read", get_subscriber, gives=shapes.Subscriber, single=True),
    Endpoint(
        "PATCH", ONE, "subscribers:write", change_subscriber, 200, shapes.SubscriberChange, gives=shapes.Subscriber,
        single=True, matches=True,
    ),
    Endpoint("DELETE", ONE, "subscribers:write", erase_subscriber, 204, matches=True),
    Endpoint("POST", f"{ONE}/unsubscribe", "subscribers:write", unsubscribe, gives=shapes.Receipt),
    Endpoint(
        "PUT", f"{ONE}/tags/{{tag}}", "subscribers:write", put_tag, gives=shapes.Subscriber, single=True, minds=True,
    ),
    Endpoint(
        "DELETE", f"{ONE}/tags/{{tag}}", "subscribers:write", take_tag, gives=shapes.Subscriber, single=True,
        minds=True,
    ),
    Endpoint("GET", "/tags", "subscribers:read", list_tags, gives=shapes.Tags),
    Endpoint(
        "GET", "/segments/count", "subscribers:read", count_segment, asks=shapes.SegmentAsked, gives=shapes.SegmentCount
    ),
    Endpoint(
        "GET", "/export/subscribers", "subscribers:read", export_subscribers, asks=shapes.ExportAsked,
        gives="application/x-ndjson",
    ),
)  # fmt: skip
