"""Sequences from their owner's files to the outbox, for the command line and the clock alike."""

import logging
from asyncio import to_thread
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from newsletter import clock
from newsletter.broadcasts import Draft, Finding, Letter
from newsletter.errors import BadInput, Conflict
from newsletter.paths import TEMPLATES
from newsletter.sequences import Loaded, Plan, Sequence, Start, Step, Turn, Words, edits, read_folder
from newsletter.storage import Tx
from newsletter.web.kit import broadcasting
from newsletter.web.kit.site import Site
from newsletter.words import gettext as _
from newsletter.words import language

WELCOME = "welcome"
OTHERS = "These are not so many as you say. Read it again before you turn it on."

WHOLE_EVERY = 3600.0  # seconds until all that ever happened is looked at again: a clock may have been wrong

_log = logging.getLogger(__name__)


def shipped() -> Path:
    """The folder of the sequence that comes with us, in the language that is spoken here."""
    folder = TEMPLATES / "sequences"
    own = folder / language() / WELCOME
    return own if own.exists() else folder / WELCOME


def read(folder: Path, site: Site) -> tuple[Plan, list[str]]:
    """A folder of steps that can be sent as they are, and what else is to say about them. Raises BadInput."""
    plan = read_folder(folder)
    warnings: list[str] = []
    for step in plan.steps:
        findings = looked_over(site, step)[1]
        errors = [finding.sentence for finding in findings if finding.level == "error"]
        if errors:
            raise BadInput(f"{step.slug}: {' '.join(map(_, errors))}")
        warnings += [f"{step.slug}: {finding.sentence}" for finding in findings]
    return plan, warnings


def looked_over(site: Site, step: Words | Step) -> tuple[Letter, list[Finding]]:
    """The whole mail, and what is to say about it. Raises BadInput."""
    try:
        return broadcasting.looked_over(site, as_draft(step))
    except BadInput as error:
        raise BadInput(f"{step.slug}: {_(error.sentence)}") from None


def as_draft(step: Words | Step) -> Draft:
    """A step's mail is made, and looks, as a broadcast's does."""
    return Draft(subject=step.subject, preheader=step.preheader, body=step.body, sender=step.sender)


async def load(site: Site, plan: Plan) -> Loaded:
    """Where it starts by something else from now on: for whom what started it has happened, it has. Raises BadInput."""
    await _let_the_last_enter(site, plan.slug, plan.start, plan.start_value)
    return await site.db.write(site.sequences.load, plan)


Judge = Callable[[Sequence], None]
"""Raises where the sequence, as it is now, is not to be changed."""


def _whichever(_now: Sequence) -> None:
    """At the desk the last one counts."""


async def start_by(site: Site, slug: str, start: Start, value: str, judge: Judge = _whichever) -> None:
    """As `load`, of what starts it alone. Raises BadInput, NotFound, and what `judge` raises."""
    judge(await site.db.read(site.sequences.find, slug))  # before anybody enters because of it
    await _let_the_last_enter(site, slug, start, value)
    await site.db.write(_start_by, site, slug, start, value, judge)


async def _start_by(tx: Tx, site: Site, slug: str, start: Start, value: str, judge: Judge) -> None:
    judge(await edits.hold(tx, slug))
    await edits.start_by(tx, site.sequences, slug, start, value)


async def _let_the_last_enter(site: Site, slug: str, start: Start, value: str) -> None:
    for one in await site.db.read(site.sequences.under_way):
        if one.slug == slug and (one.start, one.start_value) != (start, value):
            await _let_enter(site, one, one.since)


async def turn_on(site: Site, slug: str, since: int | None = None, people: int | None = None) -> None:
    """From now on, or since then (ms). Raises NotFound, and BadInput where one of its steps can't be sent as it is.

    `people`: for how many it would start as of `since`; Conflict where these are others by now.
    """
    one = await site.db.read(site.sequences.find, slug)
    steps = await site.db.read(site.sequences.steps, one.id)
    if not steps:
        raise BadInput("It has no steps yet, so it can’t be turned on.")
    for step in steps:
        findings = (await to_thread(looked_over, site, step))[1]
        if errors := [finding.sentence for finding in findings if finding.level == "error"]:
            raise BadInput(f"{step.slug}: {' '.join(map(_, errors))}")
    await site.db.write(_turn_on, site, slug, since, people)


async def _turn_on(tx: Tx, site: Site, slug: str, since: int | None, people: int | None) -> None:
    if people is not None and since is not None:
        one = await site.sequences.find(tx, slug)
        if people != await site.sequences.waiting(tx, one, since):
            raise Conflict(OTHERS)
    await site.sequences.turn_on(tx, slug, since)


async def turn_off(site: Site, slug: str) -> None:
    """For whom it has started already, it has; from now on for nobody. Raises NotFound."""
    one = await site.db.read(site.sequences.find, slug)
    if one.state == "on":
        await _let_enter(site, one, one.since)
    await site.db.write(site.sequences.turn_off, slug)


async def send_again(site: Site, slug: str, state: str) -> int:
    """What failed, or is in doubt, once more: how many mails. Raises NotFound."""
    count: int = await site.db.read(site.sequences.again, slug, state)
    await site.db.write(site.sequences.retry, slug, state)  # the clock's next round queues their rows
    return count


async def send_samples(site: Site, steps: Iterable[Step], to: str) -> None:
    """One copy of each, to look at, to `to`; of none where one can't be made. Raises BadInput that names the step."""
    contents: list[bytes] = []
    for step in steps:
        try:
            contents.append(await to_thread(broadcasting.frozen, site, as_draft(step)))
        except BadInput as error:
            raise BadInput(f"{step.subject or step.slug}: {_(error.sentence)}") from None
    for content in contents:
        await broadcasting.send_frozen(site, content, to)


class Rounds:
    """What the clock does for all sequences that are on."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._whole_at = 0.0

    async def once(self) -> None:
        """Who is to begin begins, whose next step's time has come gets it. After a failure all is looked at again."""
        site = self._site
        whole, next_whole, self._whole_at = clock.monotonic() >= self._whole_at, self._whole_at, 0.0
        for slug, why in await site.db.read(site.sequences.held):
            await site.db.write(_hold, site, slug, why)
        on = await site.db.read(site.sequences.under_way)
        for trouble in filter(None, [await broadcasting.tried(_go_on(site, one, whole)) for one in on]):
            raise trouble
        if whole and (spent := await site.db.read(site.sequences.spent)):
            await site.db.write(site.sequences.forget, spent)
        self._whole_at = clock.monotonic() + WHOLE_EVERY if whole else next_whole


async def _go_on(site: Site, one: Sequence, whole: bool) -> None:
    if whole:
        await site.db.write(site.sequences.set_right, one.id)
    await _let_enter(site, one, one.since if whole else None)
    await _send_due(site, one)


async def _let_enter(site: Site, one: Sequence, after: int | None) -> None:
    while new := await site.db.read(site.sequences.comers, one, after):
        if not await site.db.write(site.sequences.enter, one, new):
            return
        after = new[-1].at


async def _send_due(site: Site, one: Sequence) -> None:
    for turn in await site.db.read(site.sequences.turns, one.id):
        while ids := await site.db.read(site.sequences.due, turn):
            try:
                content = await _content(site, turn)
            except BadInput as error:
                await site.db.write(_hold, site, one.slug, f"{turn.step.slug}: {_(error.sentence)}")
                return
            if not await site.db.write(site.sequences.send, turn, ids, content):
                break  # changed meanwhile, or in somebody else's hands: the next round sees


async def _content(site: Site, turn: Turn) -> bytes | None:
    """The step's frozen message, where it was not frozen lately. Raises BadInput for what can't be sent as it is."""
    if await site.db.read(site.sequences.is_frozen, turn.step):
        return None
    return await to_thread(broadcasting.frozen, site, as_draft(turn.step))


async def _hold(tx: Tx, site: Site, slug: str, why: str) -> None:
    """It can't go on as it is, and its owner hears it, once."""
    if (await site.sequences.find(tx, slug)).state == "off":
        return
    await site.sequences.turn_off(tx, slug, why)
    _log.warning("A sequence is off: %s", why)
    if site.settings.owner_email:
        context = {"slug": slug, "why": why}
        await site.post.enqueue(tx, "sequence_held", site.settings.owner_email, context=context)


async def begin_welcome(site: Site, day: int) -> None:
    """The sequence that is shipped, on, with days of so many ms; where there is one already it stays as it is."""
    if await site.db.read(site.sequences.all):
        return
    plan, _ = read(shipped(), site)
    await load(site, at_pace(plan, day))
    await site.db.write(site.sequences.turn_on, plan.slug)


def at_pace(plan: Plan, day: int) -> Plan:
    """The same with days that take `day` ms each, to be looked at sooner."""
    steps = [msgspec.structs.replace(step, delay=step.delay * day // clock.DAY) for step in plan.steps]
    return msgspec.structs.replace(plan, steps=steps)
