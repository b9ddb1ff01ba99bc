"""Two databases on one file in one process, and other processes beside them: nobody loses what was answered."""

import asyncio
import subprocess
import sys

from newsletter.ids import new_id
from newsletter.storage import Tx, open_database

ELSEWHERE = """
import asyncio, sys
from newsletter.storage import open_database
async def main():
    db = await open_database(sys.argv[1])
    print(await db.read(count))
    await db.close()
async def count(tx):
    return await tx.value("SELECT count(*) FROM tags")
asyncio.run(main())
"""


async def add(tx: Tx) -> None:
    id = new_id()
    await tx.run("INSERT INTO tags (id, name, title) VALUES (:id, :name, '')", id=id, name=str(id))


async def seen_elsewhere(url: str) -> int:
    command = [sys.executable, "-c", ELSEWHERE, url]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    return int(done.stdout)


async def test_closing_one_leaves_the_locks_of_the_other(sqlite_url: str) -> None:
    """POSIX: whoever closes any descriptor of a file loses all its process's locks on it. Another process would
    then take itself for the last, remove the write-ahead log, and with it what is written there from now on."""
    db = await open_database(sqlite_url)
    await db.write(add)
    second = await open_database(sqlite_url)
    await second.write(add)
    await second.close()

    assert await seen_elsewhere(sqlite_url) == 2
    await db.write(add)
    assert await seen_elsewhere(sqlite_url) == 3
    await db.close()
    assert await seen_elsewhere(sqlite_url) == 3
