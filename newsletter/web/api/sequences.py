"""Sequences for programs: looked at, turned on and off. Their steps are in steps.py."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from newsletter.sequences import Sequence
from newsletter.storage import Tx
from newsletter.web.api import step_shapes as shapes
from newsletter.web.api.asking import Call, Endpoint, Reply
from newsletter.web.api.filling import moment
from newsletter.web.kit import sequencing

PATH = "/sequences"
ONE = f"{PATH}/{{slug}}"
ALONE = "This goes with since."


def shape(one: Sequence) -> shapes.Sequence:
    return shapes.Sequence(one.slug, one.state, one.why, one.started_by)


async def list_sequences(call: Call) -> Reply:
    """All sequences, what starts them, and whether they are on."""
    found = await call.site.db.read(call.site.sequences.all)
    return Reply(shapes.Sequences([shape(one) for one in found]))


async def get_sequence(call: Call) -> Reply:
    """One sequence."""
    return Reply(shape(await call.site.db.read(call.site.sequences.find, call.path["slug"])))


async def start_sequence(call: Call) -> Reply:
    """Turns it on: for whom what starts it happens from now on, or since a time."""
    wanted: shapes.SequenceStart = call.body
    since = moment(wanted.since) if wanted.since else None
    people = None if wanted.people is UNSET else wanted.people
    await sequencing.turn_on(call.site, call.path["slug"], since, people)
    return await get_sequence(call)


async def _judge_start(_call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    return {"people": ALONE} if "people" in given and not given.get("since") else {}


async def count_waiting(call: Call) -> Reply:
    """For how many it would start that are not in it, had it been on since a time."""
    asked: shapes.WaitingAsked = call.query
    return Reply(shapes.Waiting(await call.site.db.read(_waiting, call, moment(asked.since))))


async def _waiting(tx: Tx, call: Call, since: int) -> int:
    """Raises NotFound."""
    sequences = call.site.sequences
    return await sequences.waiting(tx, await sequences.find(tx, call.path["slug"]), since)


async def stop_sequence(call: Call) -> Reply:
    """Turns it off: it starts for nobody and sends nothing. Who is in it keeps their place."""
    await sequencing.turn_off(call.site, call.path["slug"])
    return await get_sequence(call)


ENDPOINTS = (
    Endpoint("GET", PATH, "sequences:read", list_sequences, gives=shapes.Sequences),
    Endpoint("GET", ONE, "sequences:read", get_sequence, gives=shapes.Sequence, single=True),
    Endpoint(
        "POST", f"{ONE}/start", "sequences:write", start_sequence, 200, shapes.SequenceStart, gives=shapes.Sequence,
        judges=_judge_start,
    ),
    Endpoint(
        "GET", f"{ONE}/waiting", "sequences:read", count_waiting, asks=shapes.WaitingAsked, gives=shapes.Waiting
    ),
    Endpoint("POST", f"{ONE}/stop", "sequences:write", stop_sequence, gives=shapes.Sequence),
)  # fmt: skip
