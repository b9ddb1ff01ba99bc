"""The desk's lists with 200,000 people on PostgreSQL: a page reads as many rows as it looks at, and no table whole."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg
import msgspec
import pytest

from newsletter.storage import Param, Tx, placeholders
from newsletter.subscribers import listing, segments
from tests.figures import Figure
from tests.proof.test_segment_plans import PEOPLE, asks, fill

PAGE = 50
TEXTS = [
    "",
    "status:active",
    "status:pending",
    "tag:half",
    "tag:few",
    "tag:half and status:pending",
    "not tag:half",
    "tag:few or status:pending",
    "form:letters and downloaded:map",
    "received:12 and not field:city = Porto",
    "joined > 2026-01-01",
]
SEARCHES = ["p1234", "P", "reader 12", "nobody"]
MOST_READ = 2 * listing.LOOK + PAGE
"""Rows of one step: a condition may read two of its own for each person looked at. There are ten times as many."""

pytestmark = pytest.mark.postgres


class Written:
    """A transaction that keeps what is asked of it."""

    def __init__(self, tx: Tx) -> None:
        self.engine, self.now, self._tx = tx.engine, tx.now, tx
        self.statements: list[tuple[str, dict[str, Param]]] = []

    async def all(self, type: type[msgspec.Struct], sql: str, /, **params: Param) -> list[msgspec.Struct]:
        self.statements.append((sql, params))
        return await self._tx.all(type, sql, **params)

    async def value(self, sql: str, /, **params: Param) -> object:
        self.statements.append((sql, params))
        return await self._tx.value(sql, **params)


async def asked(tx: Tx) -> list[tuple[str, str, dict[str, Param]]]:
    """What it is, each statement, and its values: the first page, one from the middle, how many, and who is found."""
    statements: list[tuple[str, str, dict[str, Param]]] = []
    written = Written(tx)
    watched: Tx = written  # type: ignore[assignment]  # as much of it as is used
    for text in TEXTS:
        segment = segments.parse(text)
        first = await listing.page(watched, segment, listing.NEWEST, PAGE)
        await listing.page(watched, segment, PEOPLE // 2, PAGE)
        await listing.counted(watched, segment)
        await listing.tags_of(watched, [one.id for one in first.people])
        statements += [(text or "everybody", *one) for one in written.statements]
        written.statements.clear()
    for text in SEARCHES:
        await listing.found(watched, text, PAGE)
        statements += [(f"who begins with {text}", *one) for one in written.statements]
        written.statements.clear()
    return statements


async def named(tx: Tx) -> None:
    await fill(tx)
    await tx.run("UPDATE subscribers SET name = 'Reader ' || email WHERE id % 2 = 0")
    await tx.run("UPDATE subscribers SET name = 'Reader ' || id WHERE id % 2 = 1")


async def without(tx: Tx) -> None:
    await tx.run("DROP INDEX subscribers_name")


async def test_a_page_reads_no_more_than_it_looks_at(postgres_url: str, figure: Figure) -> None:
    await asks(postgres_url, named)
    statements = await explained(postgres_url)
    wrong = await explained_wrong(postgres_url, statements)
    await asks(postgres_url, without)
    control = await explained_wrong(postgres_url, statements)
    figure("subscriber_lists_postgres_asked", len(statements))
    figure("subscriber_lists_postgres_read_too_much", len(wrong), "0", not wrong)
    figure("subscriber_lists_control_without_an_index", len(control), "> 0", bool(control))
    assert not wrong, "\n".join(wrong)
    assert control


async def explained(url: str) -> list[tuple[str, str, dict[str, Param]]]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    found: list[tuple[str, str, dict[str, Param]]] = await asks(url, asked)
    return found


async def explained_wrong(url: str, statements: list[tuple[str, str, dict[str, Param]]]) -> list[str]:
    """Each statement is run, and every step of it counted."""
    wrong: list[str] = []
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET max_parallel_workers_per_gather = 0")
        for what, sql, values in statements:
            numbered, names = placeholders.compiled(sql)
            plan = json.loads(
                await connection.fetchval(
                    f"EXPLAIN (ANALYZE, FORMAT JSON) {numbered}", *placeholders.bound(names, values)
                )
            )
            wrong += [f"{what}: {step}" for step in too_much(plan[0]["Plan"])]
    finally:
        await connection.close()
    return wrong


def too_much(node: Mapping[str, Any]) -> Iterator[str]:
    """The steps of a plan that read more rows than a page looks at."""
    read = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    if read > MOST_READ:
        yield f"{node['Node Type']} of {node.get('Relation Name', '')}, {read} rows"
    for inner in node.get("Plans", ()):
        yield from too_much(inner)
