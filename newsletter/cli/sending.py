"""What is about to be sent from a terminal: first its owner is asked, then it is sent as it was when they were."""

from contextlib import suppress
from datetime import datetime
from typing import cast

import msgspec

from newsletter import clock
from newsletter.broadcasts import Broadcast, Draft, doubts, draft_of
from newsletter.errors import BadInput, Unavailable
from newsletter.subscribers import segments
from newsletter.web.kit import broadcasting
from newsletter.web.kit.site import Site

OWN_LINK = "(each reader's own link)"
"""In a preview, where each mail has a link that is its reader's."""


class Plan(msgspec.Struct, frozen=True):
    """What is about to be sent, as its owner is asked about it."""

    broadcast: Broadcast | None  # None: a file, which is none yet
    draft: Draft
    subject: str
    people: int
    warnings: list[str]
    when: datetime | None  # None: now
    before: str  # a sentence, where the very same was sent already


async def plan(site: Site, named: int | Draft, at: str | None) -> Plan:
    """What is to be known before it is sent. Raises BadInput for what can't be."""
    broadcast = None if isinstance(named, Draft) else await site.db.read(site.broadcasts.find, named)
    draft = draft_of(broadcast) if broadcast else cast("Draft", named)
    broadcasting.frozen(site, draft)
    letter, findings = broadcasting.looked_over(site, draft)
    audience = segments.parse(draft.audience)
    findings += await site.db.read(doubts, draft.audience)
    when = _when(site, draft, at)
    if when and when <= clock.moment(clock.now()):
        raise BadInput(site.broadcasts.OVER)
    return Plan(
        broadcast=broadcast,
        draft=draft,
        subject=letter.seen_by({})[0],
        people=await site.db.read(segments.count, audience, mailable=True),
        warnings=[f"{one.level}: {one.sentence}" for one in findings],
        when=when,
        before=await _before(site, draft, broadcast),
    )


async def _before(site: Site, draft: Draft, broadcast: Broadcast | None) -> str:
    last = await site.db.read(site.broadcasts.same, draft)
    if last is None or last.sent_at is None or (broadcast and broadcast.id == last.id):
        return ""
    return f"The very same went out on {clock.iso(last.sent_at)}, as number {last.id}."


async def send(site: Site, plan: Plan) -> int:
    """As it was when it was asked about, or not at all; what is to wait for its time goes as it is then."""
    at = int(plan.when.timestamp() * 1000) if plan.when else None
    one = plan.broadcast
    if one is None:
        made = broadcasting.ready(site, plan.draft)
        one = await site.db.write(broadcasting.send_new, site, plan.draft, made.content, at, made.links)
    elif at is None:
        await broadcasting.send_off(site, one)
    else:
        await site.db.write(site.broadcasts.schedule, one.id, at)
    return one.id


async def fill(site: Site, number: int) -> None:
    """What doesn't succeed here the worker does: no error, or somebody sends it all again."""
    with suppress(Unavailable):
        await broadcasting.fill(site, number)


async def see_to_rows(site: Site) -> None:
    """As `fill`."""
    with suppress(Unavailable):
        await broadcasting.see_to_rows(site)


def _when(site: Site, draft: Draft, at: str | None) -> datetime | None:
    try:
        if at and len(at.strip()) <= len("2026-12-01"):
            raise ValueError("a day has no time")
        when = datetime.fromisoformat(at.strip()) if at else draft.send_at
    except ValueError:
        raise BadInput("--at is written like 2026-12-01 09:00.") from None
    return broadcasting.moment(site.settings, when) if when else None
