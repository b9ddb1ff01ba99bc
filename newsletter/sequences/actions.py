"""From what somebody did to the mails that follow from it, one after the other. Each verb is one transaction."""

from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Many

import msgspec

from newsletter.clock import DAY, HOUR, MINUTE
from newsletter.errors import BadInput, NotFound
from newsletter.mail import Mailings, Recipient, kept_values, retries
from newsletter.mail.spent import drop_content
from newsletter.sequences.model import Place, Plan, Sequence, Start, Step, Words, following, in_order
from newsletter.sequences.store import people
from newsletter.sequences.store import sequences as store
from newsletter.sequences.store.people import Comer, Count, Due
from newsletter.storage import Tx
from newsletter.words import gettext as _

CHUNK = 200
"""People who are moved on in one transaction: a few milliseconds, so that no sign-up waits for longer."""

FRESH = 15 * MINUTE
"""How long a step's frozen words serve those who come to it: their mail says when it was frozen."""

LOOK_BACK = 10 * MINUTE
"""What happened in this time is looked at again and again: more than any transaction takes to be seen."""

SPENT_AFTER, FAILED_KEPT = HOUR, 30 * DAY


class Loaded(msgspec.Struct, frozen=True):
    """What another version of a sequence's files changed."""

    sequence: Sequence
    added: list[str]
    changed: list[str]
    removed: list[str]


class Turn(msgspec.Struct, frozen=True):
    """Those who stand at one place, and the step that they come to from there."""

    sequence_id: int
    stand: int
    step: Step


class Standing(msgspec.Struct, frozen=True):
    """How far people have come: by where they stand, and by what became of each step's mails."""

    sequence: Sequence
    steps: list[Step]
    people: list[Count]
    sends: list[Count]


class Sequences:
    def __init__(self, mailings: Mailings) -> None:
        self._mailings = mailings

    async def load(self, tx: Tx, plan: Plan) -> Loaded:
        """The sequence is as `plan` says from now on, for all who have not come so far; a new one is off.

        Where something else starts it than before, that does so from now on. Raises BadInput.
        """
        await store.add(tx, plan)
        sequence = await self._held(tx, plan.slug)
        if (sequence.start, sequence.start_value) != (plan.start, plan.start_value):
            await self._let_the_last_enter(tx, sequence)
        await store.set_start(tx, sequence.id, plan)
        await self.judge_start(tx, plan.start, plan.start_value)
        old = _named(await store.steps(tx, sequence.id), plan.steps)
        loaded = await self._write(tx, sequence, old, plan.steps)
        await self._put_in_place(tx, sequence.id)
        return loaded

    async def judge_start(self, tx: Tx, start: Start, value: str) -> None:
        """Whether there is what starts it, where it is named. Raises BadInput."""
        if start == "downloaded" and not await store.is_guide(tx, value):
            raise BadInput(_("There is no guide called “%(name)s” that could start it.") % {"name": value})
        if start == "confirmed" and value and not await store.is_form(tx, value):
            raise BadInput(_("There is no form called “%(name)s” that could start it.") % {"name": value})

    async def _write(self, tx: Tx, sequence: Sequence, old: dict[str, Step], steps: list[Words]) -> Loaded:
        new = {words.slug: words for words in steps}
        for position, slug in enumerate(in_order([*old], [*new]), 1):
            if slug not in new:
                await store.remove_step(tx, old[slug].id, position)
            elif slug in old:
                await store.change_step(tx, old[slug].id, new[slug], position)
            else:
                await store.add_step(tx, sequence.id, new[slug], position)
        return Loaded(
            await self.find(tx, sequence.slug),
            [slug for slug in new if slug not in old or old[slug].removed],
            [slug for slug in new if slug in old and not old[slug].removed and _differ(old[slug], new[slug])],
            [slug for slug in old if slug not in new and not old[slug].removed],
        )

    async def _put_in_place(self, tx: Tx, sequence_id: int) -> None:
        """Who stands where nothing follows is through, and where something follows now, no more."""
        after = following(await store.places(tx, sequence_id))
        for stand, step in after.items():
            if step is None:
                await people.finish(tx, sequence_id, stand)
            else:
                await people.reopen(tx, sequence_id, stand, step.delay)
                await people.pass_by(tx, sequence_id, stand, step.id, last=after[step.id] is None)

    async def find(self, tx: Tx, slug: str) -> Sequence:
        """Raises NotFound."""
        return _known(await store.find(tx, slug), slug)

    async def _held(self, tx: Tx, slug: str) -> Sequence:
        return _known(await store.change_held(tx, slug), slug)

    async def all(self, tx: Tx) -> list[Sequence]:
        return await store.everyone(tx)

    async def under_way(self, tx: Tx) -> list[Sequence]:
        """Those that are on."""
        return await store.in_state_on(tx)

    async def steps(self, tx: Tx, sequence_id: int) -> list[Step]:
        """In their order, without those that were removed."""
        return [step for step in await store.steps(tx, sequence_id) if not step.removed]

    async def turn_on(self, tx: Tx, slug: str, since: int | None = None) -> Sequence:
        """It starts for whom what starts it happens from now on, or since then (ms). Raises NotFound.

        Who is in it goes on from where they are. One that is on stays so, and as it was without `since`.
        """
        sequence = await self._held(tx, slug)
        if sequence.state == "off":
            await store.turn(tx, sequence.id, "on", since=tx.now if since is None else since)
            for one in await store.mailings(tx, sequence.id):
                await self._mailings.let_go(tx, one.mailing_id)
        elif since is not None:
            await store.turn(tx, sequence.id, "on", since=since)
        return await self.find(tx, slug)

    async def turn_off(self, tx: Tx, slug: str, why: str = "") -> None:
        """It starts for nobody, and nothing of it is begun, until it is turned on. Raises NotFound."""
        sequence = await self._held(tx, slug)
        if sequence.state == "on":
            await self._let_the_last_enter(tx, sequence)
            await store.turn(tx, sequence.id, "off", why=why)
            for one in await store.mailings(tx, sequence.id):
                await self._mailings.hold(tx, one.mailing_id)

    async def _let_the_last_enter(self, tx: Tx, sequence: Sequence) -> None:
        """It is about to start by nothing, or by something else. Who came until now, and was not seen yet, is in it.

        Those are who came in the last moments; where it may be more, `comers` and `enter` come first.
        """
        if sequence.state == "on":
            await people.enter(tx, sequence.id, await self.comers(tx, sequence, None))

    async def comers(self, tx: Tx, sequence: Sequence, after: int | None) -> list[Comer]:
        """For whom it is to start, since `after` (ms) or else lately: a chunk. Ask in a read: it may look at many."""
        after = max(tx.now - LOOK_BACK if after is None else after, sequence.since)
        return await people.comers(tx, sequence.id, sequence.start, sequence.start_value, after, CHUNK)

    async def waiting(self, tx: Tx, sequence: Sequence, since: int) -> int:
        """For how many it would start that are not in it, had it been on since then (ms)."""
        return await people.waiting(tx, sequence.id, sequence.start, sequence.start_value, since)

    async def enter(self, tx: Tx, sequence: Sequence, new: Many[Comer]) -> int:
        """It starts for them, once in a life. For how many."""
        now = await store.stay_on(tx, sequence.id)
        if now is None or now.started_by != sequence.started_by:
            return 0
        return await people.enter(tx, now.id, [one for one in new if one.at >= now.since])

    async def turns(self, tx: Tx, sequence_id: int) -> list[Turn]:
        """Each place where somebody may stand and a step follows."""
        pairs = following(await store.steps(tx, sequence_id)).items()
        return [Turn(sequence_id, stand, step) for stand, step in pairs if step]

    async def due(self, tx: Tx, turn: Turn) -> list[int]:
        """Who is to make this turn now: a chunk."""
        return await people.due(tx, turn.sequence_id, turn.stand, turn.step.delay, CHUNK)

    async def is_frozen(self, tx: Tx, step: Step) -> bool:
        """Whether its words were frozen lately."""
        return await store.mailing(tx, step.id, step.revision, tx.now - FRESH) is not None

    async def send(self, tx: Tx, turn: Turn, ids: Many[int], content: bytes | None) -> int:
        """Each of them gets the step, and stands there: one row of the ledger, and one move, or neither.

        `content` is its frozen message; None where that was frozen lately. Who has left since it started goes no
        further. How many were seen to: 0 where the sequence has changed meanwhile, or somebody else sees to them.
        """
        if await store.stay_on(tx, turn.sequence_id) is None:
            return 0
        after = following(await store.places(tx, turn.sequence_id))
        step = after.get(turn.stand)
        if step is None or (step.id, step.revision) != (turn.step.id, turn.step.revision):
            return 0
        found = await people.still_due(tx, turn.sequence_id, turn.stand, step.delay, ids)
        there = {one.id: one for one in found if not one.gone}
        await people.stop(tx, turn.sequence_id, [one.id for one in found if one.gone])
        if there:
            mailing_id = await self._mailing(tx, step, content)
            if mailing_id is None:
                return 0
            got = await people.take_step(tx, step.id, mailing_id, there)
            tags = await self._mailings.tags(tx, mailing_id)
            await self._mailings.fill(tx, mailing_id, [_recipient(there[id], tags) for id in sorted(got)])
            await people.move_on(tx, turn.sequence_id, step.id, there, last=after[step.id] is None)
            await self._pass_by(tx, turn.sequence_id, step.id, after, there)
        return len(found)

    async def _pass_by(
        self, tx: Tx, sequence_id: int, stand: int, after: Mapping[int, Place | None], ids: Iterable[int]
    ) -> None:
        """What comes next and they have had, in another order, they do not wait for."""
        while step := after[stand]:
            last = after[step.id] is None
            if not await people.pass_by(tx, sequence_id, stand, step.id, last=last, ids=ids):
                return
            stand = step.id

    async def _mailing(self, tx: Tx, step: Place, content: bytes | None) -> int | None:
        """What its words were frozen into lately, or are now."""
        found = await store.mailing(tx, step.id, step.revision, tx.now - FRESH)
        if found is None and content is not None:
            found = await self._mailings.start(tx, content, after=await store.last_mailing(tx, step.id))
            await store.add_mailing(tx, found, step.id, step.revision)
        return found

    async def again(self, tx: Tx, slug: str, state: str) -> int:
        """How many mails `retry` would send once more. Ask in a read. Raises NotFound."""
        return await retries.count(tx, await self._kept(tx, slug), state)

    async def retry(self, tx: Tx, slug: str, state: str) -> None:
        """Those mails that `failed`, or are `in_doubt`, once more, where they are kept. Raises NotFound."""
        await retries.begin(tx, await self._kept(tx, slug), state)

    async def _kept(self, tx: Tx, slug: str) -> list[int]:
        sequence = await self.find(tx, slug)
        return [one.mailing_id for one in await store.mailings(tx, sequence.id)]

    async def held(self, tx: Tx) -> list[tuple[str, str]]:
        """What the circuit breaker holds: the names of their sequences, and why."""
        return [(one.slug, one.why) for one in await store.held(tx)]

    async def set_right(self, tx: Tx, sequence_id: int) -> None:
        """After a clock was wrong: nobody waits for a time that never was."""
        for stand in following(await store.places(tx, sequence_id)):
            await people.set_right(tx, sequence_id, stand)

    async def spent(self, tx: Tx) -> list[int]:
        """Frozen words that nobody needs any more."""
        return await store.spent(tx, tx.now - SPENT_AFTER, tx.now - FAILED_KEPT)

    async def forget(self, tx: Tx, mailing_ids: Many[int]) -> None:
        for mailing_id in mailing_ids:
            if await drop_content(tx, mailing_id):
                await store.forget_mailing(tx, mailing_id)

    async def standing(self, tx: Tx, slug: str) -> Standing:
        """Raises NotFound."""
        sequence = await self.find(tx, slug)
        return Standing(
            sequence,
            await store.steps(tx, sequence.id),
            await people.standing(tx, sequence.id),
            await people.sends(tx, sequence.id),
        )


def _known(found: Sequence | None, slug: str) -> Sequence:
    if found is None:
        said = _("There is no sequence called “%(slug)s”. `newsletter sequence list` names all.")
        raise NotFound(said % {"slug": slug})
    return found


def _named(old: list[Step], new: list[Words]) -> dict[str, Step]:
    """What is there in its order, each by its name; a step whose file has another name, and the same words, by that."""
    names = {words.slug for words in new}
    known = {step.slug for step in old}
    renamed = {(words.subject, words.body): words.slug for words in new if words.slug not in known}
    found: dict[str, Step] = {}
    for step in old:
        again = None
        if step.slug not in names and not step.removed:
            again = renamed.pop((step.subject, step.body), None)
        found[again or step.slug] = step
    return found


def _differ(old: Step, new: Words) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in new.__struct_fields__)


def _recipient(one: Due, tags: set[str]) -> Recipient:
    return Recipient(one.id, one.email, kept_values(tags, one.email, one.name, one.fields))
