"""Workers are killed in the midst of broadcasts, again and again: nobody is lost, and who got it twice is on the list.

The oracle is what the server took, whole, against the rows: what goes in must come out (Jepsen's total-queue).
"""

import asyncio
import multiprocessing
import os
import random
import signal
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.context import ForkServerProcess

import msgspec
import pytest

from newsletter.mail import Mailings, journal
from newsletter.mail.life import held
from newsletter.settings import Settings
from newsletter.storage import Database, Tx, open_database
from tests.figures import Figure
from tests.mail.conftest import eventually, run
from tests.mail.mailing import content, people
from tests.mail.sink import Sink
from tests.proof import broken_worker
from tests.proof.conftest import SIZE

KILLS = 200 * SIZE
RESTARTS = 20 * SIZE
CONTROL_KILLS = 30
CONNECTIONS = 4
READERS = 2_000
WORKERS = {"sqlite": 1, "postgres": 3}
SILENCE = {"sqlite": 400, "postgres": 3_000}  # ms until a worker counts as dead
LONGEST = 0.25  # seconds between two kills, chosen anew each time
BETWEEN = 0.002  # seconds that the server takes for a message

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.proof.broken_worker"])


class _Row(msgspec.Struct):
    message_id: str
    state: str
    resends: int


class _Worker(msgspec.Struct):
    worker: int


class Scene:
    """A database, a server that remembers, workers that die."""

    def __init__(self, url: str, db: Database, sink: Sink) -> None:
        self.design = ""  # ours; or a broken one's name
        self.times = 1  # that rows are written
        self.db = db
        self.sink = sink
        self.mailings = Mailings(Settings(from_email="letters@example.com"))
        self.workers: list[ForkServerProcess] = []
        self._words = (url, str(sink.port), str(SILENCE[db.engine]), str(CONNECTIONS))
        self._sent: list[int] = []

    def start(self) -> None:
        while len(self.workers) < WORKERS[self.db.engine]:
            worker = _processes.Process(target=broken_worker.run, args=(self.design, *self._words))
            worker.start()
            self.workers.append(worker)

    async def end_one(self, how: signal.Signals) -> None:
        worker = self.workers.pop(random.randrange(len(self.workers)))
        assert worker.pid
        os.kill(worker.pid, how)
        await asyncio.to_thread(worker.join, 60)
        assert worker.exitcode == (-signal.SIGKILL if how is signal.SIGKILL else 0)

    async def busy(self) -> None:
        """There is something to send, and somebody sends it."""
        if not self._sent or (await self.db.read(self.mailings.tally, self._sent[-1])).left < READERS // 10:
            self._sent.append(await self.db.write(self.mailings.start, content()))
            for _ in range(self.times):
                await self.db.write(self.mailings.fill, self._sent[-1], self.readers)
        before = len(self.sink.dotted)

        async def sending() -> bool:
            return len(self.sink.dotted) > before

        await eventually(sending, 60)

    async def populate(self) -> None:
        self.readers = await people(self.db, READERS)

    async def held(self) -> int:
        """The most that may have left of one worker, and that nobody has answered for."""
        return await self.db.read(_held)

    async def listening(self) -> None:
        """Every worker has begun, and hears a signal."""

        async def begun() -> bool:
            return await self.db.read(_workers) == len(self.workers)

        await eventually(begun, 60)

    async def drained(self) -> None:
        async def done() -> bool:
            tallies = [await self.db.read(self.mailings.tally, mailing) for mailing in self._sent]
            return not any(tally.left for tally in tallies)

        await eventually(done, 180)

    async def close(self) -> None:
        if self.workers:
            await self.listening()
        while self.workers:
            await self.end_one(signal.SIGTERM)
        await self.sink.close()
        await self.db.close()


@asynccontextmanager
async def staged(database_url: str) -> AsyncIterator[Scene]:
    db, sink = await open_database(database_url), Sink()
    await sink.open()
    sink.delay = BETWEEN
    scene = Scene(database_url, db, sink)
    await scene.populate()
    try:
        yield scene
    finally:
        await scene.close()


@pytest.fixture
async def scene(database_url: str) -> AsyncIterator[Scene]:
    async with staged(database_url) as scene:
        yield scene


async def _held(tx: Tx) -> int:
    most = 0
    for one in await tx.all(_Worker, "SELECT DISTINCT worker FROM send_journal"):
        kept = await journal.read(tx, one.worker)
        sending = set(await held(tx, one.worker))
        most = max(most, len(sending & kept.begun) if kept else 0)
    return most


async def _workers(tx: Tx) -> int:
    return int(await tx.value("SELECT count(*) FROM workers"))


async def _rows(tx: Tx) -> list[_Row]:
    return await tx.all(_Row, "SELECT message_id, state, resends FROM outbox")


def _message_id(content: bytes) -> str:
    head = content.partition(b"\r\n\r\n")[0]
    (line,) = [line for line in head.split(b"\r\n") if line.startswith(b"Message-ID: ")]
    return line.removeprefix(b"Message-ID: ").decode()


async def judge(scene: Scene) -> tuple[dict[str, int], int]:
    """What went wrong, by the words of the checker; and how many were resent because they were in doubt."""
    taken: Counter[str] = Counter()
    forms: dict[str, set[int]] = defaultdict(set)
    for mail in scene.sink.dotted:
        message_id = _message_id(mail.content)
        taken[message_id] += 1
        forms[message_id].add(hash((mail.recipient, mail.content)))
    rows = {row.message_id: row for row in await scene.db.read(_rows)}
    twice = [message_id for message_id, count in taken.items() if count > 1]
    return {
        "lost": sum(
            row.state not in ("sent", "in_doubt") or (row.state == "sent" and id not in taken)
            for id, row in rows.items()
        ),
        "unexpected": len(taken.keys() - rows.keys()),
        "twice_outside_the_list": sum(taken[id] > 1 + rows[id].resends for id in twice if id in rows),
        "unequal": sum(len(forms[id]) > 1 for id in twice),
    }, sum(row.resends for row in rows.values())


async def test_killed_at_any_moment_nobody_is_lost(scene: Scene, figure: Figure) -> None:
    most = 0
    for _ in range(KILLS):
        scene.start()
        await scene.busy()
        await asyncio.sleep(random.uniform(0, LONGEST))
        await scene.end_one(signal.SIGKILL)
        most = max(most, await scene.held())
    scene.start()
    await scene.drained()
    wrong, doubted = await judge(scene)

    name = f"broadcast_killed_{scene.db.engine}"
    figure(f"{name}_kills", KILLS)
    figure(f"{name}_taken", len(scene.sink.dotted))
    figure(f"{name}_resent_in_doubt", doubted)
    figure(f"{name}_most_in_doubt_per_kill", most, f"<= {2 * CONNECTIONS}", most <= 2 * CONNECTIONS)
    for what, count in wrong.items():
        figure(f"{name}_{what}", count, "0", count == 0)
    assert not any(wrong.values()), wrong
    assert most <= 2 * CONNECTIONS
    assert doubted <= 2 * CONNECTIONS * KILLS
    assert doubted, "no kill ever struck in the midst of a message: it proves nothing"


@pytest.mark.parametrize("design", broken_worker.DESIGNS)
async def test_a_broken_design_is_found_out(sqlite_url: str, figure: Figure, design: str) -> None:
    async with staged(sqlite_url) as scene:
        scene.design = design
        for _ in range(CONTROL_KILLS):
            scene.start()
            await scene.busy()
            await asyncio.sleep(random.uniform(0, LONGEST))
            await scene.end_one(signal.SIGKILL)
        scene.start()
        await scene.drained()
        wrong, _ = await judge(scene)
    seen = broken_worker.DESIGNS[design][1]
    figure(
        f"broadcast_control_{design.lower().replace(' ', '_')}_{seen}", wrong[seen], "> 0", wrong[seen] > 0
    )
    assert wrong[seen]


@pytest.mark.parametrize("unique", [True, False])
async def test_rows_that_are_written_twice(sqlite_url: str, figure: Figure, unique: bool) -> None:
    """As when the answer to a press of "send" got lost, and somebody pressed again: only the index makes them one."""
    async with staged(sqlite_url) as scene:
        if not unique:
            await run(scene.db, "DROP INDEX outbox_mailing")
        scene.times = 2
        scene.start()
        await scene.busy()
        await scene.drained()
        wrong, _ = await judge(scene)
    twice = wrong["twice_outside_the_list"]
    if unique:
        figure("broadcast_written_twice_twice_outside_the_list", twice, "0", twice == 0)
        assert not any(wrong.values()), wrong
    else:
        figure("broadcast_control_no_unique_twice_outside_the_list", twice, "> 0", twice > 0)
        assert twice


async def test_restarted_by_a_signal_nobody_is_even_in_doubt(scene: Scene, figure: Figure) -> None:
    for _ in range(RESTARTS):
        scene.start()
        await scene.listening()
        await scene.busy()
        await asyncio.sleep(random.uniform(0, LONGEST))
        await scene.end_one(signal.SIGTERM)
        assert await scene.held() <= (WORKERS[scene.db.engine] - 1) * 2 * CONNECTIONS
    scene.start()
    await scene.listening()
    await scene.drained()
    wrong, doubted = await judge(scene)

    name = f"broadcast_restarted_{scene.db.engine}"
    figure(f"{name}_restarts", RESTARTS)
    for what, count in {**wrong, "in_doubt": doubted}.items():
        figure(f"{name}_{what}", count, "0", count == 0)
    assert len(scene.sink.dotted) == len(await scene.db.read(_rows))
    assert not any(wrong.values()), wrong
    assert not doubted
