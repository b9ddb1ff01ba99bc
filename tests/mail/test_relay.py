"""A relay in trouble loses nothing, uses up no message's tries, and is asked again with patience."""

import asyncio
import logging
from contextlib import suppress

import msgspec
import pytest

from newsletter.clock import HOUR
from newsletter.errors import SettingsError
from newsletter.mail import Post, Worker
from newsletter.mail.relay import Relay
from newsletter.mail.smtp import RelayTrouble, Timeouts
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.conftest import Clock
from tests.mail.conftest import ADA, CONTEXTS, QUICK, AtWork, eventually, row, rows, settled
from tests.mail.sink import CLOSE, HANG, RESET, Line, Sink, client_tls, server_tls

CONFIRM = CONTEXTS["confirmation"]
WAITS = logging.getLogger("newsletter.mail.relay").name


async def test_a_relay_that_is_down_for_an_hour_loses_nothing_and_blocks_nobody(
    db: Database, post: Post, at_work: AtWork, sink: Sink, clock: Clock
) -> None:
    await sink.close()
    async with at_work():
        for n in range(6):
            async with asyncio.timeout(2):  # a sign-up's transaction never waits for the relay
                await db.write(post.enqueue, "confirmation", f"reader{n}@example.org", context=CONFIRM)
            clock.forward(HOUR // 6)
        waiting = await rows(db)
        assert [(one.state, one.attempts) for one in waiting] == [("queued", 0)] * 6
        await sink.open()  # on the same port
        await settled(db, *["sent"] * 6)
    assert sorted(mail.recipient for mail in sink.mails) == [
        f"reader{n}@example.org".encode() for n in range(6)
    ]


@pytest.mark.parametrize(
    ("phase", "act"),
    [
        ("greeting", "421 busy"),
        ("greeting", CLOSE),
        ("greeting", HANG),
        ("EHLO", "421 busy"),
        ("MAIL", "421 busy"),
        ("MAIL", "451 too fast"),
        ("MAIL", "550 not you"),
        ("RCPT", "421 busy"),
        ("DATA", "421 busy"),
        ("DATA", HANG),
        ("DATA", RESET),
        ("dot", "421 busy"),
    ],
)
async def test_the_relay_s_trouble_is_not_the_message_s(
    db: Database, post: Post, at_work: AtWork, sink: Sink, clock: Clock, phase: str, act: str
) -> None:
    sink.plays({phase: [act, act, act]})
    timeouts = msgspec.structs.replace(QUICK, connect=0.3, command=0.3) if act == HANG else QUICK
    async with at_work(timeouts=timeouts):
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)

        async def recovered() -> bool:
            clock.forward(1000)  # what was released waits a moment
            return (await row(db)).state == "sent"

        await eventually(recovered)
    done = await row(db)
    assert (done.attempts, done.resends) == (1, 0)
    assert len(sink.mails) == 1
    assert not sink.script[phase]


async def test_a_refused_login_pauses_everything(
    db: Database, post: Post, at_work: AtWork, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    sink.tls = server_tls()
    sink.extensions = ("AUTH PLAIN",)
    sink.plays({"AUTH": ["535 who are you"] * 3})
    async with at_work(
        relay=f"smtp://olga:secret@127.0.0.1:{sink.port}?tls=required", tls_context=client_tls()
    ):
        for n in range(8):
            await db.write(post.enqueue, "confirmation", f"reader{n}@example.org", context=CONFIRM)
        await settled(db, *["sent"] * 8)
    assert [(one.attempts, one.resends) for one in await rows(db)] == [(1, 0)] * 8
    assert "refused the login (535). Trying again in" in caplog.text
    assert "secret" not in caplog.text


async def test_a_relay_that_hangs_up_often_is_just_called_again(
    db: Database, post: Post, at_work: AtWork, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    """421 after every third message: no pause, nothing lost, nothing twice."""
    sink.plays({"MAIL": ["250 sender ok", "250 sender ok", "250 sender ok", "421 enough"] * 20})
    for n in range(30):
        await db.write(post.enqueue, "sign_in", f"reader{n}@example.org", context=CONTEXTS["sign_in"])
    async with at_work(connections=1):
        await settled(db, *["sent"] * 30, seconds=30)
    assert len({mail.recipient for mail in sink.mails}) == len(sink.mails) == 30
    assert sink.connections == 10
    assert "Trying again" not in caplog.text


async def test_a_kept_connection_that_was_closed_meanwhile_is_replaced(
    db: Database, post: Post, at_work: AtWork, sink: Sink
) -> None:
    async with at_work(connections=1):
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
        await settled(db, "sent")
        await sink.close()
        await sink.open()
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
        await settled(db, "sent", "sent")
    assert [one.attempts for one in await rows(db)] == [1, 1]


async def test_the_pauses_grow_to_a_minute(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 1_000.0
    monkeypatch.setattr("newsletter.clock.monotonic", lambda: seconds)
    sink = Sink()
    await sink.open()
    await sink.close()
    down = msgspec.structs.replace(settings, smtp_url=f"smtp://127.0.0.1:{sink.port}")
    relay = Relay(down, Timeouts(pause=1, longest_pause=60))
    pauses = []
    for _ in range(8):
        pauses.append(relay.had_trouble(RelayTrouble("No.")))
        assert relay.ready_in > 0
        with pytest.raises(RelayTrouble, match="a moment ago"):
            await relay.lend()
        seconds += pauses[-1]
        assert relay.ready_in == 0
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    relay.was_fine()
    assert relay.ready_in == 0
    assert not relay.troubled


async def test_trouble_on_many_connections_at_once_is_one_trouble(settings: Settings) -> None:
    relay = Relay(settings, Timeouts(pause=1))
    assert [relay.had_trouble(RelayTrouble("No.")) for _ in range(9)] == [1] * 9


async def test_a_relay_that_takes_and_says_nothing_is_not_fed_in_haste(
    db: Database, post: Post, at_work: AtWork, sink: Sink
) -> None:
    """Each message that it swallows is in doubt: after the first few, one at a time."""
    sink.plays({"dot": [RESET] * 99})
    for n in range(40):
        await db.write(post.enqueue, "sign_in", f"reader{n}@example.org", context=CONTEXTS["sign_in"])
    slow = msgspec.structs.replace(QUICK, pause=30, longest_pause=60)
    async with at_work(timeouts=slow):

        async def some() -> bool:
            return bool(sink.dotted) and not any(one.state == "sending" for one in await rows(db))

        await eventually(some)
        with suppress(TimeoutError):
            await settled_never(sink, more_than=4)
    assert len(sink.dotted) <= 4


async def settled_never(sink: Sink, more_than: int) -> None:
    """Gives it the time for two rounds of the worker."""

    async def more() -> bool:
        return len(sink.dotted) > more_than

    await eventually(more, seconds=1.2)


async def test_a_server_that_is_named_while_the_old_one_answers_gets_the_mail(
    settings: Settings, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = Sink()
    await new.open()
    ours = msgspec.structs.replace(settings, smtp_url=f"smtp://127.0.0.1:{sink.port}?tls=off")
    greets = sink.line

    def line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Line:
        msgspec.structs.force_setattr(ours, "smtp_url", f"smtp://127.0.0.1:{new.port}?tls=off")
        return greets(reader, writer)

    monkeypatch.setattr(sink, "line", line)
    relay = Relay(ours, QUICK)
    await relay.take_back(await relay.lend())
    assert (sink.connections, new.connections) == (1, 1)

    async def left() -> bool:
        return any(command.startswith(b"QUIT") for command in sink.commands)

    await eventually(left)
    assert not any(command.startswith(b"QUIT") for command in new.commands), "it is kept"
    monkeypatch.setattr(sink, "line", greets)
    msgspec.structs.force_setattr(ours, "smtp_url", f"smtp://127.0.0.1:{sink.port}?tls=off")
    await relay.take_back(await relay.lend())  # what was kept leads to another one
    assert (sink.connections, new.connections) == (2, 1)
    await relay.close()
    await new.close()


def test_a_bad_address_stops_the_start(db: Database, settings: Settings, tokens: Tokens) -> None:
    with pytest.raises(SettingsError, match="NEWSLETTER_SMTP_URL"):
        Worker(db, msgspec.structs.replace(settings, smtp_url="smtp://"), tokens)


@pytest.mark.parametrize(("idle", "kept"), [(60.0, True), (-1.0, False)])
async def test_what_nobody_uses_is_kept_for_its_time_alone(
    settings: Settings, sink: Sink, idle: float, kept: bool
) -> None:
    here = msgspec.structs.replace(settings, smtp_url=f"smtp://127.0.0.1:{sink.port}?tls=off")
    relay = Relay(here, msgspec.structs.replace(QUICK, idle=idle))
    connection = await relay.lend()
    await relay.take_back(connection)
    await relay.sweep()
    again = await relay.lend()
    assert (again is connection) is kept
    again.cut()
    await relay.close()
