"""The subscribers as the desk lists them: a page at a time, as quick among a million as among ten thousand.

A page looks at LOOK people at most, from wherever it begins, and says how far it came: where few are in a segment, the
next page looks on from there. It looks at a few first, and is seldom not full by then.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from typing import NamedTuple

import msgspec

from newsletter.storage import Engine, Param, Tx
from newsletter.storage.lists import IDS, as_list, names
from newsletter.subscribers.model import Status
from newsletter.subscribers.segments.model import And, Node, Segment, Standing, Tagged
from newsletter.subscribers.segments.store import compiled
from newsletter.subscribers.store import counts

LOOK = 10_000
LOOKED_UP = 2_500
"""The same along a tag: each of its people is looked up by itself, which takes four times as long as to read on."""
FIRST_LOOKED_UP = 250
"""And on the first page, so that it takes as long where many have the tag as where few do."""
COUNTED = 400
"""At whom a page looks first, and a count beside a full one in all, where each has to be looked at closely."""
TAG_COUNTED = 1_000
"""Up to so many who have a tag are counted beside their list: a tenth of a millisecond for them all."""
MOST_COMPARED = 5
"""Tags and statuses of a segment of which is asked whether few have them."""
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
    looked_on: (
        int  # the page ends because it had looked at so many; 0: because it is full, or everybody was met
    )


class _Source(NamedTuple):
    """Where to look, the column that runs from the newest to the first, where that alone stands, and what is still to
    be asked of each who is found there."""

    tables: str
    key: str
    keys: str
    params: dict[str, Param]
    rest: Segment
    most: int  # at whom a page looks


class _Tag(msgspec.Struct):
    id: int
    name: str


async def page(tx: Tx, segment: Segment, before: int, most: int, *, zone: tzinfo = UTC) -> Page:
    """Up to `most` people of the segment whose ids are below `before`, the newest first."""
    source = await _source(tx, segment, looked_up=FIRST_LOOKED_UP if before == NEWEST else LOOKED_UP)
    people: list[Listed] = []
    floor = before - 1
    for look in _looks(source):
        above, floor = floor + 1, await _floor(tx, source, floor + 1, look)
        people += await _listed(tx, source, above, floor, most + 1 - len(people), zone)
        if len(people) > most:
            return Page(people[:most], people[most - 1].id, 0)
        if not floor:
            return Page(people, 0, 0)
    return Page(people, floor + 1, source.most)


def _looks(source: _Source) -> Sequence[int]:
    """At how many a page looks, one after the other; 0: at all there are, since it meets only whom it means."""
    if source.rest.condition is None:
        return (0,)
    return (COUNTED, source.most - COUNTED) if source.most > COUNTED else (source.most,)


async def _listed(tx: Tx, source: _Source, above: int, floor: int, most: int, zone: tzinfo) -> list[Listed]:
    where, values = compiled(source.rest, tx.engine, zone, one_by_one=True)
    return await tx.all(
        Listed,
        f"""{_LISTED} {source.tables} AND {source.key} < :above AND {source.key} > :floor
            AND CASE WHEN {where} THEN 1 ELSE 0 END <> 0 ORDER BY {source.key} DESC LIMIT :most""",
        above=above,
        floor=floor,
        most=most,
        **source.params,
        **values,
    )


async def counted(
    tx: Tx, segment: Segment, *, zone: tzinfo = UTC, first: Page | None = None
) -> tuple[int, int]:
    """How many there are, with 0; or else how many among the newest who were looked at, and how many those are.
    `first`: the first page, where that was looked for already."""
    if first is not None and (first.looked_on or not first.before):  # it holds all whom it has met
        return len(first.people), first.looked_on
    if segment.condition is None or isinstance(segment.condition, Standing):
        people = await counts.by_status(tx)
        return (sum(people.values()) if segment.condition is None else people[segment.condition.status]), 0
    source = await _source(tx, segment, looked_up=LOOKED_UP)
    if source.rest.condition is None:
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {source.keys} LIMIT :look) x"
        found = int(await tx.value(sql, look=TAG_COUNTED + 1, **source.params))
        return min(found, TAG_COUNTED), TAG_COUNTED if found > TAG_COUNTED else 0
    if first is None:
        floor = await _floor(tx, source, NEWEST, source.most)
        return await _count(tx, source, NEWEST, floor, zone), source.most if floor else 0
    newest = min(COUNTED, source.most)
    floor = await _floor(tx, source, NEWEST, newest)
    if floor >= first.before:  # the page has looked at more by itself
        sql = f"SELECT count(*) FROM {source.keys} AND {source.key} >= :last"
        return len(first.people), int(await tx.value(sql, last=first.before, **source.params))
    below = await _count(tx, source, first.before, floor, zone)
    return len(first.people) + below, newest if floor else 0


async def _count(tx: Tx, source: _Source, above: int, floor: int, zone: tzinfo) -> int:
    where, values = compiled(source.rest, tx.engine, zone, one_by_one=True)
    sql = f"""SELECT count(*) FROM {source.tables} AND {source.key} < :above AND {source.key} > :floor
        AND {where}"""
    return int(await tx.value(sql, above=above, floor=floor, **source.params, **values))


async def _floor(tx: Tx, source: _Source, before: int, look: int) -> int:
    """The id at which a look at so many below `before` ends; 0 where it reaches the first of all, or `look` is 0."""
    if not look:
        return 0
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


async def emails(tx: Tx, ids: Iterable[int]) -> dict[int, str]:
    return await names(tx, "SELECT id, email AS name FROM subscribers WHERE id IN ({ids})", ids)


async def _source(tx: Tx, segment: Segment, *, looked_up: int) -> _Source:
    """Along the index that brings only people of one tag or of one status, where all of the segment have it: the
    first that brings few; else of a tag, since a status is most people's."""
    condition = segment.condition
    parts = condition.parts if isinstance(condition, And) else (condition,)
    most = min(looked_up, LOOK)
    tags = [_of_tag(segment, part, tx.engine, most) for part in parts if isinstance(part, Tagged)]
    statuses = [_of_status(segment, part) for part in parts if isinstance(part, Standing)]
    ways = [*tags, *statuses, _Source(_ALL, "s.id", _ALL, {}, segment, LOOK)]
    for way in ways[: MOST_COMPARED if len(ways) > 2 else 0]:
        if way.params and not await _floor(tx, way, NEWEST, COUNTED):
            return way
    return ways[0]


def _of_tag(segment: Segment, part: Tagged, engine: Engine, most: int) -> _Source:
    rest = _without(segment, part)
    return _Source(_TAGGED[engine], "x.subscriber_id", _TAGS_ALONE, {"tag": part.tag}, rest, most)


def _of_status(segment: Segment, part: Standing) -> _Source:
    return _Source(_STANDING, "s.id", _STANDING, {"status": part.status}, _without(segment, part), LOOK)


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
