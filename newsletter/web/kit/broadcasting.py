"""Broadcasts from draft to outbox, for the desk, the command line and the clock alike."""

import logging

from newsletter import clock
from newsletter.broadcasts import Broadcast, Draft, Finding, Letter, draft_of, look_over
from newsletter.errors import BadInput, Conflict
from newsletter.mail import MessageError, Recipient
from newsletter.web.kit.site import Site

_log = logging.getLogger(__name__)


def looked_over(site: Site, draft: Draft) -> tuple[Letter, list[Finding]]:
    """The whole mail, and what is to say about it. Raises BadInput."""
    letter = site.letters.letter(draft)
    return letter, look_over(draft, letter, site.settings)


def frozen(site: Site, draft: Draft) -> bytes:
    """Raises BadInput for what can't be sent as it is."""
    letter, findings = looked_over(site, draft)
    errors = [finding.sentence for finding in findings if finding.level == "error"]
    if errors:
        raise BadInput(" ".join(errors))
    try:
        return site.letters.freeze(letter, clock.now()).to_bytes()
    except MessageError as error:
        raise BadInput(str(error)) from None


async def send_off(site: Site, broadcast: Broadcast) -> None:
    """Frozen now, and from now on on its way. Raises BadInput, Conflict, NotFound."""
    content = frozen(site, draft_of(broadcast))
    await site.db.write(site.broadcasts.send, broadcast.id, broadcast.version, content)


async def send_sample(site: Site, draft: Draft, to: str) -> int:
    """One copy to look at, to `to`: the id of its mailing. Raises BadInput."""
    content = frozen(site, draft)
    mailing_id: int = await site.db.write(site.mailings.start, content)
    await site.db.write(site.mailings.fill, mailing_id, [Recipient(None, to)])
    return mailing_id


async def keep_going(site: Site) -> None:
    """One round of the clock: sends off what is due, writes rows, ends what is through."""
    for one in await site.db.read(site.broadcasts.due):
        try:
            await send_off(site, one)
        except BadInput as error:
            await site.db.write(site.broadcasts.unschedule, one.id)
            await _tell(site, one, error.sentence)
        except Conflict:
            _log.info("A scheduled broadcast was changed meanwhile.")
    for one in await site.db.read(site.broadcasts.filling):
        await fill(site, one.id)
    if await site.db.read(site.broadcasts.under_way):
        for one, why in await site.db.write(site.broadcasts.settle):
            await _tell(site, one, why)


async def fill(site: Site, id: int) -> None:
    """Everybody's row, in chunks that hold nobody up."""
    more = True
    while more:
        after, people = await site.db.read(site.broadcasts.next_of, id)
        more = await site.db.write(site.broadcasts.fill, id, after, people)


async def _tell(site: Site, broadcast: Broadcast, why: str) -> None:
    """Its owner hears that it stands, and why."""
    _log.warning("A broadcast is held: %s", why)
    if site.settings.owner_email:
        await site.db.write(
            site.post.enqueue,
            "broadcast_held",
            site.settings.owner_email,
            context={"title": broadcast.subject, "why": why},
        )
