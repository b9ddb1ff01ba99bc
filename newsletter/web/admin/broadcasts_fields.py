"""What an owner types of a broadcast: the fields, what is wrong with each, and what is to say about the whole."""

from asyncio import to_thread
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request

from newsletter.broadcasts import Broadcast, Draft, Finding, Letter, doubts
from newsletter.errors import BadInput
from newsletter.owners import Session
from newsletter.storage import Tx
from newsletter.subscribers import segments
from newsletter.web.admin.door import own_fields
from newsletter.web.kit import broadcasting
from newsletter.web.kit.site import Site

FIELDS = {"subject": 300, "preheader": 300, "sender": 320, "audience": 1_000, "archive": 3, "body": 100_000}
"""Each field with its longest text, in characters."""


class Typed(msgspec.Struct):
    session: Session
    values: dict[str, str]
    errors: dict[str, str]


class Looked(msgspec.Struct, frozen=True):
    """What is to say about a text as it stands, and how many it would go to (None: the audience can't be read)."""

    letter: Letter | None  # None: its sender can't be read
    findings: list[Finding]
    people: int | None

    def wrong(self) -> list[str]:
        return [one.sentence for one in self.findings if one.level == "error"]

    def doubtful(self) -> list[str]:
        return [one.sentence for one in self.findings if one.level == "warning"]


async def read_typed(request: Request[Any, Any, Any], more: Mapping[str, int]) -> Typed:
    """The fields and `more` of them. Raises SignedOut, BadInput."""
    sent = await own_fields(request, {**FIELDS, **more}, multiline=("body",))
    return Typed(sent.session, sent.values, sent.errors)


def draft_typed(values: Mapping[str, str]) -> Draft:
    return Draft(
        subject=values.get("subject", ""),
        preheader=values.get("preheader", ""),
        body=values.get("body", ""),
        audience=values.get("audience", ""),
        sender=values.get("sender", ""),
        archive="archive" in values,
    )


def values_of(one: Broadcast) -> dict[str, str]:
    """A broadcast as its form has it."""
    values: dict[str, str] = {name: getattr(one, name) for name in FIELDS if name != "archive"}
    return values | ({"archive": "yes"} if one.archive else {})


async def look(site: Site, draft: Draft) -> tuple[Looked, dict[str, str]]:
    """What is to say about it, and of each field that can't be kept why not."""
    errors: dict[str, str] = {}
    findings: list[Finding] = []
    letter, people = None, None
    try:
        letter, findings = await to_thread(broadcasting.looked_over, site, draft)
    except BadInput as error:
        errors["sender"] = error.sentence
    try:
        segment = segments.parse(draft.audience)
    except BadInput as error:
        errors["audience"] = error.sentence
    else:
        people = await site.db.read(_count, segment)
        findings += await site.db.read(doubts, draft.audience)
    return Looked(letter, findings, people), errors


async def _count(tx: Tx, segment: segments.Segment) -> int:
    return await segments.count(tx, segment, mailable=True)
