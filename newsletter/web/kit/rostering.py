"""The subscribers as their owner looks at them: lists by words, and all that ever happened to one person."""

from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from newsletter.settings import Settings
from newsletter.storage import Tx
from newsletter.subscribers import listing, segments
from newsletter.web.kit import people
from newsletter.web.kit.site import Site
from newsletter.words import gettext as _
from newsletter.words import marked, told

PER_PAGE = 50
LONGEST_SEARCH = 100
MOST_EVENTS = 500
"""Of a person on their page; the file of them has all."""


WORDS = {
    "approved": marked("approved"),
    "confirmed": marked("confirmed"),
    "deferred": marked("to be tried again"),
    "deleted": marked("deleted"),
    "erased": marked("erased"),
    "failed": marked("failed"),
    "finished": marked("through"),
    "imported": marked("imported"),
    "in_doubt": marked("in doubt"),
    "pending": marked("waits"),  # of a comment
    "queued": marked("still to go"),
    "running": marked("on the way"),
    "sending": marked("on the wire"),
    "sent": marked("sent"),
    "skipped": marked("skipped"),
    "spam": marked("spam"),
    "stopped": marked("goes no further"),
    "unverified": marked("not confirmed"),
}
"""What a state of something, or a kind of it, is called in the list of what happened; else it is called what it is."""


CAME_BACK = {
    "hard": marked("Mail came back: there is no such address"),
    "soft": marked("Mail came back: the mailbox is full, or can’t be reached"),
    "policy": marked("Mail was refused: its server distrusts the sender, not the reader"),
    "complaint": marked("Called a mail from here spam"),
}


class Asked(NamedTuple):
    """What a list shows: of one status ('': any), of a segment in its owner's words; or who begins like `search`."""

    status: str = ""
    where: str = ""
    search: str = ""


class Seen(NamedTuple):
    people: list[listing.Listed]
    tags: dict[int, list[str]]
    before: int = 0  # where the next page begins; 0: there is none
    looked_on: int = 0  # at so many, and the page is not full
    total: int | None = None  # on the first page
    newest: int = 0  # it counts those among so many; 0: all


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
    total, newest = (None, 0) if before else await listing.counted(tx, segment, zone=zone, first=page)
    return Seen(list(page.people), tags, page.before, page.looked_on, total, newest)


class Event(NamedTuple):
    at: str  # ISO 8601
    words: str
    more: str = ""


async def whole(tx: Tx, site: Site, id: int) -> tuple[dict[str, Any], list[Event]]:
    """Everything that is known of one person, and as events, the newest first. Raises NotFound."""
    known = await people.own_data(tx, site, id)
    events = [
        Event(known["signed_up"], _("Came here for the first time")),
        *(_signed_up(one) for one in known["signups"]),
        *(_agreed(one) for one in known["consent"]),
        *(
            Event(one["at"], _("Downloaded “%(title)s”, version %(version)s") % one)
            for one in known["downloads"]
        ),
        *(_mailed(one) for one in known["messages"]),
        *(_came_back(one) for one in known["bounces"]),
        *(_followed(one) for one in known["sequences"]),
        *(
            Event(one["at"], _("Answered a letter: %(kind)s") % {"kind": _word(one["kind"])})
            for one in known["responses"]
        ),
        *(
            Event(one["at"], _("Commented (%(status)s)") % {"status": _(one["status"])}, one["page"])
            for one in known["comments"]
        ),
    ]
    return known, sorted(events, key=lambda event: event.at, reverse=True)[:MOST_EVENTS]


def when(event: Event, time_zone: str) -> str:
    """As the owner's clock shows it."""
    return told(int(datetime.fromisoformat(event.at).timestamp() * 1000), time_zone)


def _word(state: str) -> str:
    return _(WORDS.get(state, state))


def _signed_up(one: dict[str, Any]) -> Event:
    return Event(one["at"], _("Filled in the form “%(form)s”") % one, one["page"])


def _agreed(one: dict[str, Any]) -> Event:
    detail = "; ".join(f"{name}: {value}" for name, value in one["detail"].items())
    return Event(
        one["at"], _("Consent, record %(number)s: %(kind)s") % {**one, "kind": _word(one["kind"])}, detail
    )


def _mailed(one: dict[str, Any]) -> Event:
    return Event(
        one["settled_at"] or one["created_at"],
        _("Mail “%(title)s”: %(state)s")
        % {"title": one["message"] or one["subject"], "state": _word(one["state"])},
        one["reply"],
    )


def _came_back(one: dict[str, Any]) -> Event:
    said = f"{one['status']} {one['words']}".strip() if one["status"] not in one["words"] else one["words"]
    return Event(one["at"], _(CAME_BACK[one["kind"]]), said)


def _followed(one: dict[str, Any]) -> Event:
    said = _("Sequence “%(sequence)s”: %(state)s")
    if one["step"]:
        said = _("Sequence “%(sequence)s”: %(state)s, as far as “%(step)s”")
    return Event(one["started_at"], said % {**one, "state": _word(one["state"])})
