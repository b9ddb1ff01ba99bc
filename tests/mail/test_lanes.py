"""Connections for what goes to one person: as many as there is work for, up to what a worker may have open."""

import pytest
from msgspec import structs

from newsletter.mail import Post, worker
from newsletter.mail.worker import CONNECTIONS
from newsletter.storage import Database, Tx
from tests.mail.conftest import CONTEXTS, QUICK, AtWork, eventually
from tests.mail.sink import HANG, Sink

PATIENT = structs.replace(QUICK, connect=60, command=60, body=60, dot=60)


async def test_no_more_are_open_than_there_may_be_and_no_fewer(
    db: Database, post: Post, at_work: AtWork, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink.plays({"dot": [HANG] * 10})
    rounds = 0
    whole = worker.Worker._round

    async def counted(self: worker.Worker) -> None:
        nonlocal rounds
        await whole(self)
        rounds += 1

    async def written(tx: Tx, count: int) -> None:
        for n in range(count):
            to = f"reader{n}@example.org"
            await post.enqueue(tx, "confirmation", to, context=CONTEXTS["confirmation"])

    async def under_way(count: int) -> bool:
        return len(sink.dotted) >= count

    async def looked_again() -> bool:
        return rounds >= before + 5

    monkeypatch.setattr(worker.Worker, "_round", counted)
    async with at_work(timeouts=PATIENT):
        await db.write(written, 2)
        await eventually(lambda: under_way(2))
        await db.write(written, CONNECTIONS + 2)
        await eventually(lambda: under_way(CONNECTIONS))
        before = rounds
        await eventually(looked_again)
        assert len(sink.dotted) == CONNECTIONS
        await sink.close()
