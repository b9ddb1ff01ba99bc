"""Killed, cut off or stopped in the middle: nothing is lost, and what may be doubled is sent at most once more."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from newsletter.clock import HOUR, MINUTE, SECOND
from newsletter.mail import Post, waiting, workers
from newsletter.mail.ledger import settlement, turn
from newsletter.mail.life import beat
from newsletter.storage import Database, open_database
from newsletter.tokens import Tokens
from tests.conftest import NOON, Clock
from tests.mail.conftest import ADA, BEN, CLEO, CONTEXTS, AtWork, eventually, row, rows, settled
from tests.mail.sink import CLOSE, GARBAGE, HALF, HANG, RESET, Sink

CONFIRM = CONTEXTS["confirmation"]
PROCESS = Path(__file__).parent / "worker_process.py"
Start = Callable[[], Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def real(database_url: str) -> AsyncIterator[Database]:
    """On the same clock as another process."""
    database = await open_database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def start(database_url: str, sink: Sink) -> AsyncIterator[Start]:
    started: list[asyncio.subprocess.Process] = []

    async def process() -> asyncio.subprocess.Process:
        command = (sys.executable, str(PROCESS), database_url, str(sink.port))
        started.append(await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE))
        return started[-1]

    yield process
    for one in started:
        if one.returncode is None:
            one.kill()
        await one.communicate()


async def dotted(sink: Sink, count: int = 1) -> None:
    async def check() -> bool:
        return len(sink.dotted) >= count

    await eventually(check, seconds=30)


@pytest.mark.parametrize("act", [RESET, CLOSE, GARBAGE, HALF])
async def test_no_answer_to_the_dot_is_tried_once_more_and_then_listed(
    db: Database, post: Post, at_work: AtWork, sink: Sink, clock: Clock, act: str
) -> None:
    sink.plays({"dot": [act, act]})
    async with at_work():
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
        await dotted(sink)
        await settled(db, "queued")
        doubted = await row(db)
        assert (doubted.resends, doubted.attempts, doubted.not_before) == (1, 1, NOON + MINUTE)
        assert (await db.read(waiting))["in_doubt"] == 0
        clock.forward(MINUTE)
        await settled(db, "in_doubt")
        clock.forward(HOUR)
    first, second = sink.dotted
    assert first.content == second.content, "so that a server that knows the Message-ID drops it"
    assert (await db.read(waiting))["in_doubt"] == 1
    assert (await row(db)).message_id == doubted.message_id
    assert sink.mails == []


async def test_what_a_dead_worker_held_is_sent_once_more(
    db: Database, post: Post, tokens: Tokens, clock: Clock
) -> None:
    await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
    await db.write(beat, 1)
    (held,) = await db.write(turn, tokens, 1, None, 1)
    clock.forward(30 * SECOND)
    assert await db.write(beat, 2) == 0
    clock.forward(1)
    assert await db.write(beat, 2) == 1
    found = await row(db)
    assert (found.state, found.resends, found.attempts, found.worker) == ("queued", 1, 1, None)
    assert await db.read(workers) == 1

    (again,) = await db.write(turn, tokens, 2, None, 1)
    assert again.message_id == held.message_id
    await db.write(turn, tokens, 1, settlement(held, "failed", "550 too late to say"), 0)
    assert (await row(db)).state == "sending"
    clock.forward(31 * SECOND)
    assert await db.write(beat, 3) == 1
    left = await row(db)
    assert (left.id, left.state, left.settled_at) == (held.id, "in_doubt", clock.now())


async def test_a_slow_worker_that_lives_keeps_what_it_has(
    db: Database, post: Post, tokens: Tokens, clock: Clock
) -> None:
    """A server may take ten minutes to answer the dot."""
    await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
    await db.write(beat, 1)
    await db.write(turn, tokens, 1, None, 1)
    for _ in range(120):
        clock.forward(5 * SECOND)
        await db.write(beat, 1)
        await db.write(beat, 2)
    assert (await row(db)).state == "sending"


async def test_kill_9_between_the_dot_and_the_answer(
    real: Database, post: Post, sink: Sink, start: Start, at_work: AtWork
) -> None:
    sink.plays({"dot": HANG})
    process = await start()
    await real.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
    await dotted(sink)
    process.kill()
    await process.wait()
    assert (await row(real)).state == "sending"
    async with at_work(on=real, silence=200, beat=0.05):
        await settled(real, "sent")
    first, second = sink.dotted
    assert first.content == second.content
    done = await row(real)
    assert (done.resends, done.attempts) == (1, 2)
    assert await real.read(workers) == 0


async def test_kill_9_before_the_dot(
    real: Database, post: Post, sink: Sink, start: Start, at_work: AtWork
) -> None:
    """It can't be told from the other, so it counts as the one more time."""
    sink.plays({"DATA": HANG})
    process = await start()
    await real.write(post.enqueue, "confirmation", ADA, context=CONFIRM)

    async def at_data() -> bool:
        return b"DATA\r\n" in sink.commands

    await eventually(at_data, seconds=30)
    process.kill()
    await process.wait()
    async with at_work(on=real, silence=200, beat=0.05):
        await settled(real, "sent")
    assert len(sink.dotted) == 1


async def test_sigterm_lets_what_is_on_the_wire_finish(
    real: Database, post: Post, sink: Sink, start: Start
) -> None:
    sink.delay = 0.5
    process = await start()
    for to in (ADA, BEN, CLEO):
        await real.write(post.enqueue, "confirmation", to, context=CONFIRM)
    await dotted(sink)
    process.send_signal(signal.SIGTERM)
    _, told = await process.communicate()
    assert process.returncode == 0, told
    left = await rows(real)
    assert {one.state for one in left} <= {"sent", "queued"}
    assert sum(one.state == "sent" for one in left) == len(sink.mails) == len(sink.dotted) >= 1
    assert all(one.resends == 0 for one in left)
    assert await real.read(workers) == 0


@pytest.mark.parametrize(("phase", "resends", "attempts"), [("DATA", 0, 0), ("dot", 1, 1)])
async def test_a_relay_that_hangs_does_not_hold_up_the_stop(
    db: Database, post: Post, at_work: AtWork, sink: Sink, phase: str, resends: int, attempts: int
) -> None:
    """Before the dot it is certain that nothing was delivered; after it, nothing is."""
    sink.plays({phase: HANG})
    async with at_work(timeouts=None) as worker:
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)

        async def there() -> bool:
            return bool(sink.dotted) if phase == "dot" else b"DATA\r\n" in sink.commands

        await eventually(there)
        async with asyncio.timeout(4):
            await worker.stop(timeout=0.1)
    found = await row(db)
    assert (found.state, found.resends, found.attempts, found.worker) == ("queued", resends, attempts, None)
    assert await db.read(workers) == 0


@pytest.mark.parametrize("turns", range(6))
async def test_a_relay_that_does_not_greet_does_not_hold_up_the_stop(
    db: Database, post: Post, at_work: AtWork, sink: Sink, turns: int
) -> None:
    """Whichever of the loop's turns the stop comes in, that of the connection being made among them."""
    sink.plays({"greeting": [HANG] * 9})
    async with at_work(timeouts=None) as worker:
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
        async with asyncio.timeout(10):
            while not sink.connections:
                await asyncio.sleep(0)
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(15):  # half of what a greeting is waited for
            await worker.stop()
    assert (await row(db)).state == "queued"
