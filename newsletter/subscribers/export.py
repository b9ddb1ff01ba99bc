"""Everything about the subscribers as CSV or NDJSON, streamed: a million rows take as little memory as ten.

The database shapes each cell (times, guards), so that Python only has to write lines.
"""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from newsletter.storage import Database, Param, Tx

BOM = "\ufeff"

_CELLS = {  # SQLite's and PostgreSQL's words for the same cell
    "time": {
        "sqlite": "coalesce(strftime('%Y-%m-%dT%H:%M:%S+00:00', {0} / 1000, 'unixepoch'), '')",
        "postgres": """coalesce(to_char(to_timestamp({0} / 1000) AT TIME ZONE 'UTC',
            'YYYY-MM-DD"T"HH24:MI:SS+00:00'), '')""",
    },
    "tags": {
        "sqlite": "(SELECT coalesce(group_concat(name, ' '), '') {0})",
        "postgres": "(SELECT coalesce(string_agg(name, ' '), '') {0})",
    },
}
_TAGS = """FROM (SELECT t.name FROM subscriber_tags s JOIN tags t ON t.id = s.tag_id
    WHERE s.subscriber_id = p.id ORDER BY t.name) AS own"""
_GUARDED = ("email", "name", "tags", "fields", "form")
_COLUMNS = {
    "email": ("text", "p.email"),
    "name": ("text", "p.name"),
    "status": ("text", "p.status"),
    "tags": ("tags", _TAGS),
    "form": ("text", "coalesce(f.slug, '')"),
    "signed_up": ("time", "p.created_at"),
    "confirmed": ("time", "p.confirmed_at"),
    "unsubscribed": ("time", "p.unsubscribed_at"),
    "fields": ("text", "p.fields"),
    "consent_at": ("time", "c.at"),
    "consent_requested": ("time", "c.requested_at"),
    "consent_wording": ("text", "coalesce(w.text, '')"),
    "consent_wording_version": ("text", "coalesce(w.number, 0)"),
    "consent_message_id": ("text", "coalesce(c.message_id, '')"),
}
HEADER = tuple(_COLUMNS)

# Tables of the slices above are joined for the words that their ids stand for; nothing else is asked of them.
_FROM = """FROM subscribers p
    LEFT JOIN forms f ON f.id = p.form_id
    LEFT JOIN consent_records c ON c.subscriber_id = p.id AND c.kind = 'confirmed'
        AND c.number = (SELECT max(number) FROM consent_records
                        WHERE subscriber_id = p.id AND kind = 'confirmed')
    LEFT JOIN wordings w ON w.id = c.wording_id"""

# What a spreadsheet takes for a formula, full-width forms included (OWASP ASVS 1.2.10).
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Choice(msgspec.Struct, frozen=True):
    """Which subscribers: all, or those of a status, a tag, a form, or who signed up since (epoch ms)."""

    status: str = ""
    tag: str = ""
    form: str = ""
    since: int | None = None

    def where(self) -> tuple[str, dict[str, Param]]:
        wanted: dict[str, tuple[str, Param]] = {
            "p.status = :status": ("status", self.status),
            """EXISTS (SELECT 1 FROM subscriber_tags s JOIN tags t ON t.id = s.tag_id
                WHERE s.subscriber_id = p.id AND t.name = :tag)""": ("tag", self.tag),
            "f.slug = :form": ("form", self.form),
            "p.created_at >= :since": ("since", self.since),
        }
        chosen = {sql: pair for sql, pair in wanted.items() if pair[1] not in ("", None)}
        return "WHERE " + " AND ".join(chosen or ["1 = 1"]), dict(chosen.values())


async def count(tx: Tx, choice: Choice) -> int:
    where, params = choice.where()
    return int(
        await tx.value(
            f"SELECT count(*) FROM subscribers p LEFT JOIN forms f ON f.id = p.form_id {where}", **params
        )
    )


def query(engine: str, choice: Choice, *, guarded: bool) -> tuple[str, dict[str, Param]]:
    """The SELECT of an export; with `guarded`, cells that a spreadsheet would run get a ``'`` in front."""
    where, params = choice.where()
    cells = ", ".join(f"{_cell(engine, name, guarded=guarded)} AS {name}" for name in _COLUMNS)
    return f"SELECT {cells} {_FROM} {where} ORDER BY p.id", params


def _cell(engine: str, name: str, *, guarded: bool) -> str:
    kind, sql = _COLUMNS[name]
    cell = sql if kind == "text" else _CELLS[kind][engine].format(sql)
    if not guarded or name not in _GUARDED:
        return cell
    first = ", ".join(f"'{char}'" for char in _DANGEROUS)
    return f"CASE WHEN substr({cell}, 1, 1) IN ({first}) THEN '''' || {cell} ELSE {cell} END"


async def export_csv(db: Database, choice: Choice, *, raw: bool = False) -> AsyncIterator[tuple[int, bytes]]:
    """Rows done so far, and the next bytes. For spreadsheets: BOM, CRLF, guarded cells; `raw` is to the letter."""
    sql, params = query(db.engine, choice, guarded=not raw)
    done = 0
    yield done, (_lines([HEADER]) if raw else BOM + _lines([HEADER])).encode()
    async for rows in db.stream(sql, **params):
        done += len(rows)
        yield done, _lines(rows).encode()


def _lines(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


async def export_ndjson(db: Database, choice: Choice) -> AsyncIterator[tuple[int, bytes]]:
    """Rows done so far, and the next lines: one JSON object a subscriber, tags as a list, fields as they are."""
    sql, params = query(db.engine, choice, guarded=False)
    done = 0
    async for rows in db.stream(sql, **params):
        done += len(rows)
        yield done, b"".join(msgspec.json.encode(_object(row)) + b"\n" for row in rows)


def _object(row: Sequence[Any]) -> dict[str, Any]:
    person = dict(zip(HEADER, row, strict=True))
    person["tags"] = person["tags"].split()
    person["fields"] = msgspec.Raw(person["fields"].encode())
    return person
