"""Segments and numbers of a broadcast with 200,000 people: what a person has is found by an index, never by a scan."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg
import msgspec
import pytest

from newsletter.mail import responses
from newsletter.storage import Engine, Tx, open_database, placeholders
from newsletter.subscribers import segments
from newsletter.subscribers.segments.store import compiled, page
from tests.conftest import NOON
from tests.figures import Figure

PEOPLE = 200_000
SMALL = 100  # rows: a table that is read whole by the way
TAG, FORM, MAGNET, MAILING = 5, 2, 3, 7
EACH = [
    "tag:few",
    "tag:half",
    "form:letters",
    "downloaded:map",
    "received:12",
    "status:active",
    "field:city = Porto",
    "joined > 2026-01-01",
]
ASKED = [
    "",
    *EACH,
    *(f"not {one}" for one in EACH),
    " or ".join(EACH),
    " and ".join(EACH),
    "tag:few and not (received:12 or downloaded:map)",
]
_SERIES = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :people)"
FILLED = [
    f"""{_SERIES} INSERT INTO subscribers (id, email, email_key, status, fields, created_at, confirmed_at)
        SELECT i, 'p' || i, 'p' || i, CASE WHEN i % 10 = 0 THEN 'pending' ELSE 'active' END,
          CASE WHEN i % 7 = 0 THEN '{{"city":"Porto"}}' ELSE '{{}}' END, i, i FROM n""",
    f"INSERT INTO tags (id, name, title) VALUES ({TAG}, 'half', 'half'), ({TAG + 1}, 'few', 'few')",
    f"{_SERIES} INSERT INTO subscriber_tags (subscriber_id, tag_id) SELECT i, {TAG} FROM n WHERE i % 2 = 0",
    f"{_SERIES} INSERT INTO subscriber_tags (subscriber_id, tag_id) SELECT i, {TAG + 1} FROM n WHERE i % 5000 = 0",
    f"""INSERT INTO forms (id, slug, title, button, wording_id, created_at)
        VALUES ({FORM}, 'letters', 'Letters', 'Join', 1, 0)""",
    f"""{_SERIES} INSERT INTO signups (id, subscriber_id, form_id, wording_id, at, confirmed_at)
        SELECT i, i, {FORM}, 1, i, CASE WHEN i % 3 = 0 THEN i END FROM n""",
    "INSERT INTO files (id, sha256, name, media_type, size) VALUES (1, '', 'a', 'b', 1)",
    f"INSERT INTO magnets (id, slug, title, created_at) VALUES ({MAGNET}, 'map', 'A map', 0)",
    f"""INSERT INTO magnet_versions (id, magnet_id, number, file_id, created_at)
        VALUES ({MAGNET}, {MAGNET}, 1, 1, 0)""",
    f"""{_SERIES} INSERT INTO downloads (subscriber_id, version_id, at, automatic)
        SELECT i, {MAGNET}, i, 0 FROM n WHERE i % 4 = 0""",
    f"INSERT INTO mailings (id, content, seed, created_at) VALUES ({MAILING}, '', 's', 0)",
    f"""INSERT INTO broadcasts (id, slug, mailing_id, created_at, updated_at)
        VALUES (12, 'letter', {MAILING}, 0, 0)""",
    f"""{_SERIES} INSERT INTO outbox (id, message, priority, subscriber_id, recipient, context, message_id, state,
          not_before, created_at, mailing_id)
        SELECT i, '', 10, i, '', '', '', CASE WHEN i % 20 = 0 THEN 'skipped' ELSE 'sent' END, 0, 0, {MAILING} FROM n""",
]


def asked(engine: Engine) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What it is, the statement, and its values."""
    for text in ASKED:
        segment = segments.parse(text)
        sql, params = page(segment, engine, mailable=True)
        yield f"a chunk of {text}", sql, {**params, "after": PEOPLE // 2, "limit": 200, "now": NOON}
        where, params = compiled(segment, engine)
        yield f"how many in {text}", f"SELECT count(*) FROM subscribers s WHERE {where}", dict(params)
    yield "the last that they got", responses._LAST, {"person": PEOPLE // 2}
    yield "what came back", responses._RESPONSES, {"mailing": MAILING}
    yield "why they were skipped", responses._SKIPS, {"mailing": MAILING, "limit": 20}


async def fill(tx: Tx) -> None:
    for sql in FILLED:
        await tx.run(sql, **({"people": PEOPLE} if ":people" in sql else {}))


class _Step(msgspec.Struct):
    id: int
    parent: int
    notused: int
    detail: str


async def test_sqlite_scans_nothing_for_each_person(sqlite_url: str, figure: Figure) -> None:
    await asks(sqlite_url, fill)
    wrong = await asks(sqlite_url, scanned)
    await asks(sqlite_url, drop)
    without = await asks(sqlite_url, scanned)
    figure("segment_plans_sqlite_asked", len([*asked("sqlite")]))
    figure("segment_plans_sqlite_scans", len(wrong), "0", not wrong)
    figure("segment_plans_control_without_an_index_scans", len(without), "> 0", bool(without))
    assert not wrong, "\n".join(wrong)
    assert without


async def asks(url: str, act: Any) -> Any:
    """With connections of its own: one that was open before an index went would still plan with it."""
    db = await open_database(url)
    try:
        return await db.write(act)
    finally:
        await db.close()


async def drop(tx: Tx) -> None:
    await tx.run("DROP INDEX signups_subscriber")


async def scanned(tx: Tx) -> list[str]:
    """Where a table is read whole for each person, or for a chunk at all."""
    wrong: list[str] = []
    for what, sql, values in asked("sqlite"):
        steps = [row.detail for row in await tx.all(_Step, f"EXPLAIN QUERY PLAN {sql}", **values)]
        scans = [step for step in steps if step.startswith("SCAN") or "AUTOMATIC" in step]
        # What a person's own fields hold; and all people once, to count them.
        fine = ("SCAN j VIRTUAL TABLE",) if what.startswith("a chunk") else ("SCAN j VIRTUAL TABLE", "SCAN s")
        wrong += [f"{what}: {step}" for step in scans if not step.startswith(fine)]
    return wrong


@pytest.mark.postgres
async def test_postgresql_scans_nothing_for_each_person(postgres_url: str, figure: Figure) -> None:
    """Each statement is run: a table may be read whole once, not again and again."""
    await asks(postgres_url, fill)
    wrong: list[str] = []
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute("ANALYZE")
        await connection.execute("SET max_parallel_workers_per_gather = 0")
        for what, sql, values in asked("postgres"):
            numbered, names = placeholders.compiled(sql)
            explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {numbered}"
            plan = json.loads(await connection.fetchval(explained, *placeholders.bound(names, values)))
            wrong += [f"{what}: {scan}" for scan in scans(plan[0]["Plan"], chunk=what.startswith("a chunk"))]
    finally:
        await connection.close()
    figure("segment_plans_postgres_asked", len([*asked("postgres")]))
    figure("segment_plans_postgres_scans", len(wrong), "0", not wrong)
    assert not wrong, "\n".join(wrong)


def scans(node: Mapping[str, Any], *, chunk: bool) -> Iterator[str]:
    """What of this plan reads more than it has to: a large table again and again, or for a chunk at all."""
    if node["Node Type"] == "Seq Scan":
        read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        if read > SMALL and (chunk or node["Actual Loops"] > 1):
            yield f"{node['Relation Name']}, {read} rows, {node['Actual Loops']} times"
    for inner in node.get("Plans", ()):
        yield from scans(inner, chunk=chunk)
