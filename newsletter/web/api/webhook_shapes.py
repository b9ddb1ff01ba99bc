"""What programs send and get about webhooks, as the description has it."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from newsletter.clock import iso, iso_or_none
from newsletter.web.api.shapes import Id, Time
from newsletter.webhooks import Delivery, Event, Webhook

Url = Annotated[
    str, Meta(min_length=1, max_length=500, examples=["https://shop.example.org/hooks/newsletter"])
]
Events = Annotated[list[Event], Meta(min_length=1, max_length=20, examples=[["subscriber.confirmed"]])]
State = Literal["on", "off"]


class NewWebhook(msgspec.Struct):
    url: Url
    events: Events


class WebhookChange(msgspec.Struct):
    url: Url | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    state: State | UnsetType = UNSET


class WebhookShape(msgspec.Struct):
    id: Id
    url: Url
    events: Events
    state: State
    why: Annotated[str, Meta(description="Why it is off, where its owner didn’t want so")]
    created: Time


def webhook(one: Webhook) -> WebhookShape:
    return WebhookShape(str(one.id), one.url, one.chosen, one.state, one.why, iso(one.created_at))  # type: ignore[arg-type]  # the database holds what was checked


class Webhooks(msgspec.Struct):
    items: list[WebhookShape]


class Secret(msgspec.Struct):
    """What its deliveries are signed with; `previous` signs along until then."""

    secret: Annotated[
        str, Meta(pattern="^whsec_", examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="])
    ]
    previous: str | None
    previous_until: Time | None


class DeliveryShape(msgspec.Struct):
    id: Id
    event: Annotated[str, Meta(examples=["subscriber.confirmed"])]
    state: Literal["queued", "sent", "failed"]
    attempts: int
    happened: Time
    tried: Time | None
    due: Annotated[Time | None, Meta(description="When it is tried next")]
    status: Annotated[int, Meta(description="HTTP’s; 0: there was no answer")]
    took: Annotated[int, Meta(description="Milliseconds")]
    answer: Annotated[
        str, Meta(description="Its first characters, without any address, or why there is none")
    ]


def delivery(one: Delivery) -> DeliveryShape:
    return DeliveryShape(
        str(one.id),
        one.event,
        one.state,
        one.attempts,
        iso(one.at),
        iso_or_none(one.tried_at),
        iso(one.not_before) if one.state == "queued" else None,
        one.status,
        one.took,
        one.answer,
    )


class Deliveries(msgspec.Struct):
    items: list[DeliveryShape]
    next: str | None
