"""Sending once more what did not arrive of a mailing, a slice of its rows at a time: each person once.

How far that has come is a row, written with each slice. A crash in between leaves nobody out, and what fails again
meanwhile is not taken for what had failed before.
"""

from collections.abc import Sequence

import msgspec

from newsletter.mail.outbox import TOPIC
from newsletter.storage import Param, Tx
from newsletter.storage.lists import IDS, as_list

SLICE = 200
"""Rows that are changed in one transaction: a few milliseconds, so that no sign-up waits for longer."""


class Retry(msgspec.Struct, frozen=True):
    """What of a mailing is sent once more, and up to which subscriber their rows have been seen to."""

    mailing_id: int
    state: str
    reached: int


class _Id(msgspec.Struct):
    id: int


async def count(tx: Tx, mailing_ids: Sequence[int], state: str) -> int:
    """How many of them `begin` would send once more. Ask in a read: it counts them."""
    return int(await tx.value(_COUNT[tx.engine], ids=as_list(mailing_ids), state=state))


async def begin(tx: Tx, mailing_ids: Sequence[int], state: str) -> bool:
    """Those that `failed`, or are `in_doubt`, are sent once more, with the same bytes. Whether there are any.

    Each of them once, as `requeue` comes to their rows; to ask for it meanwhile changes nothing.
    """
    return bool(await tx.run(_BEGIN[tx.engine], ids=as_list(mailing_ids), state=state))


async def under_way(tx: Tx) -> list[Retry]:
    """All that are under way."""
    return await tx.all(Retry, "SELECT mailing_id, state, reached FROM mailing_retries ORDER BY 1, 2")


async def next_of(tx: Tx, retry: Retry) -> list[int]:
    """The next slice of subscribers. Ask in a read: it may look at many."""
    found = await tx.all(_Id, _NEXT, id=retry.mailing_id, state=retry.state, after=retry.reached, limit=SLICE)
    return [row.id for row in found]


async def requeue(tx: Tx, retry: Retry, people: Sequence[int]) -> Retry | None:
    """Their rows wait again, unless somebody else has seen to them. How far it has come; None: it is through."""
    mine: dict[str, Param] = {"id": retry.mailing_id, "state": retry.state}
    over = len(people) < SLICE
    reached = retry.reached if over else people[-1]
    if not await tx.run(_OVER if over else _REACH, **mine, reached=retry.reached, to=reached):
        return None
    await tx.run(_AGAIN[tx.engine], **mine, ids=as_list(people), now=tx.now)
    tx.wake(TOPIC)
    return None if over else Retry(retry.mailing_id, retry.state, reached)


async def end(tx: Tx, mailing_id: int) -> None:
    """Who was not seen to stays as they are."""
    await tx.run("DELETE FROM mailing_retries WHERE mailing_id = :id", id=mailing_id)


_CAN = "o.state = :state AND o.recipient <> '' AND o.subscriber_id IS NOT NULL"
_COUNT = {
    engine: f"SELECT count(*) FROM outbox o WHERE o.mailing_id IN ({ids}) AND {_CAN}"  # noqa: S608  our own
    for engine, ids in IDS.items()
}
_BEGIN = {
    engine: f"""
    INSERT INTO mailing_retries (mailing_id, state) SELECT m.id, CAST(:state AS TEXT) FROM mailings m
    WHERE m.id IN ({ids}) AND m.state <> 'cancelled'
      AND EXISTS (SELECT 1 FROM outbox o WHERE o.mailing_id = m.id AND {_CAN})
    ON CONFLICT DO NOTHING
    """  # noqa: S608  our own
    for engine, ids in IDS.items()
}
# In the order of people, and not all of that state sorted anew for each slice: the COALESCE hides it from planners.
_NEXT = """
    SELECT subscriber_id AS id FROM outbox
    WHERE mailing_id = :id AND subscriber_id > :after AND COALESCE(state, '') = :state AND recipient <> ''
    ORDER BY subscriber_id LIMIT :limit
    """
_MINE = "WHERE mailing_id = :id AND state = :state AND reached = :reached"
_REACH = f"UPDATE mailing_retries SET reached = CAST(:to AS BIGINT) {_MINE}"  # noqa: S608  our own
_OVER = f"DELETE FROM mailing_retries {_MINE}"  # noqa: S608  our own
_AGAIN = {
    engine: f"""
    UPDATE outbox SET state = 'queued', not_before = :now, settled_at = NULL, worker = NULL,
                      attempts = 0, resends = resends + 1
    WHERE mailing_id = :id AND subscriber_id IN ({ids}) AND COALESCE(state, '') = :state AND recipient <> ''
    """  # noqa: S608  our own
    for engine, ids in IDS.items()
}
