"""What is known of one subscriber, for programs: all of it, the proof of their consent; and their mail once more."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from newsletter.errors import BadInput, Conflict
from newsletter.magnets import all_magnets
from newsletter.storage import Tx
from newsletter.subscribers import Status, records
from newsletter.web.api import shapes
from newsletter.web.api.asking import Call, Endpoint, Reply
from newsletter.web.api.reading import WRONG
from newsletter.web.kit import changing, people

ONE = "/subscribers/{id}"
NOT_THEIRS = "This guide is not one of theirs."
Rows = list[dict[str, Any]]


class KnownData(msgspec.Struct):
    """All that there is of a person, as they may ask for it (GDPR Art. 15, 20)."""

    email: shapes.Email
    name: str
    status: Status
    fields: dict[str, Any]
    tags: list[str]
    signed_up: shapes.Time
    confirmed: shapes.Time | None
    unsubscribed: shapes.Time | None
    paused_until: shapes.Time | None
    signups: Rows
    downloads: Rows
    messages: Rows
    sequences: Rows
    bounces: Rows
    responses: Rows
    consent: Rows
    consent_chain_intact: bool
    follows: Rows
    comments: Rows


class Certificate(msgspec.Struct):
    """That, when and to which words they agreed. Each record's hash holds the one before it."""

    email: shapes.Email
    name: str
    status: Status
    intact: bool
    records: Rows


class MailAgain(msgspec.Struct):
    guide: Annotated[str, Meta(max_length=100, description="Of who is active: whose link, by its slug")] = ""


async def get_subscriber_data(call: Call) -> Reply:
    """All that is kept of one subscriber: what they may ask for."""
    known = await call.site.db.read(people.own_data, call.site, call.id)
    return Reply(msgspec.convert(known, KnownData))


async def get_subscriber_consent(call: Call) -> Reply:
    """The proof of one subscriber's consent."""
    return Reply(
        msgspec.convert(await call.site.db.read(call.site.subscribers.certificate, call.id), Certificate)
    )


async def mail_subscriber(call: Call) -> Reply:
    """Mails them once more what they were mailed already: the button to confirm, or a guide's link."""
    return Reply(await call.site.db.write(_mail, call))


async def _mail(tx: Tx, call: Call) -> shapes.Receipt:
    """As often as they themselves could ask for it. Raises BadInput, Conflict, NotFound."""
    wanted: MailAgain = call.body
    person = await records.find(tx, call.id)
    values: dict[str, str] = {}
    if person.status == "active":
        own = {guide.id for guide in await records.guides(tx, call.id)}
        theirs = {one.slug: one.id for one in await all_magnets(tx) if one.id in own}
        if wanted.guide not in theirs:
            raise BadInput(WRONG, {"guide": NOT_THEIRS})
        values["guide"] = str(theirs[wanted.guide])
    try:
        await changing.do(tx, call.site, "mail", call.id, values)
    except BadInput as error:
        raise Conflict(error.sentence) from None
    return shapes.Receipt(str(person.id), person.status)


ENDPOINTS = (
    Endpoint("GET", f"{ONE}/data", "subscribers:read", get_subscriber_data, gives=KnownData),
    Endpoint("GET", f"{ONE}/consent", "subscribers:read", get_subscriber_consent, gives=Certificate),
    Endpoint("POST", f"{ONE}/mail", "subscribers:write", mail_subscriber, 202, MailAgain, gives=shapes.Receipt),
)  # fmt: skip
