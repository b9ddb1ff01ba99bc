"""A thread as branches: each comment at the top with all that is below it, in parts however long it is.

Only ids are counted and put in order, in the index that a thread is read by; of the comments themselves no more are
read than are asked for.
"""

import msgspec

from newsletter.comments.model import Comment
from newsletter.comments.store.comments import COLUMNS, SHOWN
from newsletter.storage import Param, Tx

_START = "substr(path, 1, 16)"
"""What all paths of a branch begin with."""

_BEYOND = "g"  # behind every hex digit

_OWN = "substr(path, length(path) - 15)"
"""What only its own path ends with: by it comments stand in order of time, and the index has it."""

_IDS = f"""SELECT id, {_OWN} AS own, {_START} AS start,
        row_number() OVER (PARTITION BY {_START} ORDER BY path, id) AS place
    FROM comments WHERE thread_id = :thread AND path >= :first AND path < :beyond AND status IN {SHOWN}"""
"""The first of a branch stands at its top: where that is out of sight, its first answer."""


class Start(msgspec.Struct):
    """A branch: what its paths begin with, and how many stand below its top."""

    start: str
    below: int


async def count(tx: Tx, thread_id: int) -> int:
    sql = f"SELECT count(DISTINCT {_START}) FROM comments WHERE thread_id = :thread AND status IN {SHOWN}"
    return int(await tx.value(sql, thread=thread_id))


async def starts(tx: Tx, thread_id: int, skip: int, most: int, *, newest: bool) -> list[Start]:
    """Some branches, from behind the first `skip`."""
    return await tx.all(
        Start,
        f"""SELECT {_START} AS start, count(*) - 1 AS below FROM comments
            WHERE thread_id = :thread AND status IN {SHOWN}
            GROUP BY {_START} ORDER BY 1 {_order(newest)} LIMIT :most OFFSET :skip""",
        thread=thread_id,
        most=most,
        skip=skip,
    )


async def start_of(tx: Tx, thread_id: int, path: str) -> Start | None:
    """The branch that the path stands in."""
    return await tx.one(
        Start,
        f"""SELECT {_START} AS start, count(*) - 1 AS below FROM comments
            WHERE thread_id = :thread AND path >= :first AND path < :beyond AND status IN {SHOWN}
            GROUP BY {_START}""",
        thread=thread_id,
        first=path[:16],
        beyond=path[:16] + _BEYOND,
    )


async def tops(tx: Tx, thread_id: int, some: list[Start]) -> list[Comment]:
    """The comment at the top of each of these, which stand side by side; in reading order."""
    return await tx.all(
        Comment,
        f"""SELECT {COLUMNS} FROM comments WHERE id IN (SELECT id FROM ({_IDS}) AS ids WHERE place = 1)
            ORDER BY path""",
        **_between(thread_id, some),
    )


async def answers(
    tx: Tx, thread_id: int, some: list[Start], skip: int, each: int, most: int, *, newest: bool
) -> list[Comment]:
    """What stands below the tops of these, by time: of each from behind the first `skip` `each`, `most` in all."""
    order = _order(newest)
    return await tx.all(
        Comment,
        f"""SELECT {", ".join(f"c.{name.strip()}" for name in COLUMNS.split(","))} FROM comments c JOIN (
                SELECT id, start, row_number() OVER (PARTITION BY start ORDER BY own {order}, id {order}) AS n
                FROM ({_IDS}) AS ids WHERE place > 1
            ) AS below ON below.id = c.id
            WHERE n > :skip AND n <= :last ORDER BY below.start {order}, n LIMIT :most""",
        skip=skip,
        last=skip + each,
        most=most,
        **_between(thread_id, some),
    )


def _between(thread_id: int, some: list[Start]) -> dict[str, Param]:
    """Where none is, nothing."""
    edges = [one.start for one in some] or [_BEYOND]
    return {"thread": thread_id, "first": min(edges), "beyond": max(edges) + _BEYOND}


def _order(newest: bool) -> str:
    return "DESC" if newest else ""
