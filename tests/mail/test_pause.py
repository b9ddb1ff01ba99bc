"""While the relay is in trouble nothing goes out: not from another worker, not after a restart."""

import time

import msgspec
import pytest

from newsletter.clock import DAY, SECOND
from newsletter.mail import Post
from newsletter.mail.limits import Meter, meter, pause
from newsletter.mail.relay import Pause, Relay
from newsletter.mail.smtp import RelayTrouble, Timeouts
from newsletter.settings import Settings
from newsletter.storage import Database, open_database
from tests.conftest import NOON, Clock
from tests.mail.conftest import ADA, BEN, CONTEXTS, QUICK, AtWork, eventually, row, settled
from tests.mail.sink import HANG, Sink

CONFIRM = CONTEXTS["confirmation"]
PATIENT = msgspec.structs.replace(QUICK, pause=30, longest_pause=60)


async def row_says(db: Database, seconds: float, clock: Clock) -> bool:
    """That nothing goes out for as long from now; writing it down takes a moment of that."""
    found = await db.write(meter)
    late = clock() + seconds * SECOND - found.paused_until
    return found.pause == seconds * SECOND and 0 <= late < 5 * SECOND


async def said(caplog: pytest.LogCaptureFixture, words: str) -> None:
    async def heard() -> bool:
        return words in caplog.text

    await eventually(heard)


async def in_trouble(
    db: Database, post: Post, at_work: AtWork, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker has met a relay that is down, and has written down a pause of 30 s."""
    async with at_work(relay="smtp://127.0.0.1:1?tls=off", timeouts=PATIENT):
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
        await said(caplog, "Trying again in 30 s")
    assert await row_says(db, 30, clock)
    caplog.clear()


async def test_a_restart_does_not_forget_the_pause(
    db: Database,
    post: Post,
    at_work: AtWork,
    sink: Sink,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await in_trouble(db, post, at_work, clock, caplog)
    clock.forward((await db.write(meter)).paused_until - clock() - 400)
    started = time.monotonic()
    async with at_work():
        await settled(db, "sent")
    assert sink.mails[0].at - started >= 0.4, "what is left of the pause"
    assert caplog.text.count("The relay had trouble a moment ago. Trying again in 0 s") == 1
    assert "The relay is back." in caplog.text
    found = await db.write(meter)
    assert (found.paused_until, found.pause) == (0, 0)
    assert (await row(db)).attempts == 1


async def test_all_workers_wait_and_go_on_together(
    db: Database,
    database_url: str,
    post: Post,
    at_work: AtWork,
    sink: Sink,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = await open_database(database_url, clock=clock)
    async with at_work(timeouts=PATIENT), at_work(on=other, timeouts=PATIENT):
        await db.write(pause, 30, 30)

        async def both() -> bool:
            return caplog.text.count("Trying again in 30 s") == 2

        await eventually(both)
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
        await other.write(post.enqueue, "confirmation", BEN, context=CONFIRM)
        for _ in range(3):  # both are woken, look, and leave it
            await db.wait("nothing", 0.1)
        assert sink.connections == 0
        await db.write(pause, 0, 0)  # as a worker that reached the relay does
        await settled(db, "sent", "sent")
    await other.close()


async def test_another_s_trouble_makes_the_next_pause_longer(
    db: Database, post: Post, at_work: AtWork, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await in_trouble(db, post, at_work, clock, caplog)
    clock.forward(DAY)
    async with at_work(relay="smtp://127.0.0.1:1?tls=off", timeouts=PATIENT):
        await said(caplog, "Trying again in 60 s")
    assert await row_says(db, 60, clock)


@pytest.mark.parametrize(("last", "connections"), [(0, 4), (8, 1)])
async def test_after_trouble_one_connection_tries(
    db: Database, post: Post, at_work: AtWork, sink: Sink, last: float, connections: int
) -> None:
    """Also when the trouble was before this worker's time, and its pause is over."""
    sink.plays({"greeting": [HANG] * 9})
    await db.write(pause, last, 0)
    for _ in range(5):
        await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
    async with at_work():

        async def called() -> bool:
            return sink.connections >= connections

        await eventually(called)
        for _ in range(3):
            await db.wait("nothing", 0.1)
        assert sink.connections == connections


def relay(settings: Settings, **timeouts: float) -> Relay:
    return Relay(settings, Timeouts(**timeouts))


def test_there_is_nothing_to_write_as_long_as_all_is_well(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    fine = relay(settings)
    fine.was_fine()
    fine.heed(Meter(0, 0, 0, "{}", 0), NOON, fine.tellings)
    assert fine.news is None
    assert not caplog.text


def test_what_came_to_pass_while_the_row_was_written_is_written_too(settings: Settings) -> None:
    changing = relay(settings)
    changing.had_trouble(RelayTrouble("No."))
    pause = changing.news
    assert pause
    changing.was_fine()
    changing.told(pause, NOON)
    assert changing.news
    assert not changing.news.seconds
    changing.told(changing.news, 0)
    assert changing.news is None


def test_a_row_read_before_our_own_trouble_was_written_does_not_end_it(settings: Settings) -> None:
    troubled = relay(settings, pause=30)
    troubled.had_trouble(RelayTrouble("No."))
    troubled.heed(Meter(NOON, 1000, 0, "{}", 0), NOON, troubled.tellings)
    assert troubled.ready_in > 29


@pytest.mark.parametrize(("skew", "least", "most"), [(-DAY, 7.9, 8), (DAY, 0, 0)])
def test_no_clock_makes_a_pause_longer_than_it_is(
    settings: Settings, skew: int, least: float, most: float
) -> None:
    """Another machine's clock, or this one's before it was set back."""
    other = relay(settings)
    row = Meter(NOON + 8 * SECOND, 8 * SECOND, 0, "{}", 0)
    other.heed(row, NOON + skew, other.tellings)
    assert least <= other.ready_in <= most
    assert other.troubled
    before = other.ready_in
    other.heed(row, NOON + skew, other.tellings)
    assert other.ready_in <= before, "it is waited out once"


def test_what_was_read_before_we_wrote_is_old(settings: Settings) -> None:
    """Else a pause that is over is waited out once more."""
    relay = Relay(settings, Timeouts())
    before = relay.tellings
    relay.told(Pause(0.0, 0.0), 0)
    relay.heed(Meter(NOON + 1000, 1000, 0, "{}", 0), NOON, before)
    assert not relay.ready_in
