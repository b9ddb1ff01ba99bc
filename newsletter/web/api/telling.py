"""Telling those who have an older version of a guide, for programs: first how many they are, then the word."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from newsletter.clock import iso
from newsletter.errors import NotFound
from newsletter.magnets import Magnet, all_magnets, telling
from newsletter.storage import Tx
from newsletter.web.api.asking import GONE, Call, Endpoint, Reply
from newsletter.web.api.magnets import ONE
from newsletter.web.api.shapes import Time

PATH = f"{ONE}/telling"


class Telling(msgspec.Struct):
    version: Annotated[int, Meta(description="The newest")]
    state: Literal["not_begun", "under_way", "done"]
    people: Annotated[int, Meta(description="Who would be told; once it has begun, who were")]
    began: Time | None


class NewTelling(msgspec.Struct):
    version: Annotated[int, Meta(ge=1, description="The one that was read")]
    words: Annotated[str, Meta(max_length=telling.LONGEST, description="Said to all of them")] = ""


async def get_telling(call: Call) -> Reply:
    """How many have an older version and may be mailed; or how far they are told of the newest."""
    return Reply(await call.site.db.read(_telling, call))


async def _telling(tx: Tx, call: Call) -> Telling:
    magnet = await _found(tx, call)
    standing = await telling.standing(tx, magnet)
    if standing is None:
        people = 0 if magnet.number == 1 else await telling.audience(tx, magnet)
        return Telling(magnet.number, "not_begun", people, None)
    state: Literal["under_way", "done"] = "done" if standing.done_at else "under_way"
    return Telling(magnet.number, state, standing.people, iso(standing.began_at))


async def _found(tx: Tx, call: Call) -> Magnet:
    """Raises NotFound."""
    found = next((one for one in await all_magnets(tx) if one.slug == call.path["slug"]), None)
    if found is None:
        raise NotFound(GONE)
    return found


async def begin_telling(call: Call) -> Reply:
    """Tells them from now on, 200 a minute, and nobody twice."""
    wanted: NewTelling = call.body
    slug = call.path["slug"]
    await call.site.db.write(telling.begin, call.site.magnets, slug, wanted.version, wanted.words)
    return await get_telling(call)


ENDPOINTS = (
    Endpoint("GET", PATH, "forms:read", get_telling, gives=Telling),
    Endpoint("POST", PATH, "forms:write", begin_telling, 202, NewTelling, gives=Telling),
)
