"""Who is in a sequence, and what became of its mails, for programs: listed, counted, sent once more, looked at."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from newsletter.clock import iso
from newsletter.ids import read_id
from newsletter.sequences import Count, Entry, edits
from newsletter.storage import Tx
from newsletter.subscribers import Status
from newsletter.web.api import shapes
from newsletter.web.api.asking import Call, Endpoint, Reply, page_after
from newsletter.web.api.broadcasts import sample_to
from newsletter.web.api.reading import Cursors
from newsletter.web.api.sequences import ONE
from newsletter.web.api.step_shapes import SequenceReceipt
from newsletter.web.api.steps import ONE as STEP
from newsletter.web.kit import sequencing

PEOPLE = f"{ONE}/people"
ALONE = "This goes with a step."

State = Literal["running", "finished", "stopped"]
At = Annotated[
    str, Meta(pattern="^[0-9]{1,19}$", description="A step’s id, where they stand; 0: before the first")
]


class SequencePeopleAsked(shapes.Paged):
    """The newest subscriber first; at a step who came there last."""

    step: Annotated[
        str, Meta(pattern="^([0-9]{1,19})?$", description="Who stands there; 0: before the first step")
    ] = ""
    state: Annotated[
        State | Literal[""], Meta(description="Goes with `step`; of that it is else `running`")
    ] = ""


class InSequence(msgspec.Struct):
    id: Annotated[shapes.Id, Meta(description="Of the subscriber")]
    email: str
    status: Status
    state: Annotated[State, Meta(description="`stopped`: they have left, or may not be mailed")]
    step: At
    reached: shapes.Time
    started: shapes.Time


class SequencePeople(msgspec.Struct):
    items: list[InSequence]
    next: str | None


class StepCount(msgspec.Struct):
    step: At
    state: Annotated[str, Meta(examples=["running"])]
    count: int


class SequenceNumbers(msgspec.Struct):
    people: Annotated[list[StepCount], Meta(description="Who stands where")]
    mails: Annotated[list[StepCount], Meta(description="What became of each step’s mails")]


class SequenceRetried(msgspec.Struct):
    slug: str
    deliveries: Annotated[int, Meta(description="Those that are sent once more")]


async def list_sequence_people(call: Call) -> Reply:
    """Who is in a sequence, and where each of them stands."""
    asked: SequencePeopleAsked = call.query
    cursors, of = Cursors(call.site.tokens), f"{PEOPLE} {call.path['slug']} {asked.step} {asked.state}"
    at, _, id = cursors.read_text(of, asked.cursor).partition("-")
    found = await call.site.db.read(_people, call, (int(at or 0), int(id or 0)))
    items, more = page_after(found, asked.limit)
    following = cursors.make_text(of, f"{items[-1].reached_at}-{items[-1].id}") if more else None
    return Reply(SequencePeople([_person(one) for one in items], following))


async def _judge(_call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    return {"state": ALONE} if given.get("state") and not given.get("step") else {}


async def _people(tx: Tx, call: Call, before: tuple[int, int]) -> list[Entry]:
    """One more than are asked for. Raises NotFound."""
    asked: SequencePeopleAsked = call.query
    sequence = await call.site.sequences.find(tx, call.path["slug"])
    if not asked.step:
        return await edits.everybody(tx, sequence.id, before[1], asked.limit + 1)
    step = read_id(asked.step)
    if step is None:
        return []
    state = asked.state or "running"
    return await edits.standing_at(tx, sequence.id, step, state, before, asked.limit + 1)


def _person(one: Entry) -> InSequence:
    return InSequence(
        str(one.id), one.email, one.status, one.state, str(one.step_id), iso(one.reached_at), iso(one.started_at)  # type: ignore[arg-type]  # the database holds what was checked
    )  # fmt: skip


async def get_sequence_numbers(call: Call) -> Reply:
    """How many stand at each step, and what became of its mails."""
    now = await call.site.db.read(call.site.sequences.standing, call.path["slug"])
    return Reply(SequenceNumbers(_counts(now.people), _counts(now.sends)))


def _counts(counts: list[Count]) -> list[StepCount]:
    return [StepCount(str(one.step_id), one.state, one.count) for one in counts]


async def retry_sequence(call: Call) -> Reply:
    """Sends what failed of it, or is in doubt, once more."""
    wanted: shapes.Retry = call.body
    slug = call.path["slug"]
    return Reply(SequenceRetried(slug, await sequencing.send_again(call.site, slug, wanted.state)))


async def test_sequence(call: Call) -> Reply:
    """Mails one copy of each step to look at, to the owner or another address."""
    slug = call.path["slug"]
    steps = (await call.site.db.read(call.site.sequences.standing, slug)).steps
    await sequencing.send_samples(call.site, [one for one in steps if not one.removed], sample_to(call))
    return Reply(SequenceReceipt(slug))


async def test_step(call: Call) -> Reply:
    """Mails one copy of a step to look at, to the owner or another address."""
    _, step = await call.site.db.read(edits.step, call.site.sequences, call.path["slug"], call.id)
    await sequencing.send_samples(call.site, [step], sample_to(call))
    return Reply(shapes.Receipt(str(step.id), "kept"))


ENDPOINTS = (
    Endpoint("GET", PEOPLE, "sequences:read", list_sequence_people, asks=SequencePeopleAsked, gives=SequencePeople,
             judges=_judge),
    Endpoint("GET", f"{ONE}/numbers", "sequences:read", get_sequence_numbers, gives=SequenceNumbers),
    Endpoint("POST", f"{ONE}/retry", "sequences:write", retry_sequence, 202, shapes.Retry, gives=SequenceRetried),
    Endpoint("POST", f"{ONE}/test", "sequences:write", test_sequence, 202, shapes.Test, gives=SequenceReceipt),
    Endpoint("POST", f"{STEP}/test", "sequences:write", test_step, 202, shapes.Test, gives=shapes.Receipt),
)  # fmt: skip
