"""The desk's file of everybody goes out as it is read: it takes no more memory among more people."""

import tracemalloc

import pytest

from newsletter.storage import Tx
from tests.conftest import ON_ONE
from tests.web.stage import Stage


async def crowd(tx: Tx, first: int, last: int) -> None:
    await tx.many(
        """INSERT INTO subscribers (id, email, email_key, status, name, created_at)
           VALUES (:id, :email, :email, 'active', 'Somebody', 1)""",
        [{"id": n, "email": f"reader{n}@example.org"} for n in range(first, last)],
    )


@ON_ONE
@pytest.mark.parametrize("kind", ["csv", "ndjson"])
async def test_memory_does_not_grow_with_the_subscribers(still: Stage, kind: str) -> None:
    web = await still.visitor()
    await still.signs_in(web)

    async def peak() -> tuple[int, int]:
        """Bytes allocated at most meanwhile, by the service and by who reads it, and what came."""
        size = 0
        tracemalloc.start()
        async with web.stream("GET", f"/admin/export?format={kind}") as answer:
            async for piece in answer.aiter_raw():
                size += len(piece)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used, size

    await still.site.db.write(crowd, 1, 4_001)
    await peak()  # what is made once
    few, small = await peak()
    await still.site.db.write(crowd, 4_001, 24_001)
    many, large = await peak()
    assert large > 5 * small
    assert many < 1.5 * few, (few, many)
