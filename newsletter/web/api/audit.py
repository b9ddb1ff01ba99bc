"""Who did what, and when, for programs: the newest first. Nothing changes it, and it names no reader."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from newsletter.clock import iso
from newsletter.ids import read_id
from newsletter.owners import audit, people
from newsletter.storage import Tx
from newsletter.web.api import shapes
from newsletter.web.api.asking import Call, Endpoint, Reply
from newsletter.web.api.reading import Cursors

PATH = "/audit"

Way = audit.Way


class DeedsAsked(shapes.Paged):
    way: Annotated[Way | Literal[""], Meta(description="How they came who did it")] = ""
    actor: Annotated[
        str, Meta(pattern="^([0-9]{1,19})?$", description="Who: a person’s or a token’s `actor`")
    ] = ""
    area: Annotated[
        str,
        Meta(
            pattern="^[a-z-]{0,40}$",
            description="The first word of where it was done",
            examples=["subscribers"],
        ),
    ] = ""


class Deed(msgspec.Struct):
    id: shapes.Id
    at: shapes.Time
    way: Way
    actor: Annotated[str | None, Meta(description="Of the desk a person, of the API a token")]
    name: Annotated[
        str,
        Meta(description="A person’s address while they come here, a token’s prefix; else empty"),
    ]
    area: Annotated[str, Meta(examples=["forms"])]
    verb: Annotated[str, Meta(examples=["PATCH forms/{slug}"])]
    object: Annotated[str, Meta(description="To which it was done", examples=["guide"])]
    detail: Annotated[str, Meta(description="By which button, where there are several")]


class Deeds(msgspec.Struct):
    items: list[Deed]
    next: str | None


async def list_deeds(call: Call) -> Reply:
    """Who did what at the desk, by the API and at the terminal, the newest first."""
    asked: DeedsAsked = call.query
    cursors, of = Cursors(call.site.tokens), f"{PATH} {asked.way} {asked.actor} {asked.area}"
    before = cursors.read(of, asked.cursor) or None
    actor = read_id(asked.actor) if asked.actor else None
    if asked.actor and actor is None:  # a number that nobody can have
        return Reply(Deeds([], None))
    wanted = audit.Asked(asked.way, actor, asked.area, before)
    items, onward = await call.site.db.read(_page, wanted, asked.limit)
    return Reply(Deeds(items, cursors.make(of, onward) if onward else None))


async def _page(tx: Tx, wanted: audit.Asked, limit: int) -> tuple[list[Deed], int | None]:
    found, onward = await audit.page(tx, wanted, limit)
    emails = {one.id: one.email for one in await people.everyone(tx)}
    return [_shape(one, emails) for one in found], onward


def _shape(one: audit.Entry, emails: dict[int, str]) -> Deed:
    actor = None if one.actor_id is None else str(one.actor_id)
    name = emails.get(one.actor_id or 0, "") if one.way == "desk" else one.actor_name
    return Deed(
        str(one.id), iso(one.at), one.way, actor, name, one.area, one.verb, one.object, one.detail  # type: ignore[arg-type]  # the database holds what was checked
    )  # fmt: skip


ENDPOINTS = (Endpoint("GET", PATH, "audit:read", list_deeds, asks=DeedsAsked, gives=Deeds),)
