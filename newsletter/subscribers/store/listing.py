"""The subscribers as the desk lists them: a page at a time, as quick among a million as among ten thousand.

A page looks at LOOK people at most, from wherever it begins, and says how far it came: where few are in a segment, the
next page looks on from there.
"""

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import NamedTuple

import msgspec

from newsletter.storage import Engine, Param, Tx
from newsletter.storage.lists import IDS, as_list
from newsletter.subscribers.model import Status
from newsletter.subscribers.segments.model import And, Node, Segment, Standing, Tagged
from newsletter.subscribers.segments.store import compiled
from newsletter.subscribers.store import counts

LOOK = 10_000
COUNTED = 1_000
"""At whom a count looks where each has to be looked at closely, and there are more than one page."""
NEWEST = 2**63 - 1
"""Where the first page begins: before it stand all ids."""


class Listed(msgspec.Struct, frozen=True):
    id: int
    email: str
    name: str
    status: Status
    created_at: int
    confirmed_at: int | None


class Page(NamedTuple):
    people: Sequence[Listed]
    before: int  # where the next page begins; 0: this was the last
    looked_on: bool  # the page ends because it had looked at so many, not because it is full


class _Source(NamedTuple):
    """Where to look, the column that runs from the newest to the first, where that alone stands, and what is still to
    be asked of each who is found there."""

    tables: str
    key: str
    keys: str
    params: dict[str, Param]
    rest: Segment


class _Tag(msgspec.Struct):
    id: int
    name: str


async def page(tx: Tx, segment: Segment, before: int, most: int, *, zone: tzinfo = UTC) -> Page:
    """Up to `most` people of the segment whose ids are below `before`, the newest first."""
    source = _source(segment, tx.engine)
    # Where all who are met are meant, the page is full before it has looked at many.
    floor = 0 if source.rest.condition is None else await _floor(tx, source, before, LOOK)
    where, values = compiled(source.rest, tx.engine, zone, one_by_one=True)
    people = await tx.all(
        Listed,
        f"""{_LISTED} {source.tables} AND {source.key} < :before AND {source.key} > :floor
            AND CASE WHEN {where} THEN 1 ELSE 0 END <> 0 ORDER BY {source.key} DESC LIMIT :most""",
        before=before,
        floor=floor,
        most=most + 1,
        **source.params,
        **values,
    )
    if len(people) > most:
        return Page(people[:most], people[most - 1].id, looked_on=False)
    return Page(people, floor + 1 if floor else 0, looked_on=bool(floor))


async def counted(
    tx: Tx, segment: Segment, *, zone: tzinfo = UTC, first: Page | None = None
) -> tuple[int, int]:
    """How many there are, with 0; or else how many among the newest who were looked at, and how many those are.
    `first`: the first page, where that was looked for already."""
    if first is not None and (first.looked_on or not first.before):  # it holds all whom it has met
        return len(first.people), LOOK if first.looked_on else 0
    if segment.condition is None or isinstance(segment.condition, Standing):
        people = await counts.by_status(tx)
        return (sum(people.values()) if segment.condition is None else people[segment.condition.status]), 0
    source = _source(segment, tx.engine)
    if source.rest.condition is None:
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {source.keys} LIMIT :look) x"
        found = int(await tx.value(sql, look=LOOK + 1, **source.params))
        return min(found, LOOK), LOOK if found > LOOK else 0
    newest = LOOK if first is None else min(COUNTED, LOOK)
    floor = await _floor(tx, source, NEWEST, newest)
    where, values = compiled(source.rest, tx.engine, zone, one_by_one=True)
    sql = f"SELECT count(*) FROM {source.tables} AND {source.key} > :floor AND {where}"
    return int(await tx.value(sql, floor=floor, **source.params, **values)), newest if floor else 0


async def _floor(tx: Tx, source: _Source, before: int, look: int) -> int:
    """The id at which the look ends; 0 where it reaches the first of all."""
    found = await tx.value(
        f"""SELECT {source.key} FROM {source.keys} AND {source.key} < :before
            ORDER BY {source.key} DESC LIMIT 1 OFFSET :look""",
        before=before,
        look=look,
        **source.params,
    )
    return int(found or 0)


async def found(tx: Tx, text: str, most: int) -> list[Listed]:
    """Whose address, or else whose name, begins like `text`, up to `most` of each. Only a to z are folded."""
    address, name, order = _ADDRESS[tx.engine], _NAME[tx.engine], _IN_ORDER[tx.engine]
    begins = beginning(tx.engine, text)
    by_address = await tx.all(
        Listed,
        f"{_LISTED} subscribers s WHERE {address} ORDER BY s.email_key {order} LIMIT :most",
        address=begins["address"],
        most=most,
    )
    by_name = await tx.all(
        Listed,
        f"{_LISTED} subscribers s WHERE {name} ORDER BY lower(s.name) {order} LIMIT :most",
        name=begins["name"],
        most=most,
    )
    return list({one.id: one for one in (*by_address, *by_name)}.values())


def all_found(engine: Engine) -> str:
    """The ids of all whom `found` would find, with the parameters of `beginning`."""
    return f"""SELECT s.id FROM subscribers s WHERE {_ADDRESS[engine]}
        UNION SELECT s.id FROM subscribers s WHERE {_NAME[engine]}"""


def beginning(engine: Engine, text: str) -> dict[str, Param]:
    return {"address": _prefix(engine, text.lower()), "name": _prefix(engine, text)}


async def tags_of(tx: Tx, ids: Sequence[int]) -> dict[int, list[str]]:
    rows = await tx.all(_Tag, _TAGS[tx.engine], ids=as_list(ids))
    tags: dict[int, list[str]] = {}
    for row in rows:
        tags.setdefault(row.id, []).append(row.name)
    return tags


def _source(segment: Segment, engine: Engine) -> _Source:
    """Along the index that brings only people of one tag or of one status, where all of the segment have it."""
    condition = segment.condition
    parts = condition.parts if isinstance(condition, And) else (condition,)
    for part in parts:
        if isinstance(part, Tagged):
            rest = _without(segment, part)
            return _Source(_TAGGED[engine], "x.subscriber_id", _TAGS_ALONE, {"tag": part.tag}, rest)
    for part in parts:
        if isinstance(part, Standing):
            return _Source(_STANDING, "s.id", _STANDING, {"status": part.status}, _without(segment, part))
    return _Source(_ALL, "s.id", _ALL, {}, segment)


def _without(segment: Segment, found: Node) -> Segment:
    """What is left of it where `found` is known to hold."""
    condition = segment.condition
    parts = condition.parts if isinstance(condition, And) else (condition,)
    left = tuple(part for part in parts if part is not None and part is not found)
    return Segment(And(left) if len(left) > 1 else left[0] if left else None)


def _prefix(engine: Engine, text: str) -> str:
    """What follows it on SQLite in the order of bytes; on PostgreSQL the pattern."""
    if engine == "sqlite":
        return text
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"


_COLUMNS = "s.id, s.email, s.name, s.status, s.created_at, s.confirmed_at"
_LISTED = f"SELECT {_COLUMNS} FROM"
_ALL = "subscribers s WHERE 1 = 1"
_STANDING = "subscribers s WHERE s.status = :status"
_OF_TAG = "x.tag_id = (SELECT id FROM tags WHERE name = :tag)"
_TAGS_ALONE = f"subscriber_tags x WHERE {_OF_TAG}"
# Along the tag's people, each looked up: SQLite keeps to the order of a CROSS JOIN, PostgreSQL to OFFSET 0. It would
# read everybody beside those of a tag else, since it can't know how few they are.
_TAGGED: dict[Engine, str] = {
    "sqlite": f"subscriber_tags x CROSS JOIN subscribers s WHERE s.id = x.subscriber_id AND {_OF_TAG}",
    "postgres": f"""subscriber_tags x
        CROSS JOIN LATERAL (SELECT * FROM subscribers WHERE id = x.subscriber_id OFFSET 0) s WHERE {_OF_TAG}""",
}
_ADDRESS: dict[Engine, str] = {
    "sqlite": "s.email_key >= :address AND s.email_key < :address || char(1114111)",
    "postgres": "s.email_key LIKE :address",
}
_NAME: dict[Engine, str] = {
    "sqlite": "s.name <> '' AND lower(s.name) >= lower(:name) AND lower(s.name) < lower(:name) || char(1114111)",
    "postgres": "s.name <> '' AND lower(s.name) LIKE lower(:name)",
}
_IN_ORDER: dict[Engine, str] = {"sqlite": "", "postgres": "USING ~<~"}
_TAGS: dict[Engine, str] = {
    engine: f"""SELECT x.subscriber_id AS id, t.name FROM subscriber_tags x JOIN tags t ON t.id = x.tag_id
                WHERE x.subscriber_id IN ({ids}) ORDER BY t.name"""
    for engine, ids in IDS.items()
}
