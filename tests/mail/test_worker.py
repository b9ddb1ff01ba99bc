"""From a row in the outbox to a mail on the wire, and what becomes of the row. On both engines."""

import asyncio
import sqlite3
from typing import Any

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, Envelope

from newsletter.clock import MINUTE
from newsletter.mail import Post, workers
from newsletter.mail.messages import Messages
from newsletter.mail.worker import POLL
from newsletter.settings import Settings
from newsletter.storage import Database, open_database
from newsletter.storage.files import keep
from newsletter.tokens import Tokens
from tests.conftest import NOON, Clock
from tests.mail.conftest import (
    ADA,
    BEN,
    CLEO,
    CONTEXTS,
    QUICK,
    AtWork,
    delivery,
    eventually,
    row,
    rows,
    settled,
)
from tests.mail.sink import Sink

CONFIRM = CONTEXTS["confirmation"]


async def test_it_works(
    db: Database, post: Post, at_work: AtWork, sink: Sink, settings: Settings, tokens: Tokens
) -> None:
    async with at_work():
        enqueued = await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
        await settled(db, "sent")
    (mail,) = sink.mails
    expected = delivery(id=enqueued.id, message_id=enqueued.message_id)
    assert mail.content == Messages(settings, tokens).build(expected)
    assert (mail.sender, mail.recipient) == (b"letters@example.com", ADA.encode())
    done = await row(db)
    assert (done.attempts, done.resends, done.settled_at, done.worker) == (1, 0, NOON, None)
    assert done.reply == "250 taken"


async def test_a_common_mail_server_takes_it(
    db: Database, post: Post, at_work: AtWork, settings: Settings
) -> None:
    taken: list[Envelope] = []

    class Keep:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802  its name there
            taken.append(envelope)
            return "250 ok"

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Keep(), hostname="mx", loop=loop), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with at_work(relay=f"smtp://127.0.0.1:{port}?tls=off"):
        for to in (ADA, BEN, CLEO):
            await db.write(post.enqueue, "guide", to, context=CONTEXTS["guide"])
        await settled(db, "sent", "sent", "sent")
    server.close()
    assert sorted(str(envelope.rcpt_tos[0]) for envelope in taken) == [ADA, BEN, CLEO]
    assert all(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in (e.content or b"") for e in taken)


async def test_a_message_of_another_process_is_found(
    db: Database, database_url: str, clock: Clock, post: Post, at_work: AtWork, sink: Sink
) -> None:
    """Nobody wakes the worker then."""
    other = await open_database(database_url, clock=clock)
    async with at_work(poll=POLL):
        await other.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
        await settled(db, "sent")
    await other.close()
    assert len(sink.mails) == 1


async def test_later_means_later(db: Database, post: Post, at_work: AtWork, sink: Sink, clock: Clock) -> None:
    sink.plays({"RCPT": "451 come back"})
    async with at_work():
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
        await settled(db, "deferred")
        waits = await row(db)
        assert (waits.attempts, waits.reply, waits.settled_at) == (1, "451 come back", None)
        assert 0.8 * MINUTE <= waits.not_before - NOON <= 1.2 * MINUTE
        clock.forward(2 * MINUTE)
        await settled(db, "sent")
    assert len(sink.mails) == 1
    assert (await row(db)).attempts == 2


async def test_never_means_never(db: Database, post: Post, at_work: AtWork, sink: Sink) -> None:
    sink.plays({"RCPT": "550 5.1.1 unknown"})
    async with at_work(connections=1):
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
        await db.write(post.enqueue, "confirmation", BEN, context=CONFIRM)
        await settled(db, "failed", "sent")
    assert (await rows(db))[0].reply == "550 5.1.1 unknown"


async def test_one_broken_message_does_not_stop_the_others(
    db: Database, post: Post, at_work: AtWork, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    async with at_work():
        await db.write(post.enqueue, "confirmation", ADA, context={"form_title": "no magnet_title"})
        await db.write(post.enqueue, "no_such_folder", BEN, context={})
        await db.write(post.enqueue, "guide", BEN, context=CONTEXTS["guide"] | {"file_ids": [404]})
        await db.write(post.enqueue, "confirmation", CLEO, context=CONFIRM)
        await settled(db, "failed", "failed", "failed", "sent")
    broken = await rows(db)
    assert "'magnet_title' is undefined" in broken[0].reply
    assert "There is no file 404 to attach." in broken[2].reply
    for one in broken[:3]:
        assert f"Message {one.id} ({one.message}) can't be made" in caplog.text
    assert [mail.recipient for mail in sink.mails] == [CLEO.encode()]


async def test_an_address_that_cannot_go_on_the_wire(
    db: Database, post: Post, at_work: AtWork, sink: Sink
) -> None:
    async with at_work():
        await db.write(post.enqueue, "confirmation", "ben@example.com> NOTIFY=NEVER", context=CONFIRM)
        await settled(db, "failed")
    assert not sink.mails
    assert not any(command.startswith(b"RCPT") for command in sink.commands)


async def test_files_ride_along(db: Database, post: Post, at_work: AtWork, sink: Sink) -> None:
    file = await db.write(keep, "guide.pdf", "application/pdf", b"%PDF-" + b"x" * 300_000)
    async with at_work():
        await db.write(post.enqueue, "guide", ADA, context=CONTEXTS["guide"] | {"file_ids": [file.id]})
        await settled(db, "sent")
    assert b'filename="guide.pdf"' in sink.mails[0].content
    assert len(sink.mails[0].content) > 400_000


async def test_a_connection_carries_a_hundred(db: Database, post: Post, at_work: AtWork, sink: Sink) -> None:
    for n in range(120):
        await db.write(post.enqueue, "sign_in", f"reader{n}@example.org", context=CONTEXTS["sign_in"])
    async with at_work(connections=1):
        await settled(db, *["sent"] * 120, seconds=60)
    assert sink.connections == 2
    assert [mail.recipient for mail in sink.mails] == [f"reader{n}@example.org".encode() for n in range(120)]


async def test_an_idle_connection_is_closed(db: Database, post: Post, at_work: AtWork, sink: Sink) -> None:
    async with at_work(timeouts=msgspec.structs.replace(QUICK, idle=0.1)):
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)

        async def closed() -> bool:
            return b"QUIT\r\n" in sink.commands

        await eventually(closed)


async def test_two_workers_share_the_work(
    db: Database, database_url: str, clock: Clock, post: Post, at_work: AtWork, sink: Sink
) -> None:
    other = await open_database(database_url, clock=clock)
    for n in range(60):
        await db.write(post.enqueue, "sign_in", f"reader{n}@example.org", context=CONTEXTS["sign_in"])
    sink.delay = 0.01
    async with at_work(connections=3), at_work(on=other, connections=3):
        await settled(db, *["sent"] * 60, seconds=60)
        assert await db.read(workers) == 2
    await other.close()
    assert len({mail.recipient for mail in sink.mails}) == len(sink.mails) == 60
    assert await db.read(workers) == 0


async def test_what_the_server_said_outlives_a_locked_database(
    sqlite_url: str, post: Post, at_work: AtWork, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    db = await open_database(sqlite_url, patience=0.1)
    async with at_work(on=db, beat=0.05):
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
        sink.delay = 0.3

        async def dotted() -> bool:
            return bool(sink.dotted)

        await eventually(dotted)
        with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as lock:
            lock.execute("BEGIN EXCLUSIVE")

            async def noticed() -> bool:
                return bool(sink.mails) and "The worker waits for its database" in caplog.text

            await eventually(noticed)
        lock.close()
        await settled(db, "sent")
    await db.close()
    assert len(sink.dotted) == 1
