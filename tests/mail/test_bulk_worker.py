"""A worker of what goes to many, by itself: what it gives back is not its own any more."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from newsletter.mail import Mailings
from newsletter.mail.bulk_worker import BulkWorker
from newsletter.mail.hand import Hand
from newsletter.mail.life import beat
from newsletter.mail.relay import Relay
from newsletter.mail.smtp import RelayTrouble
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.conftest import ON_ONE
from tests.mail.conftest import QUICK, eventually, rows
from tests.mail.mailing import sent_off
from tests.mail.sink import HANG, Sink


@pytest.fixture
async def relay(settings: Settings, sink: Sink) -> AsyncIterator[Relay]:
    here = msgspec.structs.replace(settings, smtp_url=f"smtp://127.0.0.1:{sink.port}?tls=off")
    relay = Relay(here, QUICK)
    yield relay
    await relay.close()


@pytest.fixture
async def worker(
    db: Database, mailings: Mailings, settings: Settings, tokens: Tokens, relay: Relay
) -> BulkWorker:
    """There are five messages for it."""
    await sent_off(db, mailings, 5)
    await db.write(beat, 1)
    return BulkWorker(db, settings, tokens, relay, 1, Hand())


async def states(db: Database) -> set[str]:
    return {row.state for row in await rows(db)}


@ON_ONE
async def test_what_is_given_back_is_sent_by_nobody_here(
    db: Database, worker: BulkWorker, relay: Relay
) -> None:
    worker.broke()  # so no lane is opened
    await worker.round(0.01)
    assert await states(db) == {"sending"}
    relay.had_trouble(RelayTrouble("It was away."))
    await worker.round(0.01)
    assert await states(db) == {"queued"}
    assert worker.take() is None
    await worker.close()


@ON_ONE
async def test_once_it_is_closed_nothing_of_it_runs(worker: BulkWorker, sink: Sink) -> None:
    sink.script["MAIL"] = [HANG] * 5

    async def hangs() -> bool:
        return any(command.startswith(b"MAIL") for command in sink.commands)

    await worker.round(0.01)
    await eventually(hangs)
    assert _of_its_own()
    await worker.close()
    assert not _of_its_own()


def _of_its_own() -> list[str]:
    """What runs now, but for the server's conversations."""
    names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    return [name for name in names if name.startswith(BulkWorker.__name__)]
