"""A sequence changed piece by piece, as its owner does it at the desk. Each verb is one transaction.

All of them end in `Sequences.load`: what they leave is a whole sequence, as its files would say it.
"""

import re
import unicodedata
from collections.abc import Iterable

import msgspec

from newsletter.errors import BadInput, Conflict, NotFound
from newsletter.sequences.actions import Sequences
from newsletter.sequences.folder import MOST_STEPS, SLUG
from newsletter.sequences.model import Plan, Sequence, Start, Step, Words
from newsletter.sequences.store import look
from newsletter.sequences.store import sequences as store
from newsletter.sequences.store.look import Entry
from newsletter.storage import Tx
from newsletter.words import gettext as _

CHANGED = "Somebody has changed this step meanwhile. Nothing of yours is lost: look at it again."
TAKEN = "There is a sequence of this name already."
NO_STEP = "There is no such step. Somebody may have removed it meanwhile."
KEEPS_ONE = "A sequence that is on keeps one step at least. Turn it off first."
ON_RECORD = "Somebody has come into this sequence already, so it stays on record. Turn it off instead."
TOO_MANY = "A sequence has %(most)d steps at most."
_NAME = 40  # characters
_TAG = re.compile(r"\{\{[^{}\n]*\}\}")


async def begin(tx: Tx, sequences: Sequences, slug: str, start: Start, value: str) -> Sequence:
    """A new one, off and without steps. Raises BadInput."""
    if not SLUG.fullmatch(slug):
        raise BadInput("Please look again.", {"slug": "Please use small letters, digits and hyphens."})
    plan = Plan(slug, start, value, [])
    if not await store.add(tx, plan):
        raise BadInput("Please look again.", {"slug": TAKEN})
    return (await sequences.load(tx, plan)).sequence


async def hold(tx: Tx, slug: str) -> Sequence:
    """As it is now, and nobody else changes it, or a step of it, until the transaction ends. Raises NotFound."""
    return (await _held(tx, slug))[0]


async def is_taken(tx: Tx, slug: str) -> bool:
    return await store.find(tx, slug) is not None


async def start_by(tx: Tx, sequences: Sequences, slug: str, start: Start, value: str) -> None:
    """Something else starts it, from now on. Raises BadInput, NotFound."""
    sequence, steps = await _held(tx, slug)
    await sequences.load(tx, Plan(sequence.slug, start, value, _words(_there(steps))))


async def step(tx: Tx, sequences: Sequences, slug: str, id: int) -> tuple[Sequence, Step]:
    """One that is there. Raises NotFound."""
    sequence = await sequences.find(tx, slug)
    return sequence, _one(_there(await store.steps(tx, sequence.id)), id)


async def add_step(tx: Tx, sequences: Sequences, slug: str, words: Words) -> Step:
    """At the end; its name is made of its subject. Raises BadInput, NotFound."""
    sequence, steps = await _held(tx, slug)
    there = _there(steps)
    if len(there) >= MOST_STEPS:
        raise BadInput(_(TOO_MANY) % {"most": MOST_STEPS})
    new = msgspec.structs.replace(words, slug=_name(words.subject, {one.slug for one in steps}))
    await sequences.load(tx, _plan(sequence, [*_words(there), new]))
    return next(one for one in await store.steps(tx, sequence.id) if one.slug == new.slug)


async def change_step(tx: Tx, sequences: Sequences, slug: str, id: int, revision: int, words: Words) -> Step:
    """Raises NotFound, and Conflict where its words are no longer those of the `revision`."""
    sequence, steps = await _held(tx, slug)
    there = _there(steps)
    old = _one(there, id)
    if old.revision != revision:
        raise Conflict(CHANGED)
    named = msgspec.structs.replace(words, slug=old.slug)
    now = [named if one.slug == old.slug else one for one in _words(there)]
    await sequences.load(tx, _plan(sequence, now))
    return _one(await store.steps(tx, sequence.id), id)


async def move_step(tx: Tx, sequences: Sequences, slug: str, id: int, by: int) -> None:
    """One place earlier (-1) or later (1); at either end it stays. Raises NotFound."""
    sequence, steps = await _held(tx, slug)
    there = _there(steps)
    at = there.index(_one(there, id))
    to = min(max(at + by, 0), len(there) - 1)
    there.insert(to, there.pop(at))
    await sequences.load(tx, _plan(sequence, _words(there)))


async def remove_step(tx: Tx, sequences: Sequences, slug: str, id: int) -> None:
    """Nobody comes to it any more; its words are kept for `put_back`. Raises NotFound, Conflict."""
    sequence, steps = await _held(tx, slug)
    there = _there(steps)
    left = [one for one in there if one is not _one(there, id)]
    if sequence.state == "on" and not left:
        raise Conflict(KEEPS_ONE)
    await sequences.load(tx, _plan(sequence, _words(left)))


async def put_back(tx: Tx, sequences: Sequences, slug: str, id: int) -> None:
    """A removed one, where it was; who has had it does not get it again. Raises NotFound, BadInput."""
    sequence, steps = await _held(tx, slug)
    _one(steps, id)
    now = [one for one in steps if not one.removed or one.id == id]
    if len(now) > MOST_STEPS:
        raise BadInput(_(TOO_MANY) % {"most": MOST_STEPS})
    await sequences.load(tx, _plan(sequence, _words(now)))


async def forget(tx: Tx, slug: str) -> None:
    """Deletes one into which nobody has come. Raises NotFound, Conflict."""
    sequence, _ = await _held(tx, slug)
    if await look.entries(tx, sequence.id, 0, 1) or await store.mailings(tx, sequence.id):
        raise Conflict(ON_RECORD)
    await store.forget(tx, sequence.id)


async def tallies(tx: Tx) -> dict[int, dict[str, int]]:
    """Of each sequence's id, how many are in which state."""
    found: dict[int, dict[str, int]] = {}
    for one in await look.counts(tx):
        found.setdefault(one.sequence_id, {})[one.state] = one.count
    return found


async def everybody(tx: Tx, sequence_id: int, before: int, limit: int) -> list[Entry]:
    """Who is in it, the newest subscriber first; those before the one with that id, unless it is 0."""
    return await look.entries(tx, sequence_id, before, limit)


async def standing_at(
    tx: Tx, sequence_id: int, step_id: int, state: str, before: tuple[int, int], limit: int
) -> list[Entry]:
    """Who stands at that step (0: before the first), `running`, `finished` or `stopped`; the last to come first.

    `before` is the last one's (reached_at, id) of the page before, or zeros.
    """
    return await look.entries_at(tx, sequence_id, step_id, state, before, limit)


async def tag_names(tx: Tx) -> list[str]:
    """Tags that may start one: the first 500 by their names."""
    return await look.tag_names(tx)


async def _held(tx: Tx, slug: str) -> tuple[Sequence, list[Step]]:
    """It and all its steps, which nobody else changes until the transaction ends. Raises NotFound."""
    found = await store.change_held(tx, slug)
    if found is None:
        raise NotFound("There is no such sequence.")
    return found, await store.steps(tx, found.id)


def _there(steps: Iterable[Step]) -> list[Step]:
    return [one for one in steps if not one.removed]


def _one(steps: Iterable[Step], id: int) -> Step:
    found = next((one for one in steps if one.id == id), None)
    if found is None:
        raise NotFound(NO_STEP)
    return found


def _plan(sequence: Sequence, steps: list[Words]) -> Plan:
    return Plan(sequence.slug, sequence.start, sequence.start_value, steps)


def _words(steps: Iterable[Step]) -> list[Words]:
    return [
        Words(
            slug=one.slug,
            delay=one.delay,
            subject=one.subject,
            preheader=one.preheader,
            body=one.body,
            sender=one.sender,
        )
        for one in steps
    ]


def _name(subject: str, taken: set[str]) -> str:
    """As a file would be called: `A talk, at last` → `a-talk-at-last`."""
    plain = unicodedata.normalize("NFKD", _TAG.sub(" ", subject)).encode("ascii", "ignore").decode().lower()
    name = "-".join(re.findall("[a-z0-9]+", plain))[:_NAME].strip("-") or "step"
    if name not in taken:
        return name
    return next(other for n in range(2, len(taken) + 3) if (other := f"{name}-{n}") not in taken)
