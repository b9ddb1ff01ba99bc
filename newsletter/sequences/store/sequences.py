"""The sequences, their steps, and what those were frozen into."""

import msgspec

from newsletter import ids
from newsletter.sequences.model import Place, Plan, Sequence, Step, Words
from newsletter.storage import Param, Tx

_SEQUENCE = "SELECT id, slug, start, start_value, state, why, since FROM sequences"
_STEP = """SELECT id, slug, removed, delay, revision, subject, preheader, body, sender FROM sequence_steps
           WHERE sequence_id = :id ORDER BY position, id"""


async def add(tx: Tx, plan: Plan) -> bool:
    """Whether there was none of that name yet."""
    made = await tx.run(
        """INSERT INTO sequences (id, slug, start, start_value, created_at)
           VALUES (:id, :slug, :start, :value, :now) ON CONFLICT (slug) DO NOTHING""",
        id=ids.new_id(),
        slug=plan.slug,
        start=plan.start,
        value=plan.start_value,
        now=tx.now,
    )
    return bool(made)


async def forget(tx: Tx, id: int) -> None:
    """One into which nobody has come: nothing of it was frozen, or sent."""
    await tx.run("DELETE FROM sequence_steps WHERE sequence_id = :id", id=id)
    await tx.run("DELETE FROM sequences WHERE id = :id", id=id)


async def find(tx: Tx, slug: str) -> Sequence | None:
    return await tx.one(Sequence, f"{_SEQUENCE} WHERE slug = :slug", slug=slug)


async def everyone(tx: Tx) -> list[Sequence]:
    return await tx.all(Sequence, f"{_SEQUENCE} ORDER BY slug")


async def in_state_on(tx: Tx) -> list[Sequence]:
    return await tx.all(Sequence, f"{_SEQUENCE} WHERE state = 'on' ORDER BY id")


async def change_held(tx: Tx, slug: str) -> Sequence | None:
    """As `find`, and nobody else changes it, or sends of it, until the transaction ends."""
    lock = "FOR UPDATE" if tx.engine == "postgres" else ""
    return await tx.one(Sequence, f"{_SEQUENCE} WHERE slug = :slug {lock}", slug=slug)


async def stay_on(tx: Tx, id: int) -> Sequence | None:
    """The sequence where it is on; and it stays as it is until the transaction ends."""
    lock = "FOR SHARE" if tx.engine == "postgres" else ""
    return await tx.one(Sequence, f"{_SEQUENCE} WHERE id = :id AND state = 'on' {lock}", id=id)


async def set_start(tx: Tx, id: int, plan: Plan) -> None:
    """What starts it is something else: from now on."""
    await tx.run(
        """UPDATE sequences SET start = :start, start_value = :value, since = :now
           WHERE id = :id AND (start <> :start OR start_value <> :value)""",
        id=id,
        start=plan.start,
        value=plan.start_value,
        now=tx.now,
    )


async def turn(tx: Tx, id: int, state: str, *, why: str = "", since: int | None = None) -> None:
    await tx.run(
        """UPDATE sequences SET state = :state, why = :why, since = COALESCE(CAST(:since AS BIGINT), since)
           WHERE id = :id""",
        id=id,
        state=state,
        why=why,
        since=since,
    )


async def is_guide(tx: Tx, slug: str) -> bool:
    return await tx.value("SELECT 1 FROM magnets WHERE slug = :slug", slug=slug) is not None


async def is_form(tx: Tx, slug: str) -> bool:
    return await tx.value("SELECT 1 FROM forms WHERE slug = :slug", slug=slug) is not None


async def steps(tx: Tx, sequence_id: int) -> list[Step]:
    """In their order, with those that were removed."""
    return await tx.all(Step, _STEP, id=sequence_id)


async def places(tx: Tx, sequence_id: int) -> list[Place]:
    """As `steps`, without their words."""
    return await tx.all(
        Place,
        """SELECT id, removed, delay, revision FROM sequence_steps
           WHERE sequence_id = :id ORDER BY position, id""",
        id=sequence_id,
    )


async def add_step(tx: Tx, sequence_id: int, words: Words, position: int) -> None:
    await tx.run(
        """INSERT INTO sequence_steps (id, sequence_id, slug, position, delay, subject, preheader, body, sender)
           VALUES (:id, :sequence, :slug, :position, :delay, :subject, :preheader, :body, :sender)""",
        id=ids.new_id(),
        sequence=sequence_id,
        position=position,
        **_values(words),
    )


async def change_step(tx: Tx, id: int, words: Words, position: int) -> None:
    """There again where it was removed; with other words it is another revision."""
    await tx.run(
        """UPDATE sequence_steps SET position = :position, removed = 0, slug = :slug, delay = :delay,
             revision = CASE WHEN subject = :subject AND preheader = :preheader AND body = :body AND sender = :sender
                             THEN revision ELSE revision + 1 END,
             subject = :subject, preheader = :preheader, body = :body, sender = :sender
           WHERE id = :id""",
        id=id,
        position=position,
        **_values(words),
    )


async def remove_step(tx: Tx, id: int, position: int) -> None:
    await tx.run(
        "UPDATE sequence_steps SET removed = 1, position = :position WHERE id = :id", id=id, position=position
    )


def _values(words: Words) -> dict[str, Param]:
    return msgspec.structs.asdict(words)


class Kept(msgspec.Struct, frozen=True):
    """A step's words as they were frozen, and kept as a mailing."""

    mailing_id: int
    slug: str  # of the sequence
    state: str  # of the mailing
    why: str


async def mailing(tx: Tx, step_id: int, revision: int, since: int) -> int | None:
    """The one into which this revision was frozen since then (ms), unless it is held."""
    found: int | None = await tx.value(
        """SELECT f.mailing_id FROM sequence_mailings f JOIN mailings m ON m.id = f.mailing_id AND m.state = 'open'
           WHERE f.step_id = :step AND f.revision = :revision AND f.frozen_at >= :since AND f.frozen_at <= :now
           ORDER BY f.frozen_at DESC LIMIT 1""",
        step=step_id,
        revision=revision,
        since=since,
        now=tx.now,
    )
    return found


async def last_mailing(tx: Tx, step_id: int) -> int | None:
    """The last one that the step was frozen into, in whatever words."""
    found: int | None = await tx.value(
        """SELECT mailing_id FROM sequence_mailings WHERE step_id = :step
           ORDER BY frozen_at DESC, mailing_id DESC LIMIT 1""",
        step=step_id,
    )
    return found


async def add_mailing(tx: Tx, mailing_id: int, step_id: int, revision: int) -> None:
    await tx.run(
        """INSERT INTO sequence_mailings (mailing_id, step_id, revision, frozen_at)
           VALUES (:mailing, :step, :revision, :now)""",
        mailing=mailing_id,
        step=step_id,
        revision=revision,
        now=tx.now,
    )


async def mailings(tx: Tx, sequence_id: int) -> list[Kept]:
    """All that are kept."""
    return await tx.all(
        Kept,
        f"{_KEPT} WHERE s.sequence_id = :id ORDER BY f.mailing_id",
        id=sequence_id,
    )


async def held(tx: Tx) -> list[Kept]:
    """What the circuit breaker holds of sequences that are on."""
    return await tx.all(Kept, f"{_KEPT} WHERE q.state = 'on' AND m.state = 'held' ORDER BY f.mailing_id")


async def spent(tx: Tx, before: int, long_before: int) -> list[int]:
    """Frozen before that (ms), and nothing of it is left to send; what did not arrive is kept until `long_before`.

    The last of each step is kept: what servers said of it counts for the next.
    """
    rows = await tx.all(
        _Id,
        """SELECT f.mailing_id AS id FROM sequence_mailings f
           WHERE f.frozen_at < :before
             AND EXISTS (SELECT 1 FROM sequence_mailings n WHERE n.step_id = f.step_id
                         AND (n.frozen_at, n.mailing_id) > (f.frozen_at, f.mailing_id))
             AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.mailing_id = f.mailing_id
                             AND o.state IN ('queued', 'sending', 'deferred'))
             AND (f.frozen_at < :long_before
                  OR NOT EXISTS (SELECT 1 FROM outbox o WHERE o.mailing_id = f.mailing_id
                                 AND o.state IN ('failed', 'in_doubt')))
           ORDER BY f.mailing_id LIMIT 100""",
        before=before,
        long_before=long_before,
    )
    return [row.id for row in rows]


async def forget_mailing(tx: Tx, mailing_id: int) -> None:
    await tx.run("DELETE FROM sequence_mailings WHERE mailing_id = :id", id=mailing_id)


class _Id(msgspec.Struct):
    id: int


_KEPT = """SELECT f.mailing_id, q.slug, m.state, m.why FROM sequence_mailings f
             JOIN mailings m ON m.id = f.mailing_id JOIN sequence_steps s ON s.id = f.step_id
             JOIN sequences q ON q.id = s.sequence_id"""
