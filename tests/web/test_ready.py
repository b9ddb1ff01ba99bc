"""`/ready`: the database answers, it is at this code's version, and somebody sends; else a 503 that says what not."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import asyncpg

from newsletter.clock import MINUTE
from newsletter.storage import Tx
from tests.conftest import ON_ONE
from tests.mail.conftest import eventually
from tests.web.stage import PROGRAM, Stage


async def a_worker(tx: Tx) -> None:
    await tx.run("INSERT INTO workers (id, seen_at) VALUES (1, :now)", now=tx.now)


async def why_not(still: Stage) -> str:
    web = await still.visitor(PROGRAM)
    answer = await web.get("/ready")
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    sentence: str = answer.json()["detail"]
    return sentence


async def test_with_its_own_worker(service: Stage) -> None:
    web = await service.visitor(PROGRAM)

    async def ready() -> bool:
        answer = await web.get("/ready")
        return (answer.status_code, answer.text) == (200, '{"ready":true,"workers":1}')

    await eventually(ready)


async def test_without_a_worker_of_its_own_it_needs_one_elsewhere(still: Stage) -> None:
    web = await still.visitor(PROGRAM)
    assert "No worker is running" in await why_not(still)
    await still.site.db.write(a_worker)
    assert (await web.get("/ready")).status_code == 200
    still.clock.forward(MINUTE)  # and then it died
    assert "No worker is running" in await why_not(still)
    assert (await web.get("/health")).status_code == 200


async def test_an_older_schema(still: Stage) -> None:
    await still.site.db.write(a_worker)

    async def not_yet(tx: Tx) -> None:
        await tx.run("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)")

    await still.site.db.write(not_yet)
    assert "Run: newsletter migrate" in await why_not(still)


async def test_a_newer_schema(still: Stage) -> None:
    await still.site.db.write(a_worker)

    async def another_version(tx: Tx) -> None:
        await tx.run(
            "INSERT INTO migrations (number, name, sha256, applied_at) VALUES (999, '0999_new.sql', '', 0)"
        )

    await still.site.db.write(another_version)
    assert "newer than this program: it has 0999_new.sql" in await why_not(still)


@ON_ONE
async def test_nothing_can_be_stored(still: Stage, database_url: str) -> None:
    """Reading goes on: only a write shows it, or a look at why no worker shows that it lives."""
    web = await still.visitor(PROGRAM)
    await still.site.db.write(impatient)
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "stored right now: another program holds the database" in await why_not(still)
    assert "No worker is running" in await why_not(still)
    await still.site.db.write(a_worker)
    assert (await web.get("/ready")).status_code == 200


async def impatient(tx: Tx) -> None:
    await tx.value("PRAGMA busy_timeout = 50")


async def test_the_database_is_away(still: Stage, database_url: str) -> None:
    await still.site.db.write(a_worker)
    async with (broken if still.site.db.engine == "sqlite" else locked)(database_url):
        assert "Nothing can be stored right now" in await why_not(still)
        web = await still.visitor()
        assert (await web.get("/health")).status_code == 200


@asynccontextmanager
async def broken(url: str) -> AsyncIterator[None]:
    path = Path(url.removeprefix("sqlite:///"))
    for each in (path, path.with_name(f"{path.name}-wal")):
        content = await asyncio.to_thread(each.read_bytes)
        await asyncio.to_thread(each.write_bytes, b"\xff" * len(content))
    yield


@asynccontextmanager
async def locked(url: str) -> AsyncIterator[None]:
    """It is there, and does not answer within the service's patience."""
    other = await asyncpg.connect(url)
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE migrations")
            yield
    finally:
        await other.close()
