"""What an export says of each subscriber. The database shapes the cells, so that a million rows stay cheap."""

from datetime import UTC, tzinfo

import msgspec

from newsletter.storage import Engine, Param, Tx
from newsletter.subscribers.segments.model import Segment
from newsletter.subscribers.segments.store import compiled
from newsletter.subscribers.store.listing import all_found, beginning

_BOTH = ("sqlite", "postgres")
_SHAPES = {  # how a cell of each kind is written, in each engine's words
    "word": dict.fromkeys(_BOTH, "{0}"),
    "text": dict.fromkeys(_BOTH, "coalesce({0}, '')"),
    "number": dict.fromkeys(_BOTH, "coalesce(CAST({0} AS TEXT), '')"),
    "time": {
        "sqlite": "coalesce(strftime('%Y-%m-%dT%H:%M:%S+00:00', {0} / 1000, 'unixepoch'), '')",
        "postgres": """coalesce(to_char(to_timestamp({0} / 1000) AT TIME ZONE 'UTC',
            'YYYY-MM-DD"T"HH24:MI:SS+00:00'), '')""",
    },
    "origin": {
        "sqlite": "CASE c.kind WHEN 'imported' THEN coalesce(json_extract({0}, '$.origin'), '') ELSE '' END",
        "postgres": "CASE c.kind WHEN 'imported' THEN coalesce(CAST({0} AS json) ->> 'origin', '') ELSE '' END",
    },
    "tags": {
        "sqlite": "(SELECT coalesce(group_concat(name, ','), '') {0})",
        "postgres": "(SELECT coalesce(string_agg(name, ','), '') {0})",
    },
}
_TAGS = """FROM (SELECT t.name FROM subscriber_tags s JOIN tags t ON t.id = s.tag_id
    WHERE s.subscriber_id = p.id ORDER BY s.tag_id) AS own"""
_COLUMNS = {
    "email": ("text", "p.email"),
    "name": ("text", "p.name"),
    "status": ("word", "p.status"),
    "tags": ("tags", _TAGS),
    "form": ("text", "f.slug"),
    "signed_up": ("time", "p.created_at"),
    "confirmed": ("time", "p.confirmed_at"),
    "unsubscribed": ("time", "p.unsubscribed_at"),
    "fields": ("text", "p.fields"),
    "consent_at": ("time", "c.at"),
    "consent_requested": ("time", "c.requested_at"),
    "consent_wording": ("text", "w.text"),
    "consent_wording_version": ("number", "w.number"),
    "consent_message_id": ("text", "c.message_id"),
    "consent_origin": ("origin", "c.detail"),
}
HEADER = tuple(_COLUMNS)
TYPED = tuple(name for name, (kind, _) in _COLUMNS.items() if kind in ("text", "tags", "origin"))
OPTIONAL = tuple(name for name, (kind, _) in _COLUMNS.items() if kind in ("time", "number"))

# Tables of the slices above are joined for the words that their ids stand for; nothing else is asked of them. Who has
# confirmed nothing yet came by the form that they filled in last.
PEOPLE = """FROM subscribers p
    LEFT JOIN forms f ON f.id = coalesce(p.form_id,
        (SELECT form_id FROM signups WHERE subscriber_id = p.id ORDER BY id DESC LIMIT 1))"""
_FROM = f"""{PEOPLE}
    LEFT JOIN consent_records c ON c.id = (SELECT id FROM consent_records
        WHERE subscriber_id = p.id AND kind IN ('confirmed', 'imported') ORDER BY number DESC LIMIT 1)
    LEFT JOIN wordings w ON w.id = c.wording_id"""


class Choice(msgspec.Struct, frozen=True):
    """Which subscribers: all, or those of a status, a tag, a form, a segment, or who signed up since (epoch ms).

    A segment's days are days in `zone`. `search`: whose address or name begins like that, as in a list at the desk.
    """

    status: str = ""
    tag: str = ""
    form: str = ""
    since: int | None = None
    segment: Segment = Segment()
    zone: tzinfo = UTC
    search: str = ""

    def where(self, engine: Engine) -> tuple[str, dict[str, Param]]:
        wanted: dict[str, tuple[str, Param]] = {
            "p.status = :status": ("status", self.status),
            """EXISTS (SELECT 1 FROM subscriber_tags s JOIN tags t ON t.id = s.tag_id
                WHERE s.subscriber_id = p.id AND t.name = :tag)""": ("tag", self.tag),
            "f.slug = :form": ("form", self.form),
            "p.created_at >= :since": ("since", self.since),
        }
        chosen = {sql: pair for sql, pair in wanted.items() if pair[1] not in ("", None)}
        within, values = compiled(self.segment, engine, self.zone)
        if self.segment.condition is not None:
            chosen[f"p.id IN (SELECT s.id FROM subscribers s WHERE {within})"] = ("", "")
        if self.search:
            chosen[f"p.id IN ({all_found(engine)})"] = ("", "")
            values = values | beginning(engine, self.search)
        params = {name: value for name, value in chosen.values() if name}
        return "WHERE " + " AND ".join(chosen or ["1 = 1"]), params | values


async def count(tx: Tx, choice: Choice) -> int:
    where, params = choice.where(tx.engine)
    return int(await tx.value(f"SELECT count(*) {PEOPLE} {where}", **params))


def query(engine: Engine, choice: Choice) -> tuple[str, dict[str, Param]]:
    """The SELECT of an export, oldest subscriber first: a column for each of HEADER, every cell a text."""
    where, params = choice.where(engine)
    cells = ", ".join(
        f"{_SHAPES[kind][engine].format(sql)} AS {name}" for name, (kind, sql) in _COLUMNS.items()
    )
    return f"SELECT {cells} {_FROM} {where} ORDER BY p.id", params
