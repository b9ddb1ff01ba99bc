"""Writes until a file size limit makes the disk fail, then lifts it: prints stored, refused, after, kept."""

import asyncio
import resource
import sys
from pathlib import Path

from newsletter.errors import Unavailable
from newsletter.storage import Tx, open_database


async def add(tx: Tx, n: int) -> int:
    return await tx.run("INSERT INTO notes (id, text) VALUES (:id, :text)", id=n, text="x" * 20_000)


async def make_table(tx: Tx) -> None:
    await tx.run("CREATE TABLE notes (id BIGINT PRIMARY KEY, text TEXT)")


async def count(tx: Tx) -> int:
    found: int = await tx.value("SELECT count(*) FROM notes")
    return found


async def main(url: str) -> None:
    db = await open_database(url)
    await db.write(make_table)
    path = Path(url.removeprefix("sqlite:///"))
    limit = path.stat().st_size + 1_000_000
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    stored = refused = 0
    for n in range(200):
        try:
            stored += await db.write(add, n)
        except Unavailable:
            refused += 1
    assert await db.read(count) == stored
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    after = sum([await db.write(add, n) for n in range(1_000, 1_010)])
    await db.close()
    db = await open_database(url)
    print(stored, refused, after, await db.read(count))
    await db.close()


asyncio.run(main(sys.argv[1]))
