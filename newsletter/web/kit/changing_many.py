"""What an owner has asked to be done to many subscribers: gone on with, a slice at a time, until it is done."""

from newsletter.clock import monotonic
from newsletter.errors import NotFound
from newsletter.storage import Tx
from newsletter.subscribers import bulk
from newsletter.web.kit import people
from newsletter.web.kit.site import Site

LONGEST = 0.02  # seconds that a slice of erasures should hold the database; sign-ups wait as long
SCRUBBED = 1_000
"""People who are erased between two scrubs of the storage's log, at most."""


async def keep_going(site: Site) -> None:
    """Whatever waits is brought to its end, or to where its owner is asked; what is old is let go."""
    for one in await site.db.read(bulk.waiting):
        if one.verb == "erase" and one.state == "running":
            await _erase(site, one.id)
        else:
            await _go_on(site, one.id)
    for one in await site.db.read(bulk.old):
        while not await site.db.write(bulk.forget, one.id):
            pass


async def _go_on(site: Site, id: int) -> None:
    while one := await _found(site, id):
        match one.state:
            case "gathering":
                ours = await bulk.gather(site.db, one)
            case "running":
                ours = one.verb != "erase" and await site.db.write(bulk.change_some, one)
            case "undoing":
                ours = await site.db.write(bulk.undo_some, one)
            case _:
                return
        if not ours:
            return


async def _found(site: Site, id: int) -> bulk.Bulk | None:
    try:
        return await site.db.read(bulk.find, id)
    except NotFound:
        return None


async def _erase(site: Site, id: int) -> None:
    """What a crash keeps from being scrubbed is noted with each erasure, and done by the chores."""
    traces: list[str] = []
    while (one := await _found(site, id)) and one.state == "running":
        erased = await site.db.write(_erase_some, site, one)
        if erased is None:
            break
        traces += erased
        if len(traces) >= SCRUBBED:
            await site.scrub(tuple(traces))
            traces.clear()
    if traces:
        await site.scrub(tuple(traces))


async def _erase_some(tx: Tx, site: Site, one: bulk.Bulk) -> list[str] | None:
    """The next of them, for LONGEST at most. None where another process has gone on from there."""
    if not await bulk.hold(tx, one):
        return None
    began, traces, count, changed = monotonic(), list[str](), 0, 0
    for id in await bulk.next_ids(tx, one):
        erased = await people.erase(tx, site, id)
        traces += erased
        changed += bool(erased)
        count += 1
        if monotonic() - began > LONGEST:
            break
    await bulk.done(tx, one, count, changed)
    return traces
