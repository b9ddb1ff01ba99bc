"""How fast a broadcast leaves, ledger and all, beside a C client of Postfix that waits for replies without one."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from email.headerregistry import Address
from pathlib import Path
from threading import Thread

from newsletter.mail import Mailings, Recipient, Worker, dkim_keys
from newsletter.mail.bulk import freeze
from newsletter.mail.dkim_keys import Kind
from newsletter.mail.merge import Marks
from newsletter.settings import Settings
from newsletter.storage import Database, Param, Tx, migrate, open_database
from newsletter.tokens import Tokens
from newsletter.web import process
from tests.bench._far import far
from tests.bench._lanes import without_ledger
from tests.bench._postfix import SIZE, sink, source
from tests.figures import Figure

COUNT = 20_000
ROUNDS = 3
SIGNED = 5_000
SIGNATURES = 2_000
FAR_COUNT = 3_000
CHUNK = 500
CONNECTIONS = (1, 10, 20, 50)
KEY = "bench-key-" + "k" * 32


def main(figure: Figure) -> None:
    for connections in CONNECTIONS:
        near(figure, connections)
    signed(figure, "ed25519", 0.7)
    signed(figure, "rsa", 0.75)
    for milliseconds in (20, 50):
        over_a_link(figure, milliseconds)


def near(figure: Figure, connections: int) -> None:
    """Interleaved, so that whatever else the machine does touches both."""
    theirs, ours, cpu = list[float](), list[float](), list[float]()
    bare, bare_cpu = list[float](), list[float]()
    for _ in range(ROUNDS):
        with sink() as port:
            theirs.append(source(port, connections, COUNT))
        with sink() as port:
            rate, spent = broadcast(port, connections, COUNT)
        ours.append(rate)
        cpu.append(spent)
        with sink() as port:
            rate, spent = forgetful(port, connections, COUNT)
        bare.append(rate)
        bare_cpu.append(spent)
    ratio = statistics.median(ours) / statistics.median(theirs)
    figure(f"send_{connections}_smtp_source_per_second", statistics.median(theirs))
    figure(f"send_{connections}_per_second", statistics.median(ours))
    figure(f"send_{connections}_cpu_seconds_per_1000", statistics.median(cpu))
    figure(f"send_{connections}_without_ledger_per_second", statistics.median(bare))
    figure(f"send_{connections}_without_ledger_cpu_seconds_per_1000", statistics.median(bare_cpu))
    figure(f"send_{connections}_to_smtp_source_ratio", ratio, ">= 1.0", ratio >= 1.0)


def signed(figure: Figure, kind: Kind, goal: float) -> None:
    """With DKIM: beside the C client, and, as RSA takes longer than all else, beside one thread that only signs."""
    rates = list[float]()
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / f"{kind}.pem"
        dkim_keys.make(key, kind)
        for _ in range(ROUNDS):
            beside = _bare_signing(key) if kind == "rsa" else _source(CONNECTIONS[1])
            with sink() as port:
                rate, _ = broadcast(port, CONNECTIONS[1], SIGNED, f"bench={key}")
            figure(f"send_{kind}_per_second", rate)
            rates.append(rate / beside)
    ratio = statistics.median(rates)
    name = "bare_signing" if kind == "rsa" else "smtp_source"
    figure(f"send_{kind}_to_{name}_ratio", ratio, f">= {goal}", ratio >= goal)


def _source(connections: int) -> float:
    with sink() as port:
        return source(port, connections, COUNT)


def _bare_signing(path: Path) -> float:
    """Signatures a second."""
    key, began = dkim_keys.load("bench", str(path)), time.perf_counter()
    for n in range(SIGNATURES):
        key.sign(b"%d" % n)
    return SIGNATURES / (time.perf_counter() - began)


def over_a_link(figure: Figure, milliseconds: int) -> None:
    with sink() as port, _apart(port, milliseconds / 1000) as link:
        theirs = source(link(), 10, FAR_COUNT)
        ours, _ = broadcast(link(), 10, FAR_COUNT)
    figure(f"send_over_{milliseconds}_ms_per_second", ours)
    figure(f"send_over_{milliseconds}_ms_to_waiting_client_ratio", ours / theirs, ">= 2", ours / theirs >= 2)


class _apart:  # noqa: N801  used like a function
    """The link in a thread of its own, so that it does not share our loop."""

    def __init__(self, port: int, round_trip: float) -> None:
        self._port, self._round_trip = port, round_trip
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._there = 0
        self._thread = Thread(target=self._loop.run_until_complete, args=(self._run(),))

    def __enter__(self) -> Callable[[], int]:
        self._thread.start()
        while not self._there:
            time.sleep(0.01)
        return lambda: self._there

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        async with far(self._port, self._round_trip) as self._there:
            await self._stop.wait()


def broadcast(port: int, connections: int, count: int, *keys: str) -> tuple[float, float]:
    """Messages a second, and CPU seconds per thousand, of this process."""
    with tempfile.TemporaryDirectory() as folder:
        result: list[tuple[float, float]] = []
        process.run(_broadcast(Path(folder), _settings(port, connections, *keys), count, result))
        return result[0]


async def _broadcast(folder: Path, settings: Settings, count: int, result: list[tuple[float, float]]) -> None:
    url = f"sqlite:///{folder}/newsletter.db"
    await migrate(url)
    db = await open_database(url)
    mailings = Mailings(settings)
    mailing_id = await _fill(db, mailings, count)
    worker = Worker(db, settings, Tokens(settings.secret_keys))
    spent, began = time.process_time(), time.perf_counter()
    running = asyncio.create_task(worker.run())
    while await db.read(mailings.is_left, mailing_id):  # to count them all would be a part of the work
        await asyncio.sleep(0.1)
    seconds = time.perf_counter() - began
    result.append((count / seconds, (time.process_time() - spent) / count * 1000))
    tally = await db.read(mailings.tally, mailing_id)
    assert tally.sent == count, tally
    await worker.stop()
    await running
    await db.close()


def forgetful(port: int, connections: int, count: int) -> tuple[float, float]:
    """The same without the ledger."""
    result: list[tuple[float, float]] = []

    async def send() -> None:
        result.append(await without_ledger(_settings(port, connections), _content(), count))

    process.run(send())
    return result[0]


def _settings(port: int, connections: int, *keys: str) -> Settings:
    return Settings(
        public_url="https://news.example.com",
        smtp_url=f"smtp://127.0.0.1:{port}?tls=off",
        from_email="letters@example.com",
        secret_keys=(KEY,),
        mail_connections=connections,
        dkim_keys=keys,
    )


async def _fill(db: Database, mailings: Mailings, count: int) -> int:
    people = [Recipient(n, f"reader{n}@example{n % 50}.org") for n in range(1, count + 1)]
    rows: list[dict[str, Param]] = [{"id": one.id, "email": one.email} for one in people]

    async def add(tx: Tx) -> None:
        await tx.many(
            """INSERT INTO subscribers (id, email, email_key, status, created_at, confirmed_at)
               VALUES (:id, :email, :email, 'active', 1, 1)""",
            rows,
        )

    await db.write(add)
    mailing_id: int = await db.write(mailings.start, _content())
    for start in range(0, count, CHUNK):
        await db.write(mailings.fill, mailing_id, people[start : start + CHUNK])
    return mailing_id


def _content() -> bytes:
    """Together about as long as the C client's."""
    lines = ["Careers are what one looks back on; jobs are what one does. Write it down."] * (SIZE // 160)
    return freeze(
        sender=Address("Olga Writes", addr_spec="letters@example.com"),
        list_id="newsletter.example.com",
        date=1_768_478_400_000,
        marks=Marks(),
        subject="On work",
        plain="\n".join(lines),
        html="<p>" + "<br>\n".join(lines) + "</p>",
    ).to_bytes()
