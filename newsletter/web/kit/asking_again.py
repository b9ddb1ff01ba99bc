"""Readers asked whether they still want letters: a draft in our words, who said yes, and an end for who did not."""

from zoneinfo import ZoneInfo

import msgspec

from newsletter.broadcasts import Broadcast, Draft
from newsletter.clock import DAY, now
from newsletter.errors import BadInput, NotFound
from newsletter.storage import Tx
from newsletter.subscribers import segments, staying
from newsletter.web.kit.site import Site
from newsletter.words import gettext as _
from newsletter.words import marked

PATIENCE = 14 * DAY
"""So long readers have to answer."""

AT_ONCE = 2_000
"""Readers who are unsubscribed with one press."""

_SLICE = 100
CHANGED = "They are not as many as were asked about any more. Please look again."
EARLY = "Readers have two weeks to answer. Please wait for those."
SUBJECT = "Shall I keep writing to you?"
BODY = marked("""Hello {{ first_name | "there" }},

you have been getting my letters for a while, and I only want to write to people who like to read them.

If you would like to stay, press “Change your preferences” at the end of this mail, tick **%(topic)s**, and save.

If you do nothing, I stop writing to you in two weeks. You can come back whenever you like.
""")


class Standing(msgspec.Struct, frozen=True):
    """How the open question stands."""

    broadcast: Broadcast | None  # None: its draft was deleted
    stay: int = 0
    silent: int = 0
    until: int = 0  # ms: so long they may answer; 0: it was not sent yet

    @property
    def over(self) -> bool:
        """They have had their time."""
        return bool(self.until) and self.until <= now()


async def look(tx: Tx, site: Site) -> Standing | None:
    id = await staying.asked(tx)
    if not id:
        return None
    try:
        broadcast = await site.broadcasts.find(tx, id)
    except NotFound:
        return Standing(None)
    if broadcast.sent_at is None:
        return Standing(broadcast)
    stay = await segments.count(tx, staying.staying(id))
    silent = await segments.count(tx, staying.silent(id))
    return Standing(broadcast, stay, silent, broadcast.sent_at + PATIENCE)


async def write(tx: Tx, site: Site, audience: str) -> Broadcast:
    """The draft that asks; from now on it can be answered. Raises BadInput, Conflict where another asks already."""
    body = _(BODY) % {"topic": _(staying.TITLE)}
    made = await site.broadcasts.new(tx, Draft(subject=_(SUBJECT), body=body, audience=audience))
    await staying.begin(tx, made.id)
    return made


async def let_go(site: Site, sure: str) -> int:
    """How many were unsubscribed, `AT_ONCE` at most; `sure` is how many did not answer, as their owner has read.

    Raises BadInput.
    """
    standing = await site.db.read(look, site)
    if standing is None or standing.broadcast is None or not standing.over:
        raise BadInput(EARLY)
    if sure != str(standing.silent):
        raise BadInput(CHANGED)
    segment, zone = staying.silent(standing.broadcast.id), ZoneInfo("UTC")
    most, total, after = min(AT_ONCE, standing.silent), 0, 0
    while total < most:
        ids = await site.db.read(segments.ids_after, segment, after, min(_SLICE, most - total), zone=zone)
        gone = await site.db.write(unsubscribe, site, standing.broadcast.id, ids) if ids else None
        if gone is None:
            break
        total, after = total + gone, ids[-1]
    return total


async def unsubscribe(tx: Tx, site: Site, broadcast_id: int, ids: list[int]) -> int | None:
    """How many of them; not those who have answered since they were read. None where the question was ended."""
    silent = await staying.still_silent(tx, broadcast_id, ids)
    for id in silent or ():
        await site.subscribers.unsubscribe(tx, id, "asked again, and did not answer")
    return None if silent is None else len(silent)
