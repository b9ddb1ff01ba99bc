"""Those who have an older version of a guide are told that there is a newer one: once a version, and only if asked to.

Each is told by a message of the outbox, so what holds for every mail holds for these: who has left meanwhile, or stands
on the suppression list, is skipped. They leave one after the other and not at once, so that nobody who signs up just
then waits for a confirmation behind all of them.
"""

from newsletter.clock import MINUTE
from newsletter.errors import BadInput, Conflict
from newsletter.magnets import tellings_store as store
from newsletter.magnets.actions import Magnets
from newsletter.magnets.model import Magnet
from newsletter.magnets.store import find_by_version
from newsletter.magnets.tellings_store import Telling
from newsletter.mail import Post
from newsletter.storage import Database, Tx
from newsletter.subscribers import Subscriber, segments

SLICE = 200
"""People in one transaction, a few milliseconds of it, and in one minute."""

MESSAGE = "new_version"
LONGEST = 600  # characters of what is said to all of them

FIRST = "There is one version of this guide, and nobody can have an older one."
CHANGED = "There is a newer version meanwhile. Please look again before you tell anybody."
TOLD = "Those who had an older version are told of this one already. Nobody is told twice."


async def audience(tx: Tx, magnet: Magnet) -> int:
    """How many have an older version, may be mailed, and have not taken the newest one themselves."""
    return await store.count(tx, magnet)


async def standing(tx: Tx, magnet: Magnet) -> Telling | None:
    """How far those are told of its newest version; None where nobody has asked for that."""
    return await store.find(tx, magnet.version_id)


async def begin(tx: Tx, magnets: Magnets, slug: str, number: int, words: str) -> None:
    """They are told from now on, a slice a minute. `number` is the version that was looked at.

    Raises NotFound, BadInput where there is no older version, Conflict where it is told of or not the newest any more.
    """
    magnet = await magnets.held(tx, slug)
    if magnet.number == 1:
        raise BadInput(FIRST)
    if magnet.number != number:
        raise Conflict(CHANGED)
    if not await store.begin(tx, magnet.version_id, words):
        raise Conflict(TOLD)


async def go_on(db: Database, post: Post, magnets: Magnets) -> None:
    """The next slice of each, unless the one before is still on its way: a slow relay is not buried under them."""
    for one in await db.read(store.under_way):
        if await db.read(store.waiting, MESSAGE):
            return
        magnet = await db.read(find_by_version, one.version_id)
        people: list[Subscriber] = []
        if (
            magnet.version_id == one.version_id
        ):  # else it is old itself, and whoever is left is told of the next
            people = await db.read(store.next_of, magnet, one.told_to, SLICE)
        await db.write(_tell, post, magnets, magnet, one, people)


async def _tell(
    tx: Tx, post: Post, magnets: Magnets, magnet: Magnet, telling: Telling, people: list[Subscriber]
) -> None:
    """Whoever comes second finds that the first has moved on, and tells nobody."""
    last = people[-1].id if people else telling.told_to
    still = await segments.still(tx, [one.id for one in people])
    if not await store.move_on(tx, telling, last, len(still), over=len(people) < SLICE):
        return
    for place, person in enumerate(one for one in people if one.id in still):
        context = magnets.context(person, [magnet])
        context |= {"file_ids": [], "words": [line for line in telling.words.splitlines() if line]}
        await post.enqueue(
            tx, MESSAGE, person.email, subscriber_id=person.id, context=context, after=place * MINUTE // SLICE
        )
