"""Servers that do anything at any time: the ledger says of everybody what a client can know, and nobody is lost.

Each sequence is a broadcast to a handful of people over connections each of which has its own faults in each phase,
drawn by a seed. A model (tests/proof/moody.py) reads what the server has said, and says how each row may stand.
"""

import asyncio
import logging
import multiprocessing
import random
import shutil
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from newsletter.clock import MINUTE
from newsletter.mail import Mailings, Recipient, Worker
from newsletter.mail.smtp import Timeouts
from newsletter.settings import Settings
from newsletter.storage import Database, Tx, open_database
from newsletter.tokens import Tokens
from tests.conftest import Clock
from tests.figures import Figure
from tests.mail.conftest import Row, rows
from tests.mail.mailing import content, people
from tests.postgres import Databases
from tests.proof import broken_verdicts
from tests.proof.conftest import SIZE
from tests.proof.moody import MoodySink, Standing, may_be

SEQUENCES = {"sqlite": 950 * SIZE, "postgres": 50 * SIZE}
AT_ONCE = {"sqlite": 24, "postgres": 6}  # databases, each with its server and its workers
CONTROLS = range(0, 300, 12)  # a broken worker gets so many sequences, unless it was found out before
MOST = 6  # people
PATIENCE = 1.5  # seconds that the worker waits for an answer
STUCK = 60.0  # seconds
SEED = "a hundred servers"
IMPATIENT = Timeouts(
    connect=PATIENCE, command=PATIENCE, body=PATIENCE, dot=PATIENCE, idle=15, pause=0.005, longest_pause=0.02
)
BETWEEN = 0.12  # seconds from one look to the next
NEVER_DEAD = 10**12
SETTINGS = Settings(
    public_url="https://news.example.com",
    from_email="letters@example.com",
    secret_keys=("test-key-" + "k" * 32,),
    postal_address="Olga, 1 Quay\nPorto",
)


class Stage:
    """A database and a server; one sequence after the other."""

    def __init__(self, db: Database, clock: Clock, sink: MoodySink, readers: list[Recipient]) -> None:
        self.db, self.clock, self.sink, self.readers = db, clock, sink, readers
        self.mailings = Mailings(SETTINGS)
        self.played = Counter[str]()
        self.wrong: list[str] = []

    async def plays(self, number: int) -> None:
        rng = random.Random(f"{SEED}/{number}")
        self.sink.begins(f"{SEED}/{number}")
        self.sink.extensions = rng.choice((("PIPELINING", "SIZE 20000000"), ()))
        ask = rng.random() < 0.3
        readers = rng.sample(self.readers, rng.randint(2, MOST))
        await self.db.write(_cleared)
        mailing_id = await self.db.write(self.mailings.start, content())
        await self.db.write(self.mailings.fill, mailing_id, readers)
        settings = msgspec.structs.replace(
            SETTINGS,
            smtp_url=f"smtp://127.0.0.1:{self.sink.port}?tls=off",
            in_doubt="ask" if ask else "resend",
            mail_connections=rng.randint(1, 3),
        )
        async with self.at_work(settings, workers=rng.choice((1, 1, 2))):
            over = await self.through(mailing_id)
        self.judge(number, await rows(self.db), ask=ask, over=over)

    @asynccontextmanager
    async def at_work(self, settings: Settings, workers: int) -> AsyncIterator[None]:
        crew = [
            Worker(
                self.db,
                settings,
                Tokens(settings.secret_keys),
                timeouts=IMPATIENT,
                poll=BETWEEN,
                silence=NEVER_DEAD,
            )
            for _ in range(workers)
        ]
        running = [asyncio.create_task(worker.run()) for worker in crew]
        try:
            yield
        finally:
            await asyncio.gather(*(worker.stop() for worker in crew))
            await asyncio.gather(*running)

    async def through(self, mailing_id: int) -> bool:
        """Half an hour after half an hour, until nothing is left to do; what is held is let go."""
        try:
            async with asyncio.timeout(STUCK):
                while await self.db.read(self.mailings.is_left, mailing_id):
                    self.clock.forward(30 * MINUTE)
                    if (await self.db.read(self.mailings.find, mailing_id)).state == "held":
                        await self.db.write(self.mailings.let_go, mailing_id)
                    await asyncio.sleep(BETWEEN)
        except TimeoutError:
            return False
        return True

    def judge(self, number: int, written: list[Row], *, ask: bool, over: bool) -> None:
        for line in self.sink.lines:
            self.played.update(one.phase for one in line.said if one.act)
        may = may_be(self.sink.lines, ask=ask)
        copies: dict[bytes, set[bytes]] = defaultdict(set)
        for mail in self.sink.dotted:
            copies[mail.recipient].add(mail.content)
        wrong = [] if over else ["it comes to no end"]
        for row in written:
            stands = Standing(row.state, row.resends, row.attempts)
            allowed = may.pop(row.recipient, {Standing()})
            if stands not in allowed:
                wrong.append(f"{row.recipient} is {stands}, and may be {allowed or 'sent to no more'}")
            self.played[row.state] += 1
        wrong += [f"{to} was none of them" for to in may]
        wrong += [f"{to!r} got {len(each)} different ones" for to, each in copies.items() if len(each) > 1]
        self.wrong += [f"sequence {number}: {what}" for what in wrong]


async def _cleared(tx: Tx) -> None:
    await tx.run("DELETE FROM outbox")
    await tx.run("DELETE FROM mailings")
    await tx.run("UPDATE send_limits SET paused_until = 0, pause = 0")


async def _emptied(tx: Tx) -> None:
    await tx.run("DELETE FROM subscribers")


@asynccontextmanager
async def staged(url: str) -> AsyncIterator[Stage]:
    clock, sink = Clock(), MoodySink()
    db = await open_database(url, clock=clock)
    await sink.open()
    await db.write(_emptied)
    try:
        yield Stage(db, clock, sink, await people(db, MOST))
    finally:
        await sink.close()
        await db.close()


def played_apart(urls: list[str], numbers: range) -> tuple[Counter[str], list[str]]:
    """As `played`, by two processes."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("forkserver")) as both:
        parts = [both.submit(_part, urls[n::2], numbers[n::2]) for n in (0, 1)]
        (seen, wrong), (more_seen, more_wrong) = (part.result() for part in parts)
    return seen + more_seen, wrong + more_wrong


def _part(urls: list[str], numbers: range) -> tuple[Counter[str], list[str]]:
    logging.disable()
    return asyncio.run(played(urls, numbers))


async def played(urls: list[str], numbers: range) -> tuple[Counter[str], list[str]]:
    """Which faults were met and how rows ended, and all that is wrong."""
    left = iter(numbers)

    async def one_after_the_other(stage: Stage) -> None:
        for number in left:
            await stage.plays(number)

    async with AsyncExitStack() as stack:
        stages = [await stack.enter_async_context(staged(url)) for url in urls]
        await asyncio.gather(*map(one_after_the_other, stages))
    return sum((stage.played for stage in stages), Counter()), [
        what for stage in stages for what in stage.wrong
    ]


@pytest.fixture
def sqlite_urls(sqlite_template: Path, tmp_path: Path) -> list[str]:
    files = [tmp_path / f"{n}.db" for n in range(AT_ONCE["sqlite"])]
    for file in files:
        shutil.copy(sqlite_template, file)
    return [f"sqlite:///{file}" for file in files]


@pytest.fixture
def postgres_urls(postgres: Databases) -> Iterator[list[str]]:
    names = [postgres.lend() for _ in range(AT_ONCE["postgres"])]
    yield [postgres.url(name) for name in names]
    for name in names:
        postgres.take_back(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def urls(request: pytest.FixtureRequest) -> list[str]:
    """Of as many databases as stages go on at once."""
    found: list[str] = request.getfixturevalue(f"{request.param}_urls")
    return found


def test_whatever_a_server_does_the_ledger_is_right(urls: list[str], figure: Figure) -> None:
    engine = urls[0].partition(":")[0].removesuffix("ql")
    seen, wrong = played_apart(urls, range(SEQUENCES[engine]))
    figure(f"faults_{engine}_sequences", SEQUENCES[engine])
    for what, count in sorted(seen.items()):
        figure(f"faults_{engine}_{what}", count)
    figure(f"faults_{engine}_wrong", len(wrong), "0", not wrong)
    assert not wrong, "\n".join(wrong[:20])
    assert {"sent", "failed", "in_doubt", "greeting", "MAIL", "RCPT", "DATA", "body", "dot"} <= set(seen)


@pytest.mark.parametrize("broken", broken_verdicts.DESIGNS)
async def test_a_broken_worker_is_found_out(
    sqlite_urls: list[str], monkeypatch: pytest.MonkeyPatch, figure: Figure, broken: str
) -> None:
    broken_verdicts.DESIGNS[broken](monkeypatch)
    wrong: list[str] = []
    for first in CONTROLS:
        if not wrong:
            _, wrong = await played(sqlite_urls, range(first, first + CONTROLS.step))
    figure(f"faults_control_{broken.replace(' ', '_')}_wrong", len(wrong), "> 0", bool(wrong))
    assert wrong
