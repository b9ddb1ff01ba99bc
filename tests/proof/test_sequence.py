"""Workers are killed in the midst of sequences, again and again: everybody gets every step once, and in order.

The oracle is what the server took, whole: three mails to each, and no fourth but of what was in doubt.
"""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from subprocess import Popen

import pytest

from newsletter.sequences import Plan, Words
from newsletter.storage import Database, Tx, open_database
from newsletter.web.kit import sequencing
from tests.bench._service import NO_LIMITS
from tests.cast import House, build
from tests.cli.machine import Machine
from tests.figures import Figure
from tests.mail.conftest import eventually, run
from tests.mail.sink import Sink
from tests.proof.conftest import SIZE

KILLS = 8 * SIZE
COMING = 100  # people in each round
STEPS = ("first", "second", "third")
LONGEST = 0.6  # seconds between the first sign of life and the end, chosen anew each time


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    sink = Sink()
    await sink.open()
    sink.delay = 0.002
    yield sink
    await sink.close()


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    db = await open_database(database_url)
    yield await build(db)
    await db.close()


async def test_killed_at_any_moment_everybody_gets_each_step_once(
    house: House, sink: Sink, database_url: str, tmp_path: Path, figure: Figure
) -> None:
    machine = Machine(tmp_path, database_url, tmp_path / "compiled")
    machine.environment |= NO_LIMITS | {
        "NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}?tls=off",
        "NEWSLETTER_POSTAL_ADDRESS": "Olga, 1 Quay, Porto",
    }
    await begin(house)
    for number in range(KILLS):
        await house.db.write(come, 1 + number * COMING)
        with working(machine) as process:
            before = len(sink.dotted)
            await eventually(partial(more, sink, before), 120)
            await asyncio.sleep(random.uniform(0, LONGEST))
            process.send_signal(signal.SIGKILL)
    cut = await house.count("SELECT count(*) FROM outbox WHERE settled_at IS NULL")
    with working(machine) as process:
        await eventually(partial(through, house.db), 300)
        process.send_signal(signal.SIGTERM)

    wrong, resent = await judge(house, sink)
    name = f"sequence_killed_{house.db.engine}"
    figure(f"{name}_kills", KILLS)
    figure(f"{name}_taken", len(sink.dotted))
    figure(f"{name}_under_way_at_the_last_kill", cut)
    figure(f"{name}_resent_in_doubt", resent)
    for what, count in wrong.items():
        figure(f"{name}_{what}", count, "0", count == 0)
    assert not any(wrong.values()), wrong


@contextmanager
def working(machine: Machine) -> Iterator[Popen[bytes]]:
    """`newsletter worker` as a person runs it; whoever is in the block ends it."""
    with (machine.folder / "worker.log").open("ab") as log:
        process = Popen(machine.command("worker"), env=machine.environment, cwd=machine.folder, stderr=log)
    with process:
        try:
            yield process
        finally:
            if process.poll() is None and sys.exc_info()[0]:
                process.kill()


async def begin(house: House) -> None:
    words = [Words(slug=name, delay=0, subject=name, body=name) for name in STEPS]
    await sequencing.load(house.site, Plan("walk", "tag", "walker", words))
    await house.db.write(house.site.sequences.turn_on, "walk", 0)
    await run(house.db, "INSERT INTO tags (id, name, title) VALUES (1, 'walker', 'Walker')")


async def come(tx: Tx, first: int) -> None:
    for n in range(first, first + COMING):
        await tx.run(
            """INSERT INTO subscribers (id, email, email_key, status, created_at)
               VALUES (:id, :email, :email, 'active', :now)""",
            id=n,
            email=f"reader{n}@example.org",
            now=tx.now,
        )
        await tx.run(
            "INSERT INTO subscriber_tags (subscriber_id, tag_id, tagged_at) VALUES (:id, 1, :now)",
            id=n,
            now=tx.now,
        )


async def more(sink: Sink, before: int) -> bool:
    return len(sink.dotted) > before


async def through(db: Database) -> bool:
    async def look(tx: Tx) -> int:
        return int(
            await tx.value(
                """SELECT (SELECT count(*) FROM subscribers)
                   - (SELECT count(*) FROM sequence_entries WHERE state = 'finished')
                   + (SELECT count(*) FROM outbox WHERE settled_at IS NULL)"""
            )
        )

    return await db.read(look) == 0


async def judge(house: House, sink: Sink) -> tuple[dict[str, int], int]:
    """What went wrong, in people; and how many mails were sent again because they were in doubt."""
    taken: dict[str, list[str]] = {f"reader{n}@example.org": [] for n in range(1, 1 + KILLS * COMING)}
    for mail in sink.dotted:
        taken[mail.recipient.decode()].append(
            mail.content.partition(b"Subject: ")[2].split(b"\r\n")[0].decode()
        )
    resent = await house.count("SELECT COALESCE(sum(resends), 0) FROM outbox")
    extra = sum(sum(Counter(subjects).values()) - len(set(subjects)) for subjects in taken.values())
    in_order = [[name for n, name in enumerate(s) if name not in s[:n]] for s in taken.values()]
    rows = await house.count("SELECT count(*) FROM outbox")
    return {
        "lost": sum(set(subjects) != set(STEPS) for subjects in taken.values()),
        "twice_outside_the_list": max(0, extra - resent),
        "out_of_order": sum(subjects != list(STEPS) for subjects in in_order),
        "rows_too_many": rows - KILLS * COMING * len(STEPS),
    }, resent
