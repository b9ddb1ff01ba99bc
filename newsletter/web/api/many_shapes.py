"""What programs send and get about changes of many subscribers, as the description has it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from newsletter.clock import iso
from newsletter.subscribers import bulk
from newsletter.web.api.shapes import Filter, Id, Time

Action = Literal["tag", "untag", "erase"]


class NewChange(msgspec.Struct):
    action: Action
    segment: Filter
    tag: Annotated[str, Meta(max_length=100, description="Of `tag` and `untag`", examples=["coaching"])] = ""


class Start(msgspec.Struct):
    people: Annotated[int, Meta(ge=0, description="As many as were read", examples=[42])]


class Change(msgspec.Struct):
    id: Id
    action: Action
    tag: str
    segment: Annotated[str, Meta(description="Empty where they were ticked at the desk")]
    state: Literal["gathering", "asked", "running", "done", "stopped", "undoing", "undone"]
    people: Annotated[int, Meta(description="Who are meant; all of them once it is no longer `gathering`")]
    reached: Annotated[int, Meta(description="So many of them are done")]
    changed: Annotated[int, Meta(description="For so many of those it was news")]
    can_undo: bool
    asked: Time


class Changes(msgspec.Struct):
    items: list[Change]


def change(one: bulk.Bulk) -> Change:
    return Change(
        str(one.id),
        one.verb,
        one.tag,
        one.about,
        one.state,
        one.people,
        one.position,
        one.changed,
        one.can_undo,
        iso(one.created_at),
    )
