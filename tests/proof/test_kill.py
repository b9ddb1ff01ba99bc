"""The service is killed in the midst of sign-ups, again and again: what it had answered is there, with its mail."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from subprocess import Popen

import pytest

from newsletter.storage import Tx, open_database
from tests.bench._service import NO_LIMITS, free_port
from tests.cli.machine import Machine
from tests.figures import Figure
from tests.mail.sink import Sink
from tests.proof.conftest import SIZE
from tests.web.wire import ask, status

ROUNDS = 20
CONNECTIONS = 16
LEAST = ROUNDS * CONNECTIONS  # sign-ups that were answered: else it proves nothing
LONGEST = 0.3  # seconds between the first answers of a round and its end, chosen anew each time

HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
TAKEN = """SELECT p.email FROM signups s JOIN subscribers p ON p.id = s.subscriber_id
           JOIN outbox o ON o.message_id = s.message_id AND o.recipient = p.email"""
ROWS = """SELECT (SELECT count(*) FROM signups) + (SELECT count(*) FROM subscribers)
          + (SELECT count(*) FROM outbox)"""


@pytest.mark.parametrize("part", range(SIZE))
async def test_every_sign_up_that_was_answered_is_there_with_its_mail(
    tmp_path: Path, figure: Figure, part: int
) -> None:
    machine = Machine(tmp_path, f"sqlite:///{tmp_path}/newsletter.db", tmp_path / "compiled")
    sink = Sink()
    await sink.open()
    machine.environment |= NO_LIMITS | {"NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{sink.port}?tls=off"}
    numbers = itertools.count()
    answered: set[str] = set()
    lost: set[str] = set()
    for _ in range(ROUNDS):
        async with running(machine) as (port, process):
            lost |= answered - await taken(machine)
            await sign_up_until_killed(port, process, numbers, answered)
    async with running(machine):
        lost |= answered - await taken(machine)
        half_done = int(await read(machine, ROWS)) - 3 * len(await taken(machine))
        intact = await read(machine, "PRAGMA integrity_check")
    await sink.close()

    figure("kill_rounds", ROUNDS)
    figure("kill_answered", len(answered), f">= {LEAST}", len(answered) >= LEAST)
    figure("kill_unanswered", next(numbers) - len(answered))
    figure("kill_lost", len(lost), "0", not lost)
    figure("kill_half_done", half_done, "0", half_done == 0)
    assert not lost
    assert half_done == 0
    assert intact == "ok"
    assert len(answered) >= LEAST


@asynccontextmanager
async def running(machine: Machine) -> AsyncIterator[tuple[int, Popen[bytes]]]:
    """`newsletter serve` as a person runs it, worker and all, and killed at the end."""
    port = free_port()
    log = machine.folder / "serve.log"
    command = machine.command("serve", "--port", str(port))
    with (
        log.open("wb") as errors,
        Popen(command, cwd=machine.folder, env=machine.environment, stderr=errors) as process,
    ):
        try:
            async with asyncio.timeout(60):
                while not await answers(port):
                    assert process.poll() is None, log.read_text()
            yield port, process
        finally:
            process.kill()


async def answers(port: int) -> bool:
    try:
        return status(await ask(port, HEALTH)) == 200
    except ConnectionError:
        await asyncio.sleep(0.05)
        return False


async def sign_up_until_killed(
    port: int, process: Popen[bytes], numbers: Iterator[int], answered: set[str]
) -> None:
    before = len(answered)
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    readers = [asyncio.create_task(sign_up(*connection, numbers, answered)) for connection in connections]
    async with asyncio.timeout(30):
        while len(answered) < before + CONNECTIONS and not all(reader.done() for reader in readers):
            await asyncio.sleep(0.01)
    await asyncio.sleep(random.uniform(0, LONGEST))
    process.kill()
    await asyncio.gather(*readers)


async def sign_up(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, numbers: Iterator[int], answered: set[str]
) -> None:
    """One after the other on one connection, until it breaks."""
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        for n in numbers:
            body = f"email=reader{n}%40example.org&name=Ada"
            head = f"POST /forms/guide HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
            writer.write(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}".encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            assert status(answer) == 303, answer
            assert b"content-length: 0" in answer.lower(), answer
            answered.add(f"reader{n}@example.org")
    writer.close()


async def taken(machine: Machine) -> set[str]:
    db = await open_database(machine.url)
    try:
        return {email async for rows in db.stream(TAKEN) for (email,) in rows}
    finally:
        await db.close()


async def read(machine: Machine, sql: str) -> str:
    async def look(tx: Tx) -> str:
        return str(await tx.value(sql))

    db = await open_database(machine.url)
    try:
        return await db.read(look)
    finally:
        await db.close()
