"""The subscribers as their owner looks at them: lists by words, and all that ever happened to one person."""

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from newsletter.settings import Settings
from newsletter.storage import Tx
from newsletter.subscribers import listing, segments
from newsletter.web.kit import people
from newsletter.web.kit.site import Site

PER_PAGE = 50
LONGEST_SEARCH = 100
MOST_EVENTS = 500
"""Of a person on their page; the file of them has all."""


class Asked(NamedTuple):
    """What a list shows: of one status ('': any), of a segment in its owner's words; or who begins like `search`."""

    status: str = ""
    where: str = ""
    search: str = ""


class Seen(NamedTuple):
    people: list[listing.Listed]
    tags: dict[int, list[str]]
    before: int = 0  # where the next page begins; 0: there is none
    looked_on: bool = False
    total: int | None = None  # on the first page
    exact: bool = True


def segment_of(asked: Asked) -> segments.Segment:
    """Raises BadInput, whose sentence says where it is wrong."""
    segment = segments.parse(asked.where)
    if not asked.status:
        return segment
    return segments.parse(f"status:{asked.status}" + (f" and ({segment})" if asked.where.strip() else ""))


async def look(tx: Tx, settings: Settings, asked: Asked, before: int) -> Seen:
    """A page of it. Raises BadInput."""
    if asked.search:
        found = await listing.found(tx, asked.search, PER_PAGE)
        return Seen(found, await listing.tags_of(tx, [one.id for one in found]))
    segment, zone = segment_of(asked), ZoneInfo(settings.time_zone)
    page = await listing.page(tx, segment, before or listing.NEWEST, PER_PAGE, zone=zone)
    tags = await listing.tags_of(tx, [one.id for one in page.people])
    total, exact = (None, True) if before else await listing.counted(tx, segment, zone=zone)
    return Seen(list(page.people), tags, page.before, page.looked_on, total, exact)


class Event(NamedTuple):
    at: str  # ISO 8601
    words: str
    more: str = ""


async def whole(tx: Tx, site: Site, id: int) -> tuple[dict[str, Any], list[Event]]:
    """Everything that is known of one person, and as events, the newest first. Raises NotFound."""
    known = await people.own_data(tx, site, id)
    events = [
        Event(known["signed_up"], "Came here for the first time"),
        *(_signed_up(one) for one in known["signups"]),
        *(_agreed(one) for one in known["consent"]),
        *(
            Event(one["at"], f"Downloaded “{one['title']}”, version {one['version']}")
            for one in known["downloads"]
        ),
        *(_mailed(one) for one in known["messages"]),
        *(_followed(one) for one in known["sequences"]),
        *(Event(one["at"], f"Answered a letter: {one['kind']}") for one in known["responses"]),
        *(Event(one["at"], f"Commented ({one['status']})", one["page"]) for one in known["comments"]),
    ]
    return known, sorted(events, key=lambda event: event.at, reverse=True)[:MOST_EVENTS]


def _signed_up(one: dict[str, Any]) -> Event:
    return Event(one["at"], f"Filled in the form “{one['form']}”", one["page"])


def _agreed(one: dict[str, Any]) -> Event:
    detail = "; ".join(f"{name}: {value}" for name, value in one["detail"].items())
    return Event(one["at"], f"Consent, record {one['number']}: {one['kind']}", detail)


def _mailed(one: dict[str, Any]) -> Event:
    return Event(
        one["settled_at"] or one["created_at"],
        f"Mail “{one['message'] or one['subject']}”: {one['state']}",
        one["reply"],
    )


def _followed(one: dict[str, Any]) -> Event:
    step = f", as far as “{one['step']}”" if one["step"] else ""
    return Event(one["started_at"], f"Sequence “{one['sequence']}”: {one['state']}{step}")
