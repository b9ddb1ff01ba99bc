"""What came back of a mailing: who left by its link, whose mailbox is gone, who complained. Each once a person."""

from typing import Literal, get_args

import msgspec

from newsletter.mail import journal
from newsletter.storage import Tx

Response = Literal["unsubscribed", "bounced", "complained"]
RESPONSES: tuple[Response, ...] = get_args(Response)
LEFT = "They left after this was promised."
_REASONS = 20  # sentences of ours are fewer


class _Reserved(msgspec.Struct):
    id: int
    worker: int


class _Count(msgspec.Struct):
    what: str
    count: int


async def note(tx: Tx, mailing_id: int, subscriber_id: int, response: Response) -> bool:
    """Whether it was news. A person who isn't known any more gets no row."""
    made = await tx.run(_NOTE, mailing=mailing_id, person=subscriber_id, kind=response, now=tx.now)
    return bool(made)


async def left(tx: Tx, subscriber_id: int) -> None:
    """They have left: what waits for them is skipped, and it counts for the mailing that they had got last.

    The links say nothing of that: one person's is the same in every mail. Where the last mail was of no mailing, a
    guide for example, it counts for none.
    """
    await skip_waiting(tx, subscriber_id)
    mailing_id = await tx.value(_LAST, person=subscriber_id)
    if mailing_id is not None:
        await note(tx, mailing_id, subscriber_id, "unsubscribed")


async def skip_waiting(tx: Tx, subscriber_id: int) -> None:
    """What waits for them of what goes to many is not sent: neither what is queued, nor what a worker has reserved and
    not begun. Should they come back, they get what is written from then on."""
    await tx.run(_SKIP, person=subscriber_id, why=LEFT, now=tx.now)
    for row in await tx.all(_Reserved, _SENDING[tx.engine], person=subscriber_id):
        kept = await journal.read(tx, row.worker)
        if kept and row.id not in kept.begun and row.id not in kept.accepted:
            await tx.run(_SKIP_RESERVED, id=row.id, why=LEFT, now=tx.now)


async def responses(tx: Tx, mailing_id: int) -> dict[str, int]:
    """How many people, by kind. Whoever was erased counts no more."""
    found = {row.what: row.count for row in await tx.all(_Count, _RESPONSES, mailing=mailing_id)}
    return {kind: found.get(kind, 0) for kind in RESPONSES}


async def skips(tx: Tx, mailing_id: int) -> dict[str, int]:
    """Why people were skipped, a sentence each, and how many; the most first."""
    rows = await tx.all(_Count, _SKIPS, mailing=mailing_id, limit=_REASONS)
    return {row.what: row.count for row in rows}


# A worker that is about to begin one of these may have looked at its person a moment before they left. On PostgreSQL
# it is certain to see only what happens to the row itself, whoever commits first.
_SKIPPED = """
    UPDATE outbox SET state = 'skipped', reply = :why, recipient = '', context = '{}', settled_at = :now, worker = NULL,
                      provider = NULL
    WHERE"""
_SKIP = f"{_SKIPPED} subscriber_id = :person AND mailing_id IS NOT NULL AND state IN ('queued', 'deferred')"
_SKIP_RESERVED = f"{_SKIPPED} id = :id AND state = 'sending'"
# Whoever begins one of them on PostgreSQL has locked its row until the journal says so.
_OF_MANY = """
    SELECT id, worker FROM outbox
    WHERE subscriber_id = :person AND mailing_id IS NOT NULL AND state = 'sending' AND worker IS NOT NULL ORDER BY id
    """
_SENDING = {"sqlite": _OF_MANY, "postgres": f"{_OF_MANY} FOR UPDATE"}
_NOTE = """
    INSERT INTO mailing_responses (mailing_id, subscriber_id, kind, at)
    SELECT CAST(:mailing AS BIGINT), id, CAST(:kind AS TEXT), CAST(:now AS BIGINT) FROM subscribers WHERE id = :person
    ON CONFLICT DO NOTHING
    """
_LAST = """
    SELECT mailing_id FROM outbox
    WHERE subscriber_id = :person AND state IN ('sent', 'sending', 'in_doubt')
    ORDER BY coalesce(settled_at, created_at) DESC, id DESC LIMIT 1
    """
_RESPONSES = (
    "SELECT kind AS what, count(*) AS count FROM mailing_responses WHERE mailing_id = :mailing GROUP BY kind"
)
_SKIPS = """
    SELECT reply AS what, count(*) AS count FROM outbox WHERE mailing_id = :mailing AND state = 'skipped'
    GROUP BY reply ORDER BY count(*) DESC, reply LIMIT :limit
    """
