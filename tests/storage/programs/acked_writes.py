"""Writes from many tasks for as long as it lives, and says each id once it is told that it is stored."""

import asyncio
import itertools
import sys

from newsletter.storage import Tx, open_database


async def add(tx: Tx, n: int) -> int:
    await tx.run("INSERT INTO notes (id, address) VALUES (:id, :address)", id=n, address=f"{n}@example.org")
    return n


async def main(url: str, first: int) -> None:
    db = await open_database(url)
    numbers = itertools.count(first)

    async def writer() -> None:
        while True:
            sys.stdout.write(f"{await db.write(add, next(numbers))}\n")
            sys.stdout.flush()

    await asyncio.gather(*(writer() for _ in range(32)))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
