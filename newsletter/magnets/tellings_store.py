"""Who has an older version of a guide, and how far they are told of the newest. One text for both engines."""

import msgspec

from newsletter.magnets.model import Magnet
from newsletter.storage import Param, Tx
from newsletter.subscribers import Subscriber


class Telling(msgspec.Struct, frozen=True):
    version_id: int
    words: str
    began_at: int
    told_to: int  # the id of who was looked at last
    people: int  # who were told
    done_at: int | None


_TELLING = "SELECT version_id, words, began_at, told_to, people, done_at FROM magnet_tellings"

# Downloaded, whoever pressed the link, or mailed by a form that gives it, before the newest version was there.
_AUDIENCE = """
    FROM subscribers s
    WHERE s.id > :after AND s.status = 'active' AND (s.paused_until IS NULL OR s.paused_until <= :now)
      AND (EXISTS (SELECT 1 FROM downloads d JOIN magnet_versions v ON v.id = d.version_id
                   WHERE d.subscriber_id = s.id AND v.magnet_id = :magnet AND v.number < :number)
        OR EXISTS (SELECT 1 FROM signups g JOIN form_magnets o ON o.form_id = g.form_id
                   WHERE g.subscriber_id = s.id AND o.magnet_id = :magnet
                     AND g.confirmed_at < (SELECT created_at FROM magnet_versions WHERE id = :version)))
      AND NOT EXISTS (SELECT 1 FROM downloads d
                      WHERE d.subscriber_id = s.id AND d.version_id = :version AND d.automatic = 0)
    """


def _params(tx: Tx, magnet: Magnet, after: int) -> dict[str, Param]:
    return {
        "after": after,
        "now": tx.now,
        "magnet": magnet.id,
        "number": magnet.number,
        "version": magnet.version_id,
    }


async def count(tx: Tx, magnet: Magnet) -> int:
    return int(await tx.value(f"SELECT count(*) {_AUDIENCE}", **_params(tx, magnet, 0)))


async def next_of(tx: Tx, magnet: Magnet, after: int, limit: int) -> list[Subscriber]:
    """Those after the person with the id `after`. Ask in a read: it may look at many."""
    return await tx.all(
        Subscriber,
        f"""SELECT s.id, s.email, s.email_key, s.status, s.name, s.fields, s.epoch, s.created_at, s.confirmed_at,
                s.unsubscribed_at, s.paused_until, s.consent_head {_AUDIENCE} ORDER BY s.id LIMIT :limit""",
        **_params(tx, magnet, after),
        limit=limit,
    )


async def find(tx: Tx, version_id: int) -> Telling | None:
    return await tx.one(Telling, f"{_TELLING} WHERE version_id = :id", id=version_id)


async def under_way(tx: Tx) -> list[Telling]:
    return await tx.all(Telling, f"{_TELLING} WHERE done_at IS NULL ORDER BY version_id")


async def begin(tx: Tx, version_id: int, words: str) -> bool:
    """False where somebody has done so."""
    added = await tx.run(
        """INSERT INTO magnet_tellings (version_id, words, began_at) VALUES (:id, :words, :now)
           ON CONFLICT (version_id) DO NOTHING""",
        id=version_id,
        words=words,
        now=tx.now,
    )
    return added == 1


async def move_on(tx: Tx, before: Telling, told_to: int, people: int, *, over: bool) -> bool:
    """False where somebody else has told those who come next."""
    moved = await tx.run(
        """UPDATE magnet_tellings SET told_to = :to, people = people + :people, done_at = :done
           WHERE version_id = :id AND told_to = :before AND done_at IS NULL""",
        id=before.version_id,
        before=before.told_to,
        to=told_to,
        people=people,
        done=tx.now if over else None,
    )
    return moved == 1


async def waiting(tx: Tx, message: str) -> bool:
    """Whether one of those is due and has not left."""
    found = await tx.value(
        """SELECT 1 FROM outbox WHERE message = :message AND state IN ('queued', 'deferred')
             AND not_before <= :now AND mailing_id IS NULL LIMIT 1""",
        message=message,
        now=tx.now,
    )
    return found is not None
