"""Who is in a sequence, to be looked at: page after page, and counted for all sequences at once."""

import msgspec

from newsletter.storage import Param, Tx


class Entry(msgspec.Struct, frozen=True):
    """One person in a sequence."""

    id: int  # of the subscriber
    email: str
    status: str  # of the subscriber
    state: str  # running, finished, or stopped: they have left, or may not be mailed
    step_id: int  # where they stand
    reached_at: int  # ms, since when
    started_at: int  # ms


class Count(msgspec.Struct, frozen=True):
    sequence_id: int
    state: str
    count: int


async def counts(tx: Tx) -> list[Count]:
    """Of each sequence, how many are in which state. Who has left is `running` until their next step is due."""
    return await tx.all(
        Count,
        """SELECT sequence_id, state, count(*) AS count FROM sequence_entries GROUP BY sequence_id, state
           ORDER BY sequence_id, state""",
    )


async def entries(tx: Tx, sequence_id: int, before: int, limit: int) -> list[Entry]:
    """Everybody, the newest subscriber first: those before the one with that id; 0: the newest of all."""
    return await tx.all(
        Entry,
        f"""{_ENTRY} AND e.subscriber_id < :before ORDER BY e.subscriber_id DESC LIMIT :limit""",
        sequence=sequence_id,
        before=before or _LAST,
        limit=limit,
    )


async def entries_at(
    tx: Tx, sequence_id: int, step_id: int, state: str, before: tuple[int, int], limit: int
) -> list[Entry]:
    """Who stands there in that state, the last to come first: after the place (since when, whose) of the one before."""
    at, id = before if before[0] else (_LAST, _LAST)
    named: dict[str, Param] = {"sequence": sequence_id, "step": step_id, "at": at, "id": id, "limit": limit}
    return await tx.all(
        Entry,
        f"""{_ENTRY} AND e.step_id = :step AND {_IN_STATE[state]} AND (e.reached_at, e.subscriber_id) < (:at, :id)
            ORDER BY e.reached_at DESC, e.subscriber_id DESC LIMIT :limit""",
        **named,
    )


class _Tag(msgspec.Struct):
    name: str


async def tag_names(tx: Tx) -> list[str]:
    rows = await tx.all(_Tag, "SELECT name FROM tags ORDER BY name LIMIT 500")
    return [row.name for row in rows]


_LAST = (1 << 63) - 1
_GONE = "(s.status <> 'active' OR s.epoch <> e.epoch)"
_IN_STATE = {
    "running": f"e.state = 'running' AND NOT {_GONE}",
    "finished": "e.state = 'finished'",
    "stopped": f"(e.state = 'stopped' OR (e.state = 'running' AND {_GONE}))",
}
_ENTRY = f"""
    SELECT s.id, s.email, s.status, CASE WHEN e.state = 'running' AND {_GONE} THEN 'stopped' ELSE e.state END AS state,
           e.step_id, e.reached_at, e.started_at
    FROM sequence_entries e CROSS JOIN subscribers s WHERE s.id = e.subscriber_id AND e.sequence_id = :sequence"""
