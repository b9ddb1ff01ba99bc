"""Broadcasts from draft to outbox, for the desk, the command line and the clock alike."""

import itertools
import logging
from asyncio import to_thread
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from newsletter import clock
from newsletter.broadcasts import (
    Broadcast,
    Counted,
    Draft,
    Finding,
    Letter,
    archive,
    clicks,
    draft_of,
    look_over,
)
from newsletter.errors import BadInput, Conflict, NotFound
from newsletter.mail import MessageError, Recipient, kept, retries
from newsletter.settings import Settings
from newsletter.storage import Tx, own_checkpoints
from newsletter.web.kit.site import Site
from newsletter.words import gettext as _

_LOGGED = 10
"""Chunks after which what SQLite has in its log goes into the database. While a million rows were written, one sign-up
in a hundred took 1.1 to 1.4 times as long as on an idle service, and 1.7 to 2.7 where a COMMIT had to do that."""

_log = logging.getLogger(__name__)


def looked_over(site: Site, draft: Draft) -> tuple[Letter, list[Finding]]:
    """The whole mail, and what is to say about it. Raises BadInput."""
    letter = site.letters.letter(draft)
    return letter, look_over(draft, letter, site.settings)


class Ready(NamedTuple):
    """What is sent off: the frozen message, and its links that are counted."""

    content: bytes
    links: Sequence[Counted]


def ready(site: Site, draft: Draft) -> Ready:
    """To go to many. Raises BadInput for what can't be sent as it is."""
    letter = _sendable(site, draft)
    letter, links = clicks.counted(letter, site.settings.public_url) if site.settings.clicks else (letter, ())
    return Ready(_freeze(site, letter), links)


def frozen(site: Site, draft: Draft) -> bytes:
    """With links that are not counted. Raises BadInput for what can't be sent as it is."""
    return _freeze(site, _sendable(site, draft))


def _sendable(site: Site, draft: Draft) -> Letter:
    letter, findings = looked_over(site, draft)
    errors = [finding.sentence for finding in findings if finding.level == "error"]
    if errors:
        raise BadInput(" ".join(errors))
    return letter


def _freeze(site: Site, letter: Letter) -> bytes:
    try:
        return site.letters.freeze(letter, clock.now()).to_bytes()
    except MessageError as error:
        raise BadInput(kept.said(str(error))) from None


def moment(settings: Settings, when: datetime) -> datetime:
    """When that is, as the owner's clock shows it; without an offset it is meant so already.

    One that a clock skips in spring is as much later; of one that comes twice in autumn it is the first.
    Raises BadInput.
    """
    zone = ZoneInfo(settings.time_zone)
    try:
        return (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC).astimezone(zone)
    except OverflowError:
        raise BadInput("There is no such time. Choose one of these years.") from None


def moments(settings: Settings, when: datetime) -> list[datetime]:
    """The moments at which the owner's clock shows this: none where it skips them, two where it shows them twice."""
    zone = ZoneInfo(settings.time_zone)
    found: list[datetime] = []
    for fold in (0, 1):
        read = when.replace(tzinfo=zone, fold=fold)
        again = read.astimezone(UTC).astimezone(zone)
        same = again.replace(tzinfo=None, fold=0) == when.replace(fold=0)
        if same and again.utcoffset() not in [one.utcoffset() for one in found]:
            found.append(again)
    return found


def title_of(one: Broadcast) -> str:
    """As its owner reads it in a list."""
    return archive.line(one.subject) or _("Without a subject")


async def send_off(site: Site, broadcast: Broadcast) -> None:
    """Frozen now, and from now on on its way. Raises BadInput, Conflict, NotFound."""
    made = await to_thread(ready, site, draft_of(broadcast))  # a long letter takes a second, and others wait
    await site.db.write(site.broadcasts.send, broadcast.id, broadcast.version, *made)


async def send_new(
    tx: Tx,
    site: Site,
    draft: Draft,
    content: bytes,
    at: int | None = None,
    links: Sequence[Counted] = (),
) -> Broadcast:
    """A new one on its way, or to be on it at `at` (ms); where that is refused nothing stays. Raises BadInput."""
    made = await site.broadcasts.new(tx, draft)
    if at is None:
        await site.broadcasts.send(tx, made.id, made.version, content, links)
    else:
        await site.broadcasts.schedule(tx, made.id, at)
    return made


async def send_sample(site: Site, draft: Draft, to: str) -> int:
    """One copy to look at, to `to`: the id of its mailing. Raises BadInput."""
    return await send_frozen(site, await to_thread(frozen, site, draft), to)


async def send_frozen(site: Site, content: bytes, to: str) -> int:
    """The same of what is frozen already."""
    mailing_id: int = await site.db.write(site.mailings.start, content)
    await site.db.write(site.mailings.fill, mailing_id, [Recipient(None, to)])
    return mailing_id


async def keep_going(site: Site) -> None:
    """One round of the clock: sends off what is due, writes rows, ends what is through."""
    troubles = [
        *[await tried(_send_due(site, one)) for one in await site.db.read(site.broadcasts.due)],
        *[await tried(fill(site, one.id)) for one in await site.db.read(site.broadcasts.filling)],
        await tried(see_to_rows(site)),
        await tried(_end(site)),
    ]
    for trouble in filter(None, troubles):
        raise trouble


async def tried(work: Coroutine[Any, Any, None]) -> Exception | None:
    """What it fails by, to be raised when all others have had their turn: one that is broken holds up none of them."""
    try:
        await work
    except Exception as error:  # noqa: BLE001  whatever it is, its caller raises it
        return error
    return None


async def _send_due(site: Site, one: Broadcast) -> None:
    with suppress(Conflict, NotFound):  # changed meanwhile, or deleted: the next round sees
        try:
            await send_off(site, one)
        except BadInput as error:
            await site.db.write(send_back, site, one, error.sentence)


async def _end(site: Site) -> None:
    if await site.db.read(site.broadcasts.under_way):
        await site.db.write(_settle, site)


async def fill(site: Site, id: int) -> None:
    """Everybody's row, in chunks that hold nobody up."""
    async with own_checkpoints(site.db):
        for chunk in itertools.count(1):
            after, people = await site.db.read(site.broadcasts.next_of, id)
            if not await site.db.write(site.broadcasts.fill, id, after, people):
                return
            if chunk % _LOGGED == 0:
                await site.db.checkpoint(again=True)


async def send_again(site: Site, id: int, state: str) -> int:
    """Those that `failed`, or are `in_doubt`, once more: how many. Where those are many, `see_to_rows` goes on.

    Raises NotFound, Conflict.
    """
    count = await site.db.read(site.broadcasts.again, id, state)
    await site.db.write(site.broadcasts.retry, id, state)
    for one in await site.db.read(retries.under_way):
        await _requeue(site, one)
    return count


async def see_to_rows(site: Site) -> None:
    """What was cancelled is skipped, and what is to be sent once more waits again: in slices that hold nobody up.

    What has been seen to is written down with each slice, so that whoever comes next goes on from there.
    """
    for mailing_id in await site.db.read(site.broadcasts.cancelled):
        while await site.db.write(site.mailings.drop, mailing_id):
            pass
    for one in await site.db.read(retries.under_way):
        left: retries.Retry | None = one
        while left:
            left = await _requeue(site, left)


async def _requeue(site: Site, retry: retries.Retry) -> retries.Retry | None:
    people = await site.db.read(retries.next_of, retry)
    return await site.db.write(retries.requeue, retry, people)


async def send_back(tx: Tx, site: Site, one: Broadcast, why: str) -> None:
    """It can't be sent as it is: a draft again, unless its owner has seen to that meanwhile."""
    if (await site.broadcasts.find(tx, one.id)).version != one.version:
        return
    await site.broadcasts.unschedule(tx, one.id)
    await _tell(tx, site, one, why)


async def _settle(tx: Tx, site: Site) -> None:
    for one, why in await site.broadcasts.settle(tx):
        await _tell(tx, site, one, why)


async def _tell(tx: Tx, site: Site, broadcast: Broadcast, why: str) -> None:
    """Its owner hears that it stands, and why."""
    _log.warning("A broadcast is held: %s", why)
    if site.settings.owner_email:
        context = {"title": broadcast.subject, "why": why}
        await site.post.enqueue(tx, "broadcast_held", site.settings.owner_email, context=context)
