"""What programs send and get about sequences and their steps, as the description has it."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from newsletter.sequences import Step as Kept
from newsletter.sequences import Words, read_delay, read_start, say_delay
from newsletter.web.api.filling import moment
from newsletter.web.api.form_shapes import Slug
from newsletter.web.api.shapes import Id

Start = Annotated[
    str,
    Meta(
        max_length=220,
        description="`confirmed`, `confirmed:FORM`, `tag:TAG` or `downloaded:GUIDE`",
        examples=["tag:coaching"],
        extra={"reads": read_start},
    ),
]
Wait = Annotated[
    str,
    Meta(
        max_length=20,
        description="After the step before, of the first after the start; `at once` for none",
        examples=["2 days"],
        extra={"reads": read_delay},
    ),
]
Subject = Annotated[str, Meta(max_length=300, examples=["A talk, at last"])]
Preheader = Annotated[str, Meta(max_length=300)]
Body = Annotated[str, Meta(max_length=100_000, description="Markdown")]
Sender = Annotated[str, Meta(max_length=320, description="`Name <a@b>`; empty: NEWSLETTER_FROM")]


class Sequence(msgspec.Struct):
    slug: str
    state: Literal["off", "on"]
    why: str
    start: Annotated[str, Meta(examples=["tag:coaching"])]


class Sequences(msgspec.Struct):
    items: list[Sequence]


class SequenceStart(msgspec.Struct):
    since: Annotated[
        str,
        Meta(
            max_length=40,
            description="Also for whom it would have started since: ISO 8601",
            extra={"reads": moment},
        ),
    ] = ""
    people: Annotated[int, Meta(ge=0, description="With `since`: as many as were read")] | UnsetType = UNSET


class WaitingAsked(msgspec.Struct):
    since: Annotated[
        str,
        Meta(
            max_length=40,
            description="ISO 8601",
            examples=["2026-11-01T00:00:00+00:00"],
            extra={"reads": moment},
        ),
    ]


class Waiting(msgspec.Struct):
    people: int


class NewSequence(msgspec.Struct):
    slug: Slug
    start: Start


class SequenceChange(msgspec.Struct):
    start: Start


class SequenceReceipt(msgspec.Struct):
    slug: str


class StepsAsked(msgspec.Struct):
    removed: Annotated[bool, Meta(description="Those that were removed, too")] = False


class NewStep(msgspec.Struct):
    subject: Subject
    body: Body
    wait: Wait = "at once"
    preheader: Preheader = ""
    sender: Sender = ""


class StepChange(msgspec.Struct):
    subject: Subject | UnsetType = UNSET
    body: Body | UnsetType = UNSET
    wait: Wait | UnsetType = UNSET
    preheader: Preheader | UnsetType = UNSET
    sender: Sender | UnsetType = UNSET


class Move(msgspec.Struct):
    by: Annotated[int, Meta(ge=-100, le=100, examples=[-1])]


class Step(msgspec.Struct):
    id: Id
    slug: str
    wait: Wait
    subject: str
    preheader: str
    body: str
    sender: str
    removed: bool


class Steps(msgspec.Struct):
    items: list[Step]


def step(one: Kept) -> Step:
    return Step(
        str(one.id),
        one.slug,
        say_delay(one.delay),
        one.subject,
        one.preheader,
        one.body,
        one.sender,
        one.removed,
    )


def words(one: Kept) -> Words:
    """As its owner wrote it."""
    return Words(
        slug=one.slug,
        delay=one.delay,
        subject=one.subject,
        preheader=one.preheader,
        body=one.body,
        sender=one.sender,
    )
