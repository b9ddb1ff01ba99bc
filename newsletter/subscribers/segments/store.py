"""Who is in a segment. Its values are parameters, always; its SQL is made of this file's constants."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

import msgspec

from newsletter.storage import Engine, Param, Tx
from newsletter.storage.lists import IDS, as_list
from newsletter.subscribers.segments.model import (
    And,
    Answered,
    Condition,
    Downloaded,
    Joined,
    Node,
    Not,
    Or,
    Received,
    Segment,
    Standing,
    Tagged,
    Through,
)

Kind = Literal["tag", "form", "magnet"]
"""What has a name that a segment may say."""


class _Id(msgspec.Struct):
    id: int


class _Name(msgspec.Struct):
    name: str


class Reachable(msgspec.Struct, frozen=True):
    """Who may be mailed now, with what a message says of them."""

    id: int
    email: str
    name: str
    fields: str  # JSON: a form's own fields, by name


async def count(tx: Tx, segment: Segment, *, mailable: bool = False, zone: tzinfo = UTC) -> int:
    """How many there are; with `mailable` only who may be mailed now. Days are days in `zone`."""
    where, params = compiled(segment, tx.engine, zone)
    sql = f"SELECT count(*) FROM subscribers s WHERE {where}"
    if mailable:
        return int(await tx.value(f"{sql} AND {_MAILABLE}", now=tx.now, **params))
    return int(await tx.value(sql, **params))


async def ids_after(
    tx: Tx, segment: Segment, after_id: int, limit: int, *, mailable: bool = False, zone: tzinfo = UTC
) -> list[int]:
    """The next `limit` of them after `after_id` (0: from the first), in the order of their ids; fewer: the last.

    It reads on from `after_id` and stops when it has them. Where few are in the segment it looks at many: ask in
    a `read`, so that nobody's sign-up waits meanwhile.
    """
    sql, params = page(segment, tx.engine, mailable=mailable, zone=zone)
    if mailable:
        params["now"] = tx.now
    return [row.id for row in await tx.all(_Id, sql, after=after_id, limit=limit, **params)]


async def people_after(
    tx: Tx, segment: Segment, after_id: int, limit: int, *, zone: tzinfo = UTC
) -> list[Reachable]:
    """As `ids_after`, of those who may be mailed now: they are active and take no pause."""
    sql, params = page(segment, tx.engine, mailable=True, zone=zone, columns=_REACHABLE)
    return await tx.all(Reachable, sql, after=after_id, limit=limit, now=tx.now, **params)


async def still(tx: Tx, ids: Sequence[int]) -> set[int]:
    """Those of `ids` who may be mailed now; and nobody of them leaves or is erased until this transaction ends."""
    rows = await tx.all(_Id, _STILL[tx.engine], ids=as_list(ids), now=tx.now)
    return {row.id for row in rows}


async def has_name(tx: Tx, kind: Kind, name: str) -> bool:
    """Whether there is a tag, a form or a guide of this name."""
    return await tx.value(f"{_NAMES[kind]} = :name", name=name) is not None


async def names_like(tx: Tx, kind: Kind, name: str, most: int) -> list[str]:
    """What may have been meant by `name`: all names where they are few; else those that begin or end as it does."""
    found = await tx.all(_Name, f"{_NAMES[kind]} <> '' ORDER BY 1 LIMIT :most", most=most + 1)
    if len(found) > most:
        half = len(name) // 2
        found = await tx.all(
            _Name,
            f"{_NAMES[kind]} <> '' AND {_ALIKE} LIMIT :most",
            start=name[:half].lower(),
            half=half,
            end=name[half:].lower(),
            rest=len(name) - half,
            most=most,
        )
    return [row.name for row in found]


async def was_sent(tx: Tx, broadcast_id: int) -> bool:
    return (
        await tx.value("SELECT 1 FROM broadcasts WHERE id = :id AND mailing_id IS NOT NULL", id=broadcast_id)
        is not None
    )


def page(
    segment: Segment, engine: Engine, *, mailable: bool = False, zone: tzinfo = UTC, columns: str = "s.id"
) -> tuple[str, dict[str, Param]]:
    """The statement behind both, which also takes :after, :limit and, with `mailable`, :now.

    The CASE hides the conditions from both planners. They would else answer an OR of statuses by sorting all of
    its people, or a tag by joining all of its people, once more for each chunk. As `<> 0` it looks likely to
    PostgreSQL, which then expects `limit` rows soon and reads on by id.
    """
    where, params = compiled(segment, engine, zone, one_by_one=True)
    allowed = _MAILABLE if mailable else _ALL
    return (
        f"""SELECT {columns} FROM subscribers s WHERE s.id > :after AND {allowed}
            AND CASE WHEN {where} THEN 1 ELSE 0 END <> 0 ORDER BY s.id LIMIT :limit""",
        params,
    )


def compiled(
    segment: Segment, engine: Engine, zone: tzinfo = UTC, *, one_by_one: bool = False
) -> tuple[str, dict[str, Param]]:
    """A condition over `subscribers s`, in parentheses and never NULL, and the values of its parameters.

    `one_by_one`: PostgreSQL, too, looks up each person as it comes, instead of gathering all who have a tag first.
    That is best for a page, and slower for a count.
    """
    if segment.condition is None:
        return _ALL, {}
    compiler = _Compiler(engine, zone, _ONE_BY_ONE if one_by_one else "")
    return f"({compiler.node(segment.condition)})", compiler.params


class _Compiler:
    def __init__(self, engine: Engine, zone: tzinfo, end: str) -> None:
        self._engine = engine
        self._zone = zone
        self._end = end
        self.params: dict[str, Param] = {}

    def node(self, node: Node) -> str:
        match node:
            case Not(of):
                return f"NOT ({self.node(of)})"
            case And(parts):
                return " AND ".join(f"({self.node(part)})" for part in parts)
            case Or(parts):
                return " OR ".join(f"({self.node(part)})" for part in parts)
            case _:
                sql, values = _condition(node, self._engine, self._zone)
                return sql.format(*map(self._param, values), end=self._end)

    def _param(self, value: Param) -> str:
        name = f"v{len(self.params)}"
        self.params[name] = value
        return f":{name}"


def _condition(condition: Condition, engine: Engine, zone: tzinfo) -> tuple[str, tuple[Param, ...]]:
    """One of the texts below, and the values that go into it."""
    match condition:
        case Standing(status):
            return _STATUS, (status,)
        case Tagged(tag):
            return _TAG, (tag,)
        case Through(form):
            return _FORM, (form,)
        case Downloaded(magnet):
            return _DOWNLOADED, (magnet,)
        case Received(broadcast_id):
            return _RECEIVED, (broadcast_id,)
        case Answered(field, value):
            return _FIELD[engine], (field, value)
        case Joined(comparison, day):
            start, end = _start(day, zone), _start(day + timedelta(1), zone)
            if comparison == "=":
                return _JOINED_ON, (start, end)
            return _JOINED[comparison], (start if comparison in ("<", ">=") else end,)


def _start(day: date, zone: tzinfo) -> int:
    """Epoch ms of a day's first moment, also where clocks skip midnight."""
    return int(datetime.combine(day, time(), zone).timestamp()) * 1000


_ALL = "1 = 1"
_REACHABLE = "s.id, s.email, s.name, s.fields"
_ONE_BY_ONE = " LIMIT 1 OFFSET 0"  # an OFFSET, though of nothing, is what PostgreSQL can't turn into a join
_MAILABLE = "s.status = 'active' AND (s.paused_until IS NULL OR s.paused_until <= :now)"
_STILL: dict[Engine, str] = {
    "sqlite": f"SELECT s.id FROM subscribers s WHERE s.id IN ({IDS['sqlite']}) AND {_MAILABLE}",
    "postgres": f"""SELECT s.id FROM subscribers s WHERE s.id IN ({IDS["postgres"]}) AND {_MAILABLE}
        ORDER BY s.id FOR SHARE OF s""",
}

_NAMES: dict[Kind, str] = {
    "tag": "SELECT name FROM tags WHERE name",
    "form": "SELECT name FROM (SELECT slug AS name FROM forms) AS f WHERE name",
    "magnet": "SELECT name FROM (SELECT slug AS name FROM magnets) AS m WHERE name",
}

_ALIKE = """(substr(lower(name), 1, :half) = :start
    OR substr(lower(name), length(name) - CAST(:rest AS INTEGER) + 1) = :end)
    ORDER BY abs(length(name) - CAST(:half AS INTEGER) - CAST(:rest AS INTEGER)), name"""

# Tables of the slices above are asked for what their names stand for; nothing else.
_STATUS = "s.status = {0}"
_TAG = """EXISTS (SELECT 1 FROM tags t JOIN subscriber_tags x ON x.tag_id = t.id
    WHERE t.name = {0} AND x.subscriber_id = s.id{end})"""
_FORM = """EXISTS (SELECT 1 FROM forms f WHERE f.slug = {0} AND (f.id = s.form_id
    OR EXISTS (SELECT 1 FROM signups g WHERE g.subscriber_id = s.id AND g.form_id = f.id
               AND g.confirmed_at IS NOT NULL{end})){end})"""
_DOWNLOADED = """EXISTS (SELECT 1 FROM downloads d JOIN magnet_versions v ON v.id = d.version_id
    JOIN magnets m ON m.id = v.magnet_id WHERE d.subscriber_id = s.id AND d.automatic = 0 AND m.slug = {0}{end})"""
_RECEIVED = """EXISTS (SELECT 1 FROM outbox o WHERE o.subscriber_id = s.id AND o.state = 'sent'
    AND o.mailing_id = (SELECT b.mailing_id FROM broadcasts b WHERE b.id = {0}){end})"""
_FIELD: dict[Engine, str] = {  # what is no text has no value here
    "sqlite": """coalesce((SELECT j.value FROM json_each(s.fields) j
        WHERE j.key = {0} AND j.type = 'text'), '') = {1}""",
    "postgres": """coalesce(CASE WHEN json_typeof(CAST(s.fields AS JSON) -> CAST({0} AS TEXT)) = 'string'
        THEN CAST(s.fields AS JSON) ->> CAST({0} AS TEXT) END, '') = {1}""",
}
_SINCE = "coalesce(s.confirmed_at, s.created_at)"
_JOINED_ON = f"{_SINCE} >= {{0}} AND {_SINCE} < {{1}}"
_JOINED = {
    "<": f"{_SINCE} < {{0}}",
    "<=": f"{_SINCE} < {{0}}",
    ">=": f"{_SINCE} >= {{0}}",
    ">": f"{_SINCE} >= {{0}}",
}
