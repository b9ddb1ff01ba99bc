"""Many subscribers at once, for programs: asked for, counted, begun with that count, stopped, undone."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from newsletter.errors import BadInput, Conflict
from newsletter.storage import Tx
from newsletter.subscribers import bulk, segments
from newsletter.web.api import many_shapes as own
from newsletter.web.api import shapes
from newsletter.web.api.asking import Call, Endpoint, Reply

PATH = "/subscribers/many"
ONE = f"{PATH}/{{id}}"
NEWEST = 50
OTHERS = "These are not so many as you say. Read it again before you start it."


async def list_changes_of_many(call: Call) -> Reply:
    """The newest 50 changes of many subscribers; each is kept for 30 days."""
    found = await call.site.db.read(bulk.latest, NEWEST)
    return Reply(own.Changes([own.change(one) for one in found]))


async def ask_for_many(call: Call) -> Reply:
    """Writes down who is meant, and changes nothing: read how many they are, and start it."""
    wanted: own.NewChange = call.body
    segment, zone = segments.parse(wanted.segment), ZoneInfo(call.site.settings.time_zone)
    id = await call.site.db.write(bulk.ask, wanted.action, wanted.tag, segment, zone)
    await bulk.gather(call.site.db, await call.site.db.read(bulk.find, id))
    made = await call.site.db.read(bulk.find, id)
    return Reply(shapes.Receipt(str(made.id), made.state), location=f"{PATH}/{made.id}")


async def _judge(call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    try:
        if "action" in given:
            await call.site.db.read(bulk.judge, given["action"], given.get("tag", ""))
    except BadInput as error:
        return error.fields
    return {}


async def get_change_of_many(call: Call) -> Reply:
    """How many they are, and how far it is."""
    return Reply(own.change(await call.site.db.read(bulk.find, call.id)))


async def start_change_of_many(call: Call) -> Reply:
    """Begins, or goes on, where they are as many as the program has read. It goes on by itself."""
    wanted: own.Start = call.body
    return await _pressed(call, "start", wanted.people)


async def stop_change_of_many(call: Call) -> Reply:
    """Stops it after the slice that is under way."""
    return await _pressed(call, "stop")


async def undo_change_of_many(call: Call) -> Reply:
    """Takes back what it has done of a tag; nobody who was erased comes back."""
    return await _pressed(call, "undo")


async def _pressed(call: Call, verb: str, people: int | None = None) -> Reply:
    await call.site.db.write(_press, call.id, verb, people)
    return await get_change_of_many(call)


async def _press(tx: Tx, id: int, verb: str, people: int | None) -> None:
    """Raises NotFound, BadInput, Conflict."""
    if people is not None and (await bulk.find(tx, id)).people != people:
        raise Conflict(OTHERS)
    await bulk.press(tx, id, verb)


ENDPOINTS = (
    Endpoint("GET", PATH, "subscribers:read", list_changes_of_many, gives=own.Changes),
    Endpoint("POST", PATH, "subscribers:write", ask_for_many, 202, own.NewChange, gives=shapes.Receipt,
             judges=_judge),
    Endpoint("GET", ONE, "subscribers:read", get_change_of_many, gives=own.Change, single=True),
    Endpoint("POST", f"{ONE}/start", "subscribers:write", start_change_of_many, 202, own.Start, gives=own.Change),
    Endpoint("POST", f"{ONE}/stop", "subscribers:write", stop_change_of_many, 202, gives=own.Change),
    Endpoint("POST", f"{ONE}/undo", "subscribers:write", undo_change_of_many, 202, gives=own.Change),
)  # fmt: skip
