"""What is done to many subscribers at once. Each verb is one transaction, but for `gather`.

Who is meant is written down first, so that exactly those are changed who were counted before their owner said yes. It
goes on after a crash: how far it has come stands beside what it changed, in one transaction.
"""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from newsletter.clock import monotonic
from newsletter.errors import BadInput, NotFound
from newsletter.ids import new_id
from newsletter.storage import Database, Tx
from newsletter.subscribers import segments
from newsletter.subscribers.bulk import store
from newsletter.subscribers.bulk.store import SLICE, Bulk, State, Verb, hold, latest, waiting
from newsletter.subscribers.model import tag_name
from newsletter.subscribers.store import people
from newsletter.subscribers.store.chores import BULK_ASKED, BULK_KEPT
from newsletter.words import gettext as _

__all__ = ["Bulk", "hold", "latest", "waiting"]

TOPIC = "bulk"

MOST = 20
"""Slices that are gathered, or forgotten, at a time."""

STEP = 25
"""People between two looks at the clock."""

LONGEST = 0.01
"""Seconds after which a transaction takes nobody else: sign-ups wait as long, and for its COMMIT. A machine that has
much to do changes fewer in one."""

VERBS: dict[str, Verb] = {"tag": "tag", "untag": "untag", "erase": "erase"}
GONE = "There is nothing of this number. What was done to many is kept for 30 days."
NOTHING = "Please choose what is to be done."
NOBODY = "Tick somebody first, or choose everybody in this list."
NO_TAG = "There is no tag “{}”, so nobody has it."
ELSEWHERE = "This has gone on meanwhile. Please look again."

PRESSES: dict[str, dict[State, State]] = {  # what may be pressed, and where it leads to from where
    "start": {"asked": "running", "stopped": "running"},
    "stop": {"running": "stopped"},
    "undo": {"done": "undoing", "stopped": "undoing"},
}


async def ask(tx: Tx, verb: str, tag: str, segment: segments.Segment, zone: ZoneInfo) -> int:
    """Everybody in a segment: they are gathered by and by. Returns its number. Raises BadInput."""
    id = await _begin(tx, verb, tag, str(segment), zone.key)
    tx.wake(TOPIC)
    return id


async def ask_for(tx: Tx, verb: str, tag: str, ids: Sequence[int]) -> int:
    """These, whom their owner has ticked. Returns its number. Raises BadInput."""
    if not ids:
        raise BadInput(NOBODY, {"who": NOBODY})
    id = await _begin(tx, verb, tag, "", "UTC")
    await store.gathered(tx, await find(tx, id), await store.known(tx, ids), last=True)
    return id


async def _begin(tx: Tx, asked: str, tag: str, about: str, zone: str) -> int:
    verb, name = await judge(tx, asked, tag)
    id = new_id()
    await store.add(tx, id, verb, name, about, zone)
    return id


async def judge(tx: Tx, asked: str, tag: str) -> tuple[Verb, str]:
    """What is to be done, and with which tag: '' where with none. Raises BadInput, with the field's error."""
    verb = VERBS.get(asked)
    if verb is None:
        raise BadInput(NOTHING, {"action": NOTHING})
    name = "" if verb == "erase" else _tag(tag)
    if verb == "untag" and await store.tag_id(tx, name) is None:
        said = _(NO_TAG).format(name)
        raise BadInput(said, {"tag": said})
    return verb, name


def _tag(text: str) -> str:
    try:
        return tag_name(text)
    except BadInput as error:
        raise BadInput(error.sentence, {"tag": error.sentence}) from None


async def find(tx: Tx, id: int) -> Bulk:
    """Raises NotFound."""
    found = await store.find(tx, id)
    if found is None:
        raise NotFound(GONE)
    return found


async def gather(db: Database, one: Bulk) -> bool:
    """The next who are meant: looked for in a read, which nobody waits for, and written down. False where another
    process has gone on from there."""
    segment, most = segments.parse(one.about), SLICE * MOST
    ids = await db.read(segments.ids_after, segment, one.reached, most, zone=ZoneInfo(one.zone))
    return await db.write(store.gathered, one, ids, last=len(ids) < most)


async def press(tx: Tx, id: int, verb: str) -> None:
    """Its owner's next word. Raises BadInput, NotFound."""
    one = await find(tx, id)
    after = PRESSES.get(verb, {}).get(one.state)
    if after is None or (verb == "undo" and not one.can_undo):
        raise BadInput(ELSEWHERE)
    if verb == "start" and one.verb == "tag":
        await people.make_tag(tx, one.tag)
    if await store.move(tx, id, one.state, after):
        tx.wake(TOPIC)


async def next_ids(tx: Tx, one: Bulk) -> list[int]:
    """Those whose turn it is, out of one slice."""
    n, done_of_it = divmod(one.position, SLICE)
    return (await store.ids_of(tx, one.id, n))[done_of_it:]


async def done(tx: Tx, one: Bulk, count: int, changed: int) -> None:
    """So many more of them are done, and for so many of those it was news. For who has it in `hold`."""
    position = one.position + count
    ended = not count or position >= one.people
    await store.reach(tx, one.id, position, one.changed + changed, "done" if ended else "running")
    if one.verb == "erase" and (ended or position % SLICE == 0):
        await store.forget_slice(tx, one.id, one.position // SLICE)


async def change_some(tx: Tx, one: Bulk) -> bool:
    """Gives or takes the tag of the next of them, out of one slice. False where another process has gone on from
    there."""
    if not await hold(tx, one):
        return False
    n, tag_id = one.position // SLICE, await store.tag_id(tx, one.tag)
    before, found, count = await store.changed_of(tx, one.id, n), list[store.Tagging](), 0
    for some in _in_time(await next_ids(tx, one)):
        if tag_id is not None:
            found += await (store.tag if one.verb == "tag" else store.untag)(tx, tag_id, some)
        count += len(some)
    if found:
        await store.keep_changed(tx, one.id, n, before + found)
    await done(tx, one, count, len(found))
    return True


def _in_time(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """STEP of them at a time, until LONGEST is over."""
    began = monotonic()
    for start in range(0, len(ids), STEP):
        yield ids[start : start + STEP]
        if monotonic() - began > LONGEST:
            return


async def undo_some(tx: Tx, one: Bulk) -> bool:
    """Takes back the last that still stand, out of one slice. False where another process has gone on from there."""
    if not await hold(tx, one):
        return False
    n = max(0, (one.position - 1) // SLICE)
    tag_id, first = await store.tag_id(tx, one.tag), n * SLICE
    ids = (await store.ids_of(tx, one.id, n))[: one.position - first]
    changed = {tagging.id: tagging for tagging in await store.changed_of(tx, one.id, n)}
    left = len(ids)
    for some in _in_time(ids[::-1]):
        given = [changed[id] for id in some if id in changed]
        if tag_id is not None and given:
            await (store.take_back if one.verb == "tag" else store.give_back)(tx, tag_id, given)
        left -= len(some)
    await store.reach(tx, one.id, first + left, one.changed, "undoing" if first + left else "undone")
    return True


async def old(tx: Tx) -> list[Bulk]:
    """What is not kept any longer."""
    return await store.old(tx, tx.now - BULK_ASKED, tx.now - BULK_KEPT)


async def forget(tx: Tx, id: int) -> bool:
    """Some of what is kept of it; True once nothing is."""
    return await store.forget(tx, id, MOST)
