"""Sequences and their steps, for programs: made, written, put in order, removed and put back."""

from asyncio import to_thread
from collections.abc import Mapping
from typing import Any

import msgspec

from newsletter.errors import BadInput
from newsletter.sequences import Sequence, Step, Words, edits, read_delay, read_start
from newsletter.storage import Tx
from newsletter.web.api import shapes
from newsletter.web.api import step_shapes as own
from newsletter.web.api.asking import Call, Endpoint, Reply
from newsletter.web.api.broadcasts import preview_of
from newsletter.web.api.reading import given as given_of
from newsletter.web.api.sequences import ONE as SEQUENCE
from newsletter.web.api.sequences import PATH as SEQUENCES
from newsletter.web.api.sequences import get_sequence, shape
from newsletter.web.kit import sequencing

PATH = f"{SEQUENCE}/steps"
ONE = f"{PATH}/{{id}}"
NOT_ON = "The sequence is on, and this step can’t go as it is: {} Turn it off first, or see to that."


async def add_sequence(call: Call) -> Reply:
    """Makes a sequence, which is off and has no steps yet."""
    new: own.NewSequence = call.body
    start, value = read_start(new.start)
    made = await call.site.db.write(edits.begin, call.site.sequences, new.slug, start, value)
    return Reply(own.SequenceReceipt(made.slug), location=f"{SEQUENCES}/{made.slug}")


async def _judge(call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    return await call.site.db.read(_faults, call, given)


async def _faults(tx: Tx, call: Call, given: Mapping[str, Any]) -> dict[str, str]:
    errors = {}
    if "slug" in given and await edits.is_taken(tx, given["slug"]):
        errors["slug"] = edits.TAKEN
    try:
        if "start" in given:
            await call.site.sequences.judge_start(tx, *read_start(given["start"]))
    except BadInput as error:
        errors["start"] = error.sentence
    return errors


async def change_sequence(call: Call) -> Reply:
    """Has something else start it, from now on."""
    wanted: own.SequenceChange = call.body
    start, value = read_start(wanted.start)
    slug = call.path["slug"]
    await sequencing.start_by(call.site, slug, start, value, lambda now: call.match(shape(now)))
    return await get_sequence(call)


async def delete_sequence(call: Call) -> Reply:
    """Deletes one into which nobody has come."""
    await call.site.db.write(_delete, call)
    return Reply()


async def _delete(tx: Tx, call: Call) -> None:
    slug = call.path["slug"]
    call.match(shape(await edits.hold(tx, slug)))
    await edits.forget(tx, slug)


async def list_steps(call: Call) -> Reply:
    """The steps of a sequence in their order; removed ones with them where that is asked."""
    asked: own.StepsAsked = call.query
    found = await call.site.db.read(call.site.sequences.standing, call.path["slug"])
    return Reply(own.Steps([own.step(one) for one in found.steps if asked.removed or not one.removed]))


async def get_step(call: Call) -> Reply:
    """One step, with its text."""
    return Reply(own.step((await call.site.db.read(_found, call))[1]))


async def _found(tx: Tx, call: Call) -> tuple[Sequence, Step]:
    """Raises NotFound."""
    return await edits.step(tx, call.site.sequences, call.path["slug"], call.id)


async def preview_step(call: Call) -> Reply:
    """How a step reads, and what there is to say about it before it is sent."""
    _, step = await call.site.db.read(_found, call)
    letter, findings = await to_thread(sequencing.looked_over, call.site, step)
    return Reply(preview_of(letter, findings))


async def add_step(call: Call) -> Reply:
    """Adds a step at the end. Of a sequence that is on it has to be one that can be sent."""
    new: own.NewStep = call.body
    words = _words(Words(slug="", delay=0, subject=new.subject, body=new.body), msgspec.structs.asdict(new))
    slug = call.path["slug"]
    await _fit(call, await call.site.db.read(call.site.sequences.find, slug), words)
    made = await call.site.db.write(edits.add_step, call.site.sequences, slug, words)
    return Reply(shapes.Receipt(str(made.id), "kept"), location=f"{SEQUENCES}/{slug}/steps/{made.id}")


async def change_step(call: Call) -> Reply:
    """Changes a step; who has had it does not get it again."""
    sequence, before = await call.site.db.read(_found, call)
    call.match(own.step(before))
    await _fit(call, sequence, _words(own.words(before), given_of(call.body)))
    return Reply(own.step(await call.site.db.write(_change, call, before.revision)))


async def _change(tx: Tx, call: Call, fit: int) -> Step:
    """`fit`: the revision that was looked over. Raises NotFound, Refusal, Conflict."""
    now = await _held(tx, call)
    call.match(own.step(now))
    words = _words(own.words(now), given_of(call.body))
    return await edits.change_step(tx, call.site.sequences, call.path["slug"], now.id, fit, words)


async def _held(tx: Tx, call: Call) -> Step:
    """As it is now, and nobody else changes it until the transaction ends. Raises NotFound."""
    await edits.hold(tx, call.path["slug"])
    return (await _found(tx, call))[1]


def _words(before: Words, given: dict[str, str]) -> Words:
    wanted: dict[str, str | int] = {name: value for name, value in given.items() if name != "wait"}
    if "wait" in given:
        wanted["delay"] = read_delay(given["wait"])
    return msgspec.structs.replace(before, **wanted)


async def _fit(call: Call, sequence: Sequence, words: Words) -> None:
    """Raises BadInput."""
    _, findings = await to_thread(sequencing.looked_over, call.site, words)
    wrong = [one.sentence for one in findings if one.level == "error"]
    if wrong and sequence.state == "on":
        raise BadInput(NOT_ON.format(" ".join(wrong)))


async def remove_step(call: Call) -> Reply:
    """Removes a step: nobody comes to it any more, and it can be put back."""
    await call.site.db.write(_remove, call)
    return Reply()


async def _remove(tx: Tx, call: Call) -> None:
    before = await _held(tx, call)
    call.match(own.step(before))
    await edits.remove_step(tx, call.site.sequences, call.path["slug"], before.id)


async def move_step(call: Call) -> Reply:
    """Moves it so many places, earlier (below 0) or later."""
    wanted: own.Move = call.body
    await call.site.db.write(edits.move_step, call.site.sequences, call.path["slug"], call.id, wanted.by)
    return await get_step(call)


async def put_step_back(call: Call) -> Reply:
    """Puts a removed step back where it was."""
    await call.site.db.write(edits.put_back, call.site.sequences, call.path["slug"], call.id)
    return await get_step(call)


ENDPOINTS = (
    Endpoint("POST", SEQUENCES, "sequences:write", add_sequence, 201, own.NewSequence, gives=own.SequenceReceipt,
             judges=_judge),
    Endpoint(
        "PATCH", SEQUENCE, "sequences:write", change_sequence, 200, own.SequenceChange, gives=own.Sequence,
        single=True, matches=True, judges=_judge,
    ),
    Endpoint("DELETE", SEQUENCE, "sequences:write", delete_sequence, 204, matches=True, refuses=(409,)),
    Endpoint("GET", PATH, "sequences:read", list_steps, asks=own.StepsAsked, gives=own.Steps),
    Endpoint("POST", PATH, "sequences:write", add_step, 201, own.NewStep, gives=shapes.Receipt),
    Endpoint("GET", ONE, "sequences:read", get_step, gives=own.Step, single=True),
    Endpoint("GET", f"{ONE}/preview", "sequences:read", preview_step, gives=shapes.Preview),
    Endpoint(
        "PATCH", ONE, "sequences:write", change_step, 200, own.StepChange, gives=own.Step, single=True, matches=True,
        refuses=(409,),
    ),
    Endpoint("DELETE", ONE, "sequences:write", remove_step, 204, matches=True, refuses=(409,)),
    Endpoint("POST", f"{ONE}/move", "sequences:write", move_step, 200, own.Move, gives=own.Step),
    Endpoint("POST", f"{ONE}/put-back", "sequences:write", put_step_back, gives=own.Step),
)  # fmt: skip
