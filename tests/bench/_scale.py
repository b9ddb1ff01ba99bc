"""What things cost among so many subscribers, on one database that is filled once: a process of its own for each size.

Usage: python -m tests.bench._scale SIZE ENGINE; one JSON line for each figure. What only looks comes first, then what
adds rows; sign-ups stand near the end, since their mails would else be sent among those that are measured. All go to
the benches' own functions, so the report says of many what they say of one.
"""

import asyncio
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from newsletter.app import open_site
from newsletter.broadcasts import Draft
from newsletter.mail import Recipient, Worker
from newsletter.settings import Settings, load
from newsletter.storage import Tx
from newsletter.web import process
from newsletter.web.kit import broadcasting
from newsletter.web.kit.site import Site
from tests.bench import _service as services
from tests.bench import confirm, export, imports, send, signup, subscribers, thread
from tests.bench.__main__ import figure
from tests.bench._postfix import sink
from tests.bench._server import Server
from tests.bench._talk import page

SENT = 20_000
IMPORTED = 100_000  # at most
ROUNDS = 3
LINKS = 5_000  # a round
CONNECTIONS = 10
TALK = 1_000  # subscribers to a page with a hundred comments
SOME = """SELECT id, email FROM subscribers WHERE status = 'active' ORDER BY id LIMIT :most"""
ROWS = "SELECT count(*) FROM outbox WHERE mailing_id = (SELECT min(id) FROM mailings)"


def main(size: int, engine: str) -> None:
    with signup.opened(engine, "") as url:
        os.environ.update(export.environment(url))
        server = Server(url) if engine == "postgres" else None
        began = time.perf_counter()
        export.fill(url, size)
        figure("fill_seconds", time.perf_counter() - began)
        before = stored(url, server)
        figure("bytes_per_subscriber", before / size)
        looked_at(url, size)
        figure("export_rows_per_second", size / export.run(export.export(), url).seconds)
        copied(url)
        process.run(told(url, server))
        written_to(url, size)
        figure("bytes_in_the_end", stored(url, server))


def stored(url: str, server: Server | None) -> int:
    """Bytes on the disk."""
    return server.size() if server else Path(url.removeprefix("sqlite:///")).stat().st_size


def looked_at(url: str, size: int) -> None:
    async def ask() -> None:
        chosen = load(export.environment(url) | {"NEWSLETTER_METRICS_TOKEN": subscribers.TOKEN})
        site = await open_site(chosen, migrate=False)
        try:
            for name, asks in (await subscribers._questions({size: site})).items():
                figure(f"desk_{name}_p99_ms", (await subscribers._p99({size: site}, asks))[size] * 1_000)
        finally:
            await site.db.close()

    asyncio.run(ask())


def copied(url: str) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        took = export.run([services.PYTHON, "-m", "newsletter", "backup", f"{folder}/copy"], url)
        figure("backup_seconds", took.seconds)
        figure("backup_bytes", Path(folder, "copy").stat().st_size)


def written_to(url: str, size: int) -> None:
    pages = max(1, size // TALK)
    thread.fill(url, pages)
    with services.service(url) as (port, _):
        figure("thread_per_second", statistics.median(thread.get(port, [thread.ONE]) for _ in range(ROUNDS)))
        turns = [f"/threads?{urlencode({'url': page(n)})}" for n in range(pages)]
        figure("thread_in_turns_per_second", thread.get(port, turns))
    people = min(IMPORTED, size)
    with imports.made(people) as file:
        figure("import_rows_per_second", people / export.run(imports.command(file), url).seconds)
    side_by_side("signup", url, lambda _: ())
    links = asyncio.run(confirm.invite(url, LINKS * ROUNDS))[-LINKS * ROUNDS :]
    side_by_side("confirm", url, lambda n: links[n * LINKS : (n + 1) * LINKS])
    side_by_side("comment", url, lambda _: ())


def side_by_side(kind: str, url: str, tokens: Callable[[int], Sequence[str]]) -> None:
    """Everything stored, and beside it the same handler that stores nothing."""
    rates, ratios = [], []
    with services.service(url) as (stored, _), services.service(url, bare=True) as (bare, _):
        for n in range(ROUNDS):
            rates.append(services.load(stored, kind, tokens=tokens(n)))
            ratios.append(rates[-1] / services.load(bare, kind, tokens=tokens(n)))
    figure(f"{kind}_per_second", statistics.median(rates))
    figure(f"{kind}_ratio", statistics.median(ratios))


class _Person(msgspec.Struct):
    id: int
    email: str


async def told(url: str, server: Server | None) -> None:
    """A broadcast gets a row for everybody; then others get theirs sent, with that in the ledger."""
    with sink() as port:
        chosen = msgspec.structs.replace(
            load(), smtp_url=f"smtp://127.0.0.1:{port}?tls=off", mail_connections=CONNECTIONS
        )
        site = await open_site(chosen, migrate=False)
        try:
            await enqueued(site, server)
            await sent(site, chosen, server)
        finally:
            await site.db.close()


async def enqueued(site: Site, server: Server | None) -> None:
    draft = Draft(subject="On work", body="A letter.")
    broadcast = await site.db.write(broadcasting.send_new, site, draft, send._content())
    with measured("enqueue", server) as count:
        await broadcasting.fill(site, broadcast.id)
        count.append(await site.db.read(counted))
    await site.db.write(set_aside)


async def counted(tx: Tx) -> int:
    return int(await tx.value(ROWS))


async def set_aside(tx: Tx) -> None:
    """Its rows wait in the ledger."""
    await tx.run("UPDATE mailings SET state = 'held'")


async def sent(site: Site, chosen: Settings, server: Server | None) -> None:
    async def some(tx: Tx) -> list[Recipient]:
        return [Recipient(one.id, one.email) for one in await tx.all(_Person, SOME, most=SENT)]

    people = await site.db.read(some)
    mailing_id = await site.db.write(site.mailings.start, send._content())
    for start in range(0, len(people), send.CHUNK):
        await site.db.write(site.mailings.fill, mailing_id, people[start : start + send.CHUNK])
    worker = Worker(site.db, chosen, site.tokens)
    with measured("send", server) as count:
        running = asyncio.create_task(worker.run())
        while await site.db.read(site.mailings.is_left, mailing_id):
            await asyncio.sleep(0.1)
        count.append(len(people))
    tally = await site.db.read(site.mailings.tally, mailing_id)
    await worker.stop()
    await running
    assert tally.sent == len(people), tally


@contextmanager
def measured(name: str, server: Server | None) -> Iterator[list[int]]:
    """Rows a second of as many as are put in, and what each costs: CPU here, and of a server its CPU, log and disk."""
    count: list[int] = []
    there, spent, began = server and server.spent(), time.process_time(), time.perf_counter()
    yield count
    seconds, spent = time.perf_counter() - began, time.process_time() - spent
    (rows,) = count
    figure(f"{name}_rows", rows)
    figure(f"{name}_per_second", rows / seconds)
    figure(f"{name}_cpu_seconds_per_1000", spent / rows * 1_000)
    if server and there:
        now = server.spent()
        figure(f"{name}_server_cpu_seconds_per_1000", (now.cpu - there.cpu) / rows * 1_000)
        figure(f"{name}_log_bytes", (now.log - there.log) / rows)
        figure(f"{name}_disk_bytes", (now.disk - there.disk) / rows)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("It took too long."))
    main(int(sys.argv[1]), sys.argv[2])
