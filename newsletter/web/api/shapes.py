"""What programs send and get, as the description has it. Ids are texts: JavaScript's numbers end before ours."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from newsletter.addresses import parse
from newsletter.broadcasts import Broadcast as Sent
from newsletter.clock import iso, iso_or_none
from newsletter.subscribers import Status, records, segments
from newsletter.web.api.filling import moment

Id = Annotated[str, Meta(pattern="^[0-9]{1,19}$", examples=["345678901234567890"])]
Time = Annotated[str, Meta(description="ISO 8601, in UTC", examples=["2026-11-22T19:30:00+00:00"])]
Name = Annotated[str, Meta(max_length=100, examples=["Ada"])]
Value = Annotated[str, Meta(max_length=1_000)]
Key = Annotated[str, Meta(min_length=1, max_length=100)]
Tag = Annotated[str, Meta(min_length=1, max_length=100, pattern="^[^,]*$", examples=["coaching"])]
Email = Annotated[
    str, Meta(min_length=3, max_length=254, examples=["ada@example.org"], extra={"reads": parse})
]
Filter = Annotated[
    str,
    Meta(
        max_length=1_000,
        description="docs/segments.md; empty: all",
        examples=["tag:coaching"],
        extra={"reads": segments.parse},
    ),
]
Limit = Annotated[int, Meta(ge=1, le=200)]
Cursor = Annotated[str, Meta(max_length=64, description="`next` of the page before")]


class Receipt(msgspec.Struct):
    """What a POST did; nobody is named in it."""

    id: Id
    state: str


class Paged(msgspec.Struct):
    limit: Limit = 50
    cursor: Cursor = ""


class SubscribersAsked(Paged):
    segment: Filter = ""
    email: Annotated[
        str, Meta(max_length=254, description="Exactly this address", extra={"reads": parse})
    ] = ""
    search: Annotated[
        str,
        Meta(max_length=100, description="How an address or a name begins: the first that do, of one page"),
    ] = ""


class Subscriber(msgspec.Struct):
    id: Id
    email: Email
    name: str
    status: Status
    tags: list[str]
    fields: dict[str, Any]
    signed_up: Time
    confirmed: Time | None
    unsubscribed: Time | None
    paused_until: Time | None


def subscriber(one: records.Record) -> Subscriber:
    return Subscriber(
        str(one.id),
        one.email,
        one.name,
        one.status,
        one.tags,
        msgspec.json.decode(one.fields),
        iso(one.created_at),
        iso_or_none(one.confirmed_at),
        iso_or_none(one.unsubscribed_at),
        iso_or_none(one.paused_until),
    )


class Subscribers(msgspec.Struct):
    items: list[Subscriber]
    next: str | None


class NewSubscriber(msgspec.Struct):
    """Nobody is mailed unless `form` says by which form they are asked to confirm."""

    email: Email
    name: Name = ""
    fields: Annotated[dict[Key, Value], Meta(max_length=records.MOST_FIELDS)] = {}
    tags: Annotated[list[Tag], Meta(max_length=records.MOST_TAGS)] = []
    form: Annotated[str, Meta(max_length=100, description="Mails its confirmation", examples=["guide"])] = ""
    imported: Annotated[
        str,
        Meta(
            max_length=1_000,
            description="How they agreed elsewhere: makes them active, and is kept as the proof",
        ),
    ] = ""
    agreed: Annotated[
        str, Meta(max_length=40, description="When, with `imported`: ISO 8601", extra={"reads": moment})
    ] = ""


class SubscriberChange(msgspec.Struct):
    """Of `fields` those named change; null takes one away."""

    name: Name | UnsetType = UNSET
    fields: dict[Key, Value | None] | UnsetType = UNSET


class Tags(msgspec.Struct):
    items: list[records.TagCount]


class SegmentAsked(msgspec.Struct):
    segment: Filter = ""


class SegmentCount(msgspec.Struct):
    segment: Annotated[str, Meta(description="As we write it")]
    subscribers: int
    mailable: Annotated[int, Meta(description="Those who would be mailed now")]
    unknown: Annotated[list[str], Meta(description="A sentence for each name that nothing has")]


class ExportAsked(msgspec.Struct):
    status: Status | Literal[""] = ""
    tag: Annotated[str, Meta(max_length=100)] = ""
    form: Annotated[str, Meta(max_length=100)] = ""
    format: Literal["ndjson", "csv"] = "ndjson"


class Draft(msgspec.Struct):
    subject: Annotated[str, Meta(max_length=200, examples=["What I learned this month"])] = ""
    body: Annotated[str, Meta(description="Markdown", examples=["Hello **you**."])] = ""
    preheader: Annotated[str, Meta(max_length=200)] = ""
    audience: Filter = ""
    sender: Annotated[str, Meta(max_length=200, description="Empty: NEWSLETTER_FROM")] = ""
    archive: bool = False


class DraftChange(msgspec.Struct):
    subject: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    body: str | UnsetType = UNSET
    preheader: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    audience: Filter | UnsetType = UNSET
    sender: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    archive: bool | UnsetType = UNSET


class Broadcast(Draft, kw_only=True):
    id: Id
    slug: str
    state: Literal["draft", "scheduled", "sending", "paused", "cancelled", "sent"]
    version: int
    created: Time
    send_at: Time | None
    sent: Time | None
    finished: Time | None


def broadcast(one: Sent) -> Broadcast:
    return Broadcast(
        id=str(one.id),
        slug=one.slug,
        subject=one.subject,
        body=one.body,
        preheader=one.preheader,
        audience=one.audience,
        sender=one.sender,
        archive=one.archive,
        state=one.state,
        version=one.version,
        created=iso(one.created_at),
        send_at=iso_or_none(one.send_at),
        sent=iso_or_none(one.sent_at),
        finished=iso_or_none(one.finished_at),
    )


class Broadcasts(msgspec.Struct):
    items: list[Broadcast]
    next: str | None


class LinkClicks(msgspec.Struct):
    url: str
    clicks: Annotated[int, Meta(description="Of people, and of machines that look at links")]


class Numbers(msgspec.Struct):
    state: str
    why: Annotated[str, Meta(description="Why it is held, where it is")]
    deliveries: dict[str, int]
    skipped: Annotated[dict[str, int], Meta(description="Why, and how many")]
    unsubscribed: int
    bounced: int
    complained: int
    clicks: Annotated[list[LinkClicks], Meta(description="Empty where they aren't counted")]
    waits: Annotated[list[str], Meta(description="Who has to wait, and for what")]


class Test(msgspec.Struct):
    to: Annotated[
        str, Meta(max_length=254, description="Empty: the owner's address", extra={"reads": parse})
    ] = ""


class Sending(msgspec.Struct):
    version: Annotated[int, Meta(description="The one that was read")]
    at: Annotated[str, Meta(max_length=40, description="ISO 8601; empty: now", extra={"reads": moment})] = ""
    again: Annotated[bool, Meta(description="Also where the very same was sent before")] = False


class Finding(msgspec.Struct):
    level: Literal["error", "warning"]
    sentence: str


class Preview(msgspec.Struct):
    """As somebody with no name gets it; with an error it isn't sent."""

    subject: str
    text: str
    html: str
    findings: list[Finding]


class DeliveriesAsked(msgspec.Struct):
    limit: Limit = 50
    cursor: Cursor = ""
    state: Literal["", "queued", "sending", "sent", "deferred", "failed", "in_doubt", "skipped"] = ""
    email: Annotated[str, Meta(max_length=100, description="A piece of an address")] = ""


class MailDelivery(msgspec.Struct):
    email: str
    state: Literal["queued", "sending", "sent", "deferred", "failed", "in_doubt", "skipped"]
    settled: Time | None
    attempts: int
    resends: int
    reply: Annotated[str, Meta(description="What their server said")]


class MailDeliveries(msgspec.Struct):
    items: list[MailDelivery]
    next: str | None


class Retry(msgspec.Struct):
    state: Literal["failed", "in_doubt"]


class Retried(msgspec.Struct):
    id: Id
    deliveries: Annotated[int, Meta(description="Those that are sent once more")]


class CommentsAsked(Paged):
    status: Literal["unverified", "pending", "approved", "spam"] = "pending"


class Comment(msgspec.Struct):
    id: Id
    url: Annotated[str, Meta(description="The page under which it stands")]
    title: str
    name: str
    email: str
    website: str
    text: str
    html: str
    status: Literal["unverified", "pending", "approved", "spam", "deleted"]
    why: Annotated[str, Meta(description="Why it is held")]
    by_owner: bool
    created: Time
    edited: Time | None


class Comments(msgspec.Struct):
    items: list[Comment]
    next: str | None
