"""What the desk's first page counts: who came and left, how far they come with each form, and what waits."""

from typing import Any, NamedTuple

import msgspec

from newsletter.broadcasts import Broadcast
from newsletter.clock import DAY
from newsletter.mail import Tally, hold, waiting
from newsletter.signups import FUNNEL_DAYS, Funnel, funnels
from newsletter.storage import Tx
from newsletter.subscribers import Overview, imports
from newsletter.web.kit import relaying
from newsletter.web.kit.broadcasting import title_of
from newsletter.web.kit.site import Site
from newsletter.words import day, marked, told

PERIODS = (30, 90, 365)
"""Days that the page can look back."""

WEEK = 7
MOST_FORMS = 5
MOST_IMPORTS = 5
MOST_WAITING = 10_000  # messages of a state that are counted
BROADCASTS = 5  # the newest are looked at for what went wrong

STEPS = (
    ("seen", marked("Seen")),
    ("submitted", marked("Sent off")),
    ("mailed", marked("Mailed the link")),
    ("opened", marked("Link opened")),
    ("confirmed", marked("Confirmed")),
    ("downloaded", marked("Took the guide")),
)


class Today(NamedTuple):
    """Who came by themselves, and whom imports brought."""

    signups: int
    confirmed: int
    imported: int


class Point(msgspec.Struct, frozen=True):
    """A bar of the chart: a day, or a week that begins on it."""

    day: str
    confirmed: int
    left: int


class Step(msgspec.Struct, frozen=True):
    """`share`: percent of the step that was the largest, for the bar; `of_before`: of the one before, '' for none.

    `count` is None for what nobody could count.
    """

    words: str
    count: int | None
    share: float
    of_before: str


class Trouble(msgspec.Struct, frozen=True):
    """A broadcast that waits for its owner."""

    id: int
    title: str
    paused: bool
    in_doubt: int
    failed: int


async def figures(tx: Tx, site: Site, days: int) -> dict[str, Any]:
    """Everything the page shows, in one snapshot; days are UTC, and the page says when they begin at its owner's."""
    today = tx.now - tx.now % DAY
    since = today - (days - 1) * DAY
    seen = await site.subscribers.overview(tx, since)
    brought = await imports.newcomers.imports(tx)
    back = min(FUNNEL_DAYS, site.settings.pending_days)
    return {
        "counts": seen.by_status,
        "today": await _came(tx, seen, brought, today),
        "points": points(seen, today, days),
        "begins": told(today, site.settings.time_zone).partition(", ")[2],
        "newest": await imports.newcomers.newest(tx, brought),
        "brought": [one for one in brought if one.people and one.until >= since][:MOST_IMPORTS],
        "waiting": await waiting(tx, MOST_WAITING),
        "most_waiting": MOST_WAITING,
        "held": await hold.held(tx),
        "troubles": await troubles(tx, site),
        "relay_lost": (await relaying.named(tx, site.settings)).lost,
        "funnels": [
            (one, steps(one), is_seen_elsewhere(one))
            for one in await funnels(tx, today - (back - 1) * DAY, MOST_FORMS + 1)
        ],
        "funnel_days": back,
    }


async def _came(tx: Tx, seen: Overview, brought: list[imports.newcomers.Brought], today: int) -> Today:
    """What is kept of a day counts those too whom an import brought."""
    ran = [one for one in brought if one.until >= today]
    if not ran:
        return Today(seen.signed_up.get(today, 0), seen.confirmed.get(today, 0), 0)
    came = await imports.newcomers.came(tx, today, ran)
    return Today(came.signed_up, came.confirmed, sum(one.people for one in ran))


def points(seen: Overview, today: int, days: int) -> list[Point]:
    """A bar for each day; of a year for each week, the last one up to today."""
    size = WEEK if days > 100 else 1
    first = today - (days // size * size - 1) * DAY
    return [
        Point(
            day(at),
            sum(seen.confirmed.get(at + n * DAY, 0) for n in range(size)),
            sum(seen.left.get(at + n * DAY, 0) for n in range(size)),
        )
        for at in range(first, today + 1, size * DAY)
    ]


def is_seen_elsewhere(one: Funnel) -> bool:
    """Whether some sent it off who never saw it here: it stands in the HTML of a page, which asks us for nothing."""
    return one.submitted > one.seen


def steps(one: Funnel) -> list[Step]:
    counts = [(words, int(getattr(one, name))) for name, words in STEPS]
    top = max(count for _, count in counts) or 1
    shown, before = [], 0
    for words, count in counts:
        of_before = f"{100 * count / before:.0f} %" if before and count <= before else ""
        shown.append(Step(words, count, round(100 * count / top, 2), of_before))
        before = count
    if not one.seen and is_seen_elsewhere(one):
        shown[0] = Step(shown[0].words, None, 0, "")
    return shown


async def troubles(tx: Tx, site: Site) -> list[Trouble]:
    """Of the newest broadcasts those that are paused, and those with messages in doubt or refused."""
    found = [
        _trouble(one, await site.mailings.troubled(tx, one.mailing_id))
        for one in await site.broadcasts.newest(tx, BROADCASTS)
        if one.mailing_id is not None
    ]
    return [one for one in found if one.paused or one.in_doubt or one.failed]


def _trouble(one: Broadcast, tally: Tally) -> Trouble:
    return Trouble(one.id, title_of(one), one.state == "paused", tally.in_doubt, tally.failed)


def period(text: str) -> int:
    """Days to look back: the shortest where none is named."""
    return next((days for days in PERIODS if str(days) == text), PERIODS[0])
