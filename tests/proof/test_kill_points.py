"""A worker dies at each step of a broadcast: the rows stand as they must, and the next worker makes it good."""

import asyncio
import multiprocessing
import signal
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from newsletter.mail import Mailings, journal
from newsletter.settings import Settings
from newsletter.storage import Database, open_database
from tests.mail.conftest import Row, eventually, rows
from tests.mail.mailing import sent_off
from tests.mail.sink import Sink
from tests.proof import kill_points

READERS = 3
SILENCE = "200"  # ms until a worker counts as dead

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.proof.kill_points"])

# What the ledger holds then, and how many messages the server has whole.
STANDS: dict[str, tuple[dict[str, int], int]] = {
    "nothing is reserved": ({"queued": 3}, 0),
    "rows are reserved": ({"reserved": 3}, 0),
    "the first two are about to be begun": ({"reserved": 3}, 0),
    "the first two are begun": ({"sending": 2, "reserved": 1}, 0),
    "the first one's envelope is out": ({"sending": 2, "reserved": 1}, 0),
    "it is accepted": ({"sending": 2, "reserved": 1}, 0),
    "the first is out with its dot": ({"sending": 2, "reserved": 1}, 1),
    "the first is answered": ({"sending": 2, "reserved": 1}, 1),
    "the second one's envelope is accepted": ({"sending": 2, "reserved": 1}, 1),
    "the second is out with its dot": ({"sending": 2, "reserved": 1}, 2),
    "the second is answered": ({"sending": 2, "reserved": 1}, 2),
    "both are noted, the third is begun": ({"accepted": 2, "sending": 1}, 2),
    "the last is out with its dot": ({"accepted": 2, "sending": 1}, 3),
    "the last is answered": ({"accepted": 2, "sending": 1}, 3),
    "the last is settled": ({"sent": 3}, 3),
}


class Scene:
    def __init__(self, url: str, db: Database, sink: Sink) -> None:
        self.db = db
        self.sink = sink
        self._words = (url, str(sink.port), SILENCE, "1")

    async def dies(self, point: str) -> None:
        worker = _processes.Process(target=kill_points.run, args=(point, *self._words))
        worker.start()
        await asyncio.to_thread(worker.join, 30)
        assert worker.exitcode == kill_points.DEAD

    async def stands(self) -> dict[str, int]:
        found = await rows(self.db)
        begun, accepted = set[int](), set[int]()
        for worker in {row.worker for row in found if row.worker}:
            if kept := await self.db.read(journal.read, worker):
                begun |= kept.begun
                accepted |= kept.accepted.keys()

        def stand(row: Row) -> str:
            if row.state != "sending":
                return row.state
            return "sending" if row.id in begun else "accepted" if row.id in accepted else "reserved"

        return dict(Counter(map(stand, found)))

    async def whole(self, count: int) -> None:
        """What was on the wire has arrived, and nothing more."""

        async def arrived() -> bool:
            return len(self.sink.dotted) >= count

        await eventually(arrived)
        assert len(self.sink.dotted) == count

    async def made_good(self) -> None:
        worker = _processes.Process(target=kill_points.run, args=("", *self._words))
        worker.start()

        async def all_sent() -> bool:
            return await self.stands() == {"sent": READERS}

        await eventually(all_sent, 30)
        assert worker.pid
        worker.terminate()
        await asyncio.to_thread(worker.join, 30)
        assert worker.exitcode in (0, -signal.SIGTERM)


@pytest.fixture
async def scene(database_url: str) -> AsyncIterator[Scene]:
    db, sink = await open_database(database_url), Sink()
    await sink.open()
    await sent_off(db, Mailings(Settings(from_email="letters@example.com")), READERS)
    yield Scene(database_url, db, sink)
    await sink.close()
    await db.close()


def test_every_point_is_told() -> None:
    assert list(STANDS) == list(kill_points.POINTS)


@pytest.mark.parametrize("point", STANDS)
async def test_dead_at_this_step(scene: Scene, point: str) -> None:
    """Who was `sending` is sent once more, and nobody else; each gets the same bytes."""
    await scene.dies(point)
    stands, whole = STANDS[point]
    assert await scene.stands() == stands
    await scene.whole(whole)
    await scene.made_good()
    found = await rows(scene.db)
    assert sum(row.resends for row in found) == stands.get("sending", 0)
    taken = Counter(mail.content for mail in scene.sink.dotted)
    assert len(taken) == READERS
    resent = {row.recipient.encode() for row in found if row.resends}
    assert {mail.recipient for mail in scene.sink.dotted if taken[mail.content] > 1} <= resent


@pytest.mark.parametrize("point", kill_points.IN_RECOVERY)
async def test_dead_five_times_in_recovery(scene: Scene, point: str) -> None:
    """It takes no tries beyond the one that was in doubt."""
    await scene.dies("the first two are begun")
    for _ in range(5):
        await asyncio.sleep(int(SILENCE) / 1000)
        await scene.dies(point)
    await scene.made_good()
    assert sorted(row.resends for row in await rows(scene.db)) == [0, 1, 1]
    assert sorted(row.attempts for row in await rows(scene.db)) == [1, 2, 2]
