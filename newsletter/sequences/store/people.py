"""Who is in a sequence, where they stand, and which step they were sent.

People, and what they did, are read from the tables of the slices below.
"""

from collections.abc import Iterable, Sequence

import msgspec

from newsletter.sequences.model import Start
from newsletter.storage import Param, Tx
from newsletter.storage.lists import IDS, as_list


class Comer(msgspec.Struct, frozen=True):
    """Somebody for whom something has started a sequence, and when (ms)."""

    id: int
    at: int


class Due(msgspec.Struct, frozen=True):
    """Somebody whose next step's time has come, with what a message says of them."""

    id: int
    email: str
    name: str
    fields: str  # JSON
    gone: bool  # they have left, or may not be mailed, since it started


class Count(msgspec.Struct, frozen=True):
    step_id: int
    state: str
    count: int


class _Id(msgspec.Struct):
    id: int


async def comers(tx: Tx, sequence_id: int, start: Start, value: str, after: int, limit: int) -> list[Comer]:
    """Who is active and not in it yet, though what starts it happened at `after` (ms) or since; the earliest."""
    sql, named = _asked(start, value)
    return await tx.all(Comer, sql, sequence=sequence_id, after=after, limit=limit, **named)


async def waiting(tx: Tx, sequence_id: int, start: Start, value: str, after: int) -> int:
    """How many `comers` there are in all."""
    comers, named = _asked(start, value)
    sql = f"SELECT count(DISTINCT new.id) FROM ({comers}) AS new"
    return int(await tx.value(sql, sequence=sequence_id, after=after, limit=_ALL, **named))


def _asked(start: Start, value: str) -> tuple[str, dict[str, Param]]:
    if start == "confirmed" and value:
        return _OF_A_FORM, {"value": value}
    return _COMERS[start], {} if start == "confirmed" else {"value": value}


async def enter(tx: Tx, sequence_id: int, new: Sequence[Comer]) -> int:
    """Those of them who are active. How many; who is in it already stays where they are."""
    return await tx.run(
        _ENTER[tx.engine], sequence=sequence_id, comers=msgspec.json.encode(new).decode(), now=tx.now
    )


async def due(tx: Tx, sequence_id: int, stand: int, delay: int, limit: int) -> list[int]:
    """Who stands there, and has for so long (ms) that the next step's time has come."""
    rows = await tx.all(
        _Id,
        f"""SELECT e.subscriber_id AS id FROM sequence_entries e CROSS JOIN subscribers s WHERE {_DUE}
            ORDER BY e.reached_at LIMIT :limit""",
        sequence=sequence_id,
        stand=stand,
        before=tx.now - delay,
        now=tx.now,
        limit=limit,
    )
    return [row.id for row in rows]


async def still_due(tx: Tx, sequence_id: int, stand: int, delay: int, ids: Iterable[int]) -> list[Due]:
    """Those of `ids` for whom that still holds, except whom somebody else has in hand; nobody changes them now."""
    return await tx.all(
        Due,
        _STILL_DUE[tx.engine],
        sequence=sequence_id,
        stand=stand,
        before=tx.now - delay,
        now=tx.now,
        ids=as_list(ids),
    )


async def take_step(tx: Tx, step_id: int, mailing_id: int, ids: Iterable[int]) -> set[int]:
    """The step is theirs from now on: those of `ids` who did not have it already."""
    rows = await tx.all(_Id, _TAKE[tx.engine], step=step_id, mailing=mailing_id, ids=as_list(ids))
    return {row.id for row in rows}


async def move_on(tx: Tx, sequence_id: int, step_id: int, ids: Iterable[int], *, last: bool) -> None:
    """They stand at that step from now on."""
    await tx.run(
        f"""UPDATE sequence_entries SET step_id = :step, reached_at = :now, state = :state
            WHERE sequence_id = :sequence AND subscriber_id IN ({IDS[tx.engine]})""",
        sequence=sequence_id,
        step=step_id,
        state="finished" if last else "running",
        now=tx.now,
        ids=as_list(ids),
    )


async def pass_by(
    tx: Tx, sequence_id: int, stand: int, step_id: int, *, last: bool, ids: Iterable[int] | None = None
) -> int:
    """Who stands there, of `ids` or all, and has had the step stands at it, since when they stood before. How many."""
    where, named = _RUNNING_AT, dict[str, Param]()
    if ids is not None:  # found by who they are, not among all who stand there
        where = f"""WHERE sequence_id = :sequence AND subscriber_id IN ({IDS[tx.engine]})
                    AND COALESCE(state, '') = 'running' AND +step_id = :stand"""
        named["ids"] = as_list(ids)
    return await tx.run(
        f"""UPDATE sequence_entries SET step_id = :step, state = :state {where} AND EXISTS (
              SELECT 1 FROM sequence_sends w
              WHERE w.step_id = :step AND w.subscriber_id = sequence_entries.subscriber_id)""",
        sequence=sequence_id,
        stand=stand,
        step=step_id,
        state="finished" if last else "running",
        **named,
    )


async def stop(tx: Tx, sequence_id: int, ids: Iterable[int]) -> None:
    await tx.run(
        f"""UPDATE sequence_entries SET state = 'stopped'
            WHERE sequence_id = :sequence AND subscriber_id IN ({IDS[tx.engine]})""",
        sequence=sequence_id,
        ids=as_list(ids),
    )


async def finish(tx: Tx, sequence_id: int, stand: int) -> None:
    """Nothing follows there any more."""
    await tx.run(
        f"UPDATE sequence_entries SET state = 'finished' {_RUNNING_AT}", sequence=sequence_id, stand=stand
    )


async def reopen(tx: Tx, sequence_id: int, stand: int, delay: int) -> None:
    """A step follows there now: it is for those too who were through, if its time for them is still to come."""
    await tx.run(
        """UPDATE sequence_entries SET state = 'running'
           WHERE sequence_id = :sequence AND state = 'finished' AND step_id = :stand AND reached_at > :since""",
        sequence=sequence_id,
        stand=stand,
        since=tx.now - delay,
    )


async def set_right(tx: Tx, sequence_id: int, stand: int) -> None:
    """A clock that was ahead has said when they came there: they wait from now on."""
    await tx.run(
        f"UPDATE sequence_entries SET reached_at = :now {_RUNNING_AT} AND reached_at > :now",
        sequence=sequence_id,
        stand=stand,
        now=tx.now,
    )


async def standing(tx: Tx, sequence_id: int) -> list[Count]:
    """How many people stand where. Who has left since stands nowhere: they are `stopped`."""
    return await tx.all(Count, _STANDING, sequence=sequence_id)


async def sends(tx: Tx, sequence_id: int) -> list[Count]:
    """How many were sent which step, by what became of it."""
    return await tx.all(Count, _SENDS, sequence=sequence_id)


_ALL = 1 << 62
_NEW = """s.status = 'active' AND NOT EXISTS (SELECT 1 FROM sequence_entries e
    WHERE e.sequence_id = :sequence AND e.subscriber_id = s.id)"""

# CROSS JOIN: SQLite, which knows no figures of its tables, would else begin with everybody who is active.
# Who was active when they confirmed again, for another form, is no newcomer; and who has left since is none yet.
_COMERS: dict[Start, str] = {
    "confirmed": f"""
    SELECT s.id, c.at FROM consent_records c CROSS JOIN subscribers s
    WHERE s.id = c.subscriber_id AND c.kind = 'confirmed' AND c.at >= :after AND {_NEW} AND NOT EXISTS (
      SELECT 1 FROM consent_records p WHERE p.subscriber_id = c.subscriber_id AND p.number < c.number
        AND p.kind IN ('confirmed', 'imported') AND NOT EXISTS (
          SELECT 1 FROM consent_records l WHERE l.subscriber_id = c.subscriber_id AND l.kind = 'unsubscribed'
            AND l.number > p.number AND l.number < c.number))
      AND NOT EXISTS (SELECT 1 FROM consent_records l WHERE l.subscriber_id = c.subscriber_id
                      AND l.kind = 'unsubscribed' AND l.number > c.number)
    ORDER BY c.at LIMIT :limit""",
    "tag": f"""
    SELECT s.id, x.tagged_at AS at FROM tags t JOIN subscriber_tags x ON x.tag_id = t.id CROSS JOIN subscribers s
    WHERE s.id = x.subscriber_id AND t.name = :value AND x.tagged_at >= :after AND {_NEW}
    ORDER BY x.tagged_at LIMIT :limit""",
    "downloaded": f"""
    SELECT s.id, d.at FROM magnets m JOIN magnet_versions v ON v.magnet_id = m.id
      JOIN downloads d ON d.version_id = v.id AND d.automatic = 0 CROSS JOIN subscribers s
    WHERE s.id = d.subscriber_id AND m.slug = :value AND d.at >= :after AND {_NEW} ORDER BY d.at LIMIT :limit""",
}
# Who was active already when they confirmed for this form has asked for what it starts, like any other.
_OF_A_FORM = f"""
    SELECT s.id, c.at FROM consent_records c CROSS JOIN subscribers s
    WHERE s.id = c.subscriber_id AND c.kind = 'confirmed' AND c.at >= :after AND {_NEW}
      AND c.form_id = (SELECT f.id FROM forms f WHERE f.slug = :value)
      AND NOT EXISTS (SELECT 1 FROM consent_records l WHERE l.subscriber_id = c.subscriber_id
                      AND l.kind = 'unsubscribed' AND l.number > c.number)
    ORDER BY c.at LIMIT :limit"""
_ENTER = {
    "sqlite": """
    INSERT INTO sequence_entries (sequence_id, subscriber_id, epoch, reached_at, started_at)
    SELECT :sequence, s.id, s.epoch, min(json_extract(j.value, '$.at'), :now), json_extract(j.value, '$.at')
    FROM json_each(:comers) j CROSS JOIN subscribers s
    WHERE s.id = json_extract(j.value, '$.id') AND s.status = 'active' ORDER BY s.id ON CONFLICT DO NOTHING""",
    "postgres": """
    INSERT INTO sequence_entries (sequence_id, subscriber_id, epoch, reached_at, started_at)
    SELECT CAST(:sequence AS bigint), s.id, s.epoch, least(j.at, CAST(:now AS bigint)), j.at
    FROM json_to_recordset(CAST(:comers AS json)) AS j(id bigint, at bigint) JOIN subscribers s ON s.id = j.id
    WHERE s.status = 'active' ORDER BY s.id FOR KEY SHARE OF s SKIP LOCKED ON CONFLICT DO NOTHING""",
}
_GONE = "(s.status <> 'active' OR s.epoch <> e.epoch)"
_RUNNING_AT = "WHERE sequence_id = :sequence AND state = 'running' AND step_id = :stand"
# What is next counts from when a server has taken the mail before, or from when that was given up. An hour that lies
# ahead was written by a clock that was wrong, and keeps nobody waiting.
_DUE = f"""
    s.id = e.subscriber_id AND e.sequence_id = :sequence AND e.state = 'running' AND e.step_id = :stand
      AND e.reached_at <= :before
      AND ({_GONE} OR (COALESCE(s.paused_until, 0) <= :now AND NOT EXISTS (
        SELECT 1 FROM sequence_sends w JOIN sequence_steps t ON t.id = w.step_id
        JOIN outbox o ON o.mailing_id = w.mailing_id AND o.subscriber_id = w.subscriber_id
        WHERE w.subscriber_id = e.subscriber_id AND t.sequence_id = e.sequence_id
          AND (o.settled_at IS NULL OR (o.settled_at > :before AND o.settled_at <= :now)))))
    """
_LOOK = f"SELECT s.id, s.email, s.name, s.fields, CASE WHEN {_GONE} THEN 1 ELSE 0 END AS gone"
_STILL_DUE = {
    "sqlite": f"""{_LOOK} FROM json_each(:ids) j CROSS JOIN sequence_entries e CROSS JOIN subscribers s
                  WHERE e.subscriber_id = j.value AND {_DUE} ORDER BY s.id""",
    # Whoever is being erased, or confirms, at this moment is passed over: a wait for them could be one for us.
    "postgres": f"""{_LOOK} FROM sequence_entries e CROSS JOIN subscribers s
                    WHERE e.subscriber_id IN ({IDS["postgres"]}) AND {_DUE} ORDER BY s.id
                    FOR KEY SHARE OF s SKIP LOCKED FOR UPDATE OF e SKIP LOCKED""",
}
_TAKE = {
    engine: f"""INSERT INTO sequence_sends (step_id, subscriber_id, mailing_id)
                SELECT CAST(:step AS BIGINT), s.id, CAST(:mailing AS BIGINT) FROM subscribers s WHERE s.id IN ({ids})
                ORDER BY s.id ON CONFLICT DO NOTHING RETURNING subscriber_id AS id"""
    for engine, ids in IDS.items()
}
_STANDING = f"""
    SELECT e.step_id, CASE WHEN e.state = 'running' AND {_GONE} THEN 'stopped' ELSE e.state END AS state,
           count(*) AS count
    FROM sequence_entries e CROSS JOIN subscribers s
    WHERE s.id = e.subscriber_id AND e.sequence_id = :sequence GROUP BY 1, 2
    """
_SENDS = """
    SELECT w.step_id, o.state, count(*) AS count FROM sequence_steps t
    JOIN sequence_sends w ON w.step_id = t.id
    JOIN outbox o ON o.mailing_id = w.mailing_id AND o.subscriber_id = w.subscriber_id
    WHERE t.sequence_id = :sequence GROUP BY 1, 2
    """
