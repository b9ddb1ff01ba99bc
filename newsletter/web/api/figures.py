"""What the desk's first page counts, for programs: who came and left, how far they come with each form, what waits."""

from typing import Annotated

import msgspec
from msgspec import Meta

from newsletter.clock import DAY, iso, moment
from newsletter.mail import hold, waiting
from newsletter.signups import FUNNEL_DAYS, Funnel, funnels
from newsletter.storage import Tx
from newsletter.subscribers import Overview
from newsletter.web.api import shapes
from newsletter.web.api.asking import Call, Endpoint, Reply
from newsletter.web.kit import home_figures, relaying

PATH = "/figures"
MOST_FORMS = 200


class FiguresAsked(msgspec.Struct):
    days: Annotated[int, Meta(ge=1, le=365, description="To look back, with today")] = 30


class DayCount(msgspec.Struct):
    day: Annotated[str, Meta(description="UTC", examples=["2026-11-22"])]
    signed_up: int
    confirmed: int
    left: int


class FormFunnel(msgspec.Struct):
    """Sign-ups of `funnel_days`. From `mailed` on without whoever was erased."""

    form: Annotated[str, Meta(description="Its slug", examples=["guide"])]
    title: str
    seen: Annotated[
        int,
        Meta(description="Its own page, in a frame, or by the script; plain HTML of a page asks for nothing"),
    ]
    submitted: int
    mailed: int
    opened: Annotated[int, Meta(description="The page behind the link, and by scanners too")]
    confirmed: int
    downloaded: int


class Trouble(msgspec.Struct):
    """One of the newest five broadcasts, which waits for its owner."""

    broadcast: shapes.Id
    paused: bool
    in_doubt: int
    failed: int


class SendingHeld(msgspec.Struct):
    since: shapes.Time
    why: str


class Figures(msgspec.Struct):
    subscribers: Annotated[dict[str, int], Meta(description="By status")]
    days: Annotated[list[DayCount], Meta(description="The last is today, so far")]
    funnel_days: Annotated[int, Meta(description="So far back the funnels go")]
    funnels: Annotated[list[FormFunnel], Meta(description="Those of most sign-ups first")]
    comments: Annotated[dict[str, int], Meta(description="That wait, by status")]
    messages: Annotated[
        dict[str, int],
        Meta(description=f"That are not done, by state; {home_figures.MOST_WAITING} stands for any more"),
    ]
    troubles: list[Trouble]
    held: Annotated[SendingHeld | None, Meta(description="Since when nobody is mailed anything, and why")]
    relay_lost: Annotated[bool, Meta(description="The mail server has to be named again")]


async def get_figures(call: Call) -> Reply:
    """What happened of late, how far people come with each form, and what waits for the owner."""
    return Reply(await call.site.db.read(_figures, call))


async def _figures(tx: Tx, call: Call) -> Figures:
    """In one snapshot."""
    asked: FiguresAsked = call.query
    site, today = call.site, tx.now - tx.now % DAY
    back = min(FUNNEL_DAYS, site.settings.pending_days)
    seen = await site.subscribers.overview(tx, today - (asked.days - 1) * DAY)
    held = await hold.held(tx)
    return Figures(
        subscribers={str(status): count for status, count in seen.by_status.items()},
        days=_days(seen, today, asked.days),
        funnel_days=back,
        funnels=[_funnel(one) for one in await funnels(tx, today - (back - 1) * DAY, MOST_FORMS)],
        comments=dict.fromkeys(("unverified", "pending", "spam"), 0) | await site.moderation.waiting(tx),
        messages=await waiting(tx, home_figures.MOST_WAITING),
        troubles=[
            Trouble(str(one.id), one.paused, one.in_doubt, one.failed)
            for one in await home_figures.troubles(tx, site)
        ],
        held=SendingHeld(iso(held.held_at), held.held_why) if held else None,
        relay_lost=(await relaying.named(tx, site.settings)).lost,
    )


def _days(seen: Overview, today: int, count: int) -> list[DayCount]:
    """Each day, also those on which nobody came."""
    return [
        DayCount(
            f"{moment(at):%Y-%m-%d}", seen.signed_up.get(at, 0), seen.confirmed.get(at, 0), seen.left.get(at, 0)
        )
        for at in range(today - (count - 1) * DAY, today + 1, DAY)
    ]  # fmt: skip


def _funnel(one: Funnel) -> FormFunnel:
    return FormFunnel(
        one.slug, one.title, one.seen, one.submitted, one.mailed, one.opened, one.confirmed, one.downloaded
    )


ENDPOINTS = (
    Endpoint("GET", PATH, "subscribers:read", get_figures, asks=FiguresAsked, gives=Figures),
)  # fmt: skip
