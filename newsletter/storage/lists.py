"""A list of ids as one parameter of a statement: as JSON, which both engines unpack.

A statement of its own for each length would be planned anew each time, and has an end at some number of parameters.
"""

from collections.abc import Iterable

import msgspec

from newsletter.storage.db import Engine, Tx

IDS: dict[Engine, str] = {
    "sqlite": "SELECT value FROM json_each(:ids)",
    "postgres": "SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json))",
}
"""For `id IN (…)`: those of the parameter `:ids`, which `as_list` makes."""


def as_list(ids: Iterable[int]) -> str:
    return msgspec.json.encode([*ids]).decode()


class _Named(msgspec.Struct):
    id: int
    name: str


async def names(tx: Tx, sql: str, ids: Iterable[int]) -> dict[int, str]:
    """What each of these is called, where it is there: `sql` brings rows of `id` and `name`, and has {ids} for IDS."""
    rows = await tx.all(_Named, sql.format(ids=IDS[tx.engine]), ids=as_list(ids))
    return {row.id: row.name for row in rows}
