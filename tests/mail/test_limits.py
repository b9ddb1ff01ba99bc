"""So many mails a minute and a day, whoever sends them, and nothing to pay where there is no limit."""

import asyncio
from collections import Counter
from typing import Any

import msgspec
import pytest

from newsletter.clock import DAY, HOUR, MINUTE, SECOND
from newsletter.mail import Post
from newsletter.mail.claims import Delivery
from newsletter.mail.hold import NOT_HELD
from newsletter.mail.ledger import release, settlement, turn
from newsletter.mail.limits import UNLIMITED, Limits, Meter, limits_of, meter
from newsletter.mail.worker import Worker
from newsletter.settings import Settings
from newsletter.storage import Database, Tx, open_database
from newsletter.tokens import Tokens
from tests.conftest import NOON, Clock
from tests.mail.conftest import ADA, CONTEXTS, OLGA, AtWork, eventually, rows, run, settled
from tests.mail.sink import Sink

CONFIRM = CONTEXTS["confirmation"]


async def queue(db: Database, post: Post, count: int) -> None:
    for n in range(count):
        await db.write(post.enqueue, "confirmation", f"reader{n}@example.org", context=CONFIRM)


async def count(db: Database, state: str) -> int:
    return Counter(one.state for one in await rows(db))[state]


async def sent(db: Database) -> int:
    """How many weigh on the day."""
    return sum((await db.write(meter)).hours(NOON).values())


class Spy:
    """A transaction that keeps what it was asked."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tx, name)

    async def all(self, type: Any, sql: str, /, **params: Any) -> Any:
        self.asked.append(sql)
        return await self.tx.all(type, sql, **params)

    async def run(self, sql: str, /, **params: Any) -> int:
        self.asked.append(sql)
        return await self.tx.run(sql, **params)


@pytest.mark.parametrize(("limits", "more"), [(UNLIMITED, 0), (Limits(1), 2), (Limits(0, 9), 2)])
async def test_who_has_no_limit_pays_nothing_for_it(
    db: Database, post: Post, tokens: Tokens, clock: Clock, limits: Limits, more: int
) -> None:
    async def spied(tx: Tx, *args: Any) -> tuple[list[Delivery], list[str]]:
        spy = Spy(tx)
        return await turn(spy, tokens, 1, *args), spy.asked

    await queue(db, post, 2)
    (held,), _ = await db.write(spied, None, 1, limits)
    clock.forward(1)
    claimed, asked = await db.write(spied, settlement(held, "sent", "250"), 1, limits)
    assert len(claimed) == 1
    assert sum("send_limits" in sql.replace(NOT_HELD, "") for sql in asked) == more
    assert len(asked) == 4 + more, "settle, look who is next, ask who is suppressed, claim"


async def test_without_a_limit_and_without_trouble_the_row_is_never_written(
    db: Database, post: Post, at_work: AtWork
) -> None:
    await run(db, "UPDATE send_limits SET sent = 'as it was'")
    await queue(db, post, 20)
    async with at_work():
        await settled(db, *["sent"] * 20)
    assert await db.write(meter) == Meter(0, 0, 0, "as it was", 0)


async def test_two_workers_keep_the_rate_together(
    db: Database, other: Database, post: Post, tokens: Tokens, clock: Clock
) -> None:
    """Claims at each reading of one clock, both workers at the same instant: 40 a minute is one each 1.5 s."""
    await queue(db, post, 30)
    limits = limits_of(Settings(mail_per_minute=40))
    readings: list[int] = []
    for _ in range(40):
        claimed = await asyncio.gather(
            db.write(turn, tokens, 1, None, 1, limits),
            other.write(turn, tokens, 2, None, 1, limits),
            db.write(turn, tokens, 1, None, 5, limits),
            other.write(turn, tokens, 2, None, 5, limits),
        )
        readings += [clock()] * sum(map(len, claimed))
        clock.forward(500)
    assert readings == [NOON + n * 1500 for n in range(14)]


async def test_the_rate_is_kept_on_the_wire(
    database_url: str, settings: Settings, post: Post, at_work: AtWork, sink: Sink
) -> None:
    """By the machine's own clock: 1200 a minute is one each 50 ms."""
    one, two = await open_database(database_url), await open_database(database_url)
    await queue(one, post, 12)
    sink.delay = 1.0  # it takes many connections, each opened when there is room for one more message
    options: dict[str, Any] = {"mail_per_minute": 1200, "connections": 9, "poll": 30}
    async with at_work(on=one, **options), at_work(on=two, **options):
        await settled(one, *["sent"] * 12, seconds=20)
    at = sorted(mail.at for mail in sink.mails)
    assert at[-1] - at[0] >= 11 * 0.05 - 0.02
    assert at[-1] - at[0] < 4, "nor much slower than it allows"
    await one.close()
    await two.close()


async def test_the_day_s_limit_holds_for_two_workers_and_after_a_restart(
    db: Database,
    other: Database,
    post: Post,
    at_work: AtWork,
    sink: Sink,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await queue(db, post, 25)
    told = "The limit of 10 mails a day is reached; what is queued goes on at 2026-01-16T13:00:00+00:00."
    for now in (NOON, NOON + HOUR, NOON + DAY):  # started three times on one day
        clock.forward(now - clock())
        caplog.clear()
        async with at_work(mail_per_day=10), at_work(on=other, mail_per_day=10):

            async def both_told() -> bool:
                return caplog.text.count(told) == 2 and not await count(db, "sending")

            await eventually(both_told)
            await db.write(post.enqueue, "confirmation", ADA, context=CONFIRM)
            for _ in range(3):
                await db.wait("nothing", 0.1)
            assert caplog.text.count(told) == 2, "once each"
        assert len(sink.mails) == await count(db, "sent") == 10
    clock.forward(HOUR)
    async with at_work(mail_per_day=10), at_work(on=other, mail_per_day=10):

        async def next_day() -> bool:
            return await count(db, "sent") == 20

        await eventually(next_day)
        clock.forward(DAY + HOUR)
        await settled(db, *["sent"] * 28)
    assert len({mail.recipient for mail in sink.mails}) == 26
    assert len(sink.mails) == 28


async def test_the_desk_is_not_locked_by_a_day_that_is_full(
    db: Database, post: Post, at_work: AtWork, sink: Sink
) -> None:
    await queue(db, post, 3)
    async with at_work(mail_per_day=2):
        await settled(db, "sent", "sent", "queued")
        await db.write(post.enqueue, "sign_in", OLGA, context=CONTEXTS["sign_in"])
        await settled(db, "sent", "sent", "queued", "sent")
    assert await sent(db) == 3, "and it counts"


async def test_what_the_relay_never_judged_does_not_weigh_on_the_day(
    db: Database, post: Post, tokens: Tokens, clock: Clock
) -> None:
    await queue(db, post, 2)
    limits = Limits(per_day=2)
    clock.forward(HOUR - 1)
    first, second = await db.write(turn, tokens, 1, None, 2, limits)
    clock.forward(1)  # into the next hour
    await db.write(turn, tokens, 1, release(first, "421 busy", 0), 0, limits)
    assert (await db.write(meter)).sent == f'{{"{NOON // HOUR}":1}}'
    await db.write(turn, tokens, 1, release(first, "421 busy", 0), 0, limits)
    assert await sent(db) == 1, "it was not held any more"
    await db.write(turn, tokens, 1, settlement(second, "failed", "550 nobody"), 0, limits)
    assert await sent(db) == 1, "what was refused stays counted"
    assert len(await db.write(turn, tokens, 1, None, 2, limits)) == 1


async def test_a_relay_that_turns_everything_away_leaves_the_day_whole(
    db: Database, post: Post, at_work: AtWork, sink: Sink, clock: Clock
) -> None:
    sink.plays({"MAIL": ["421 busy"] * 6})
    await queue(db, post, 1)
    async with at_work(mail_per_day=2):

        async def recovered() -> bool:
            clock.forward(SECOND)
            return await count(db, "sent") == 1

        await eventually(recovered)
    assert await sent(db) == 1


def full(*sent: tuple[int, int]) -> Meter:
    """So many, so many hours ago."""
    hours = {NOON // HOUR - ago: count for ago, count in sent}
    return Meter(0, 0, 0, msgspec.json.encode(hours).decode(), 0)


@pytest.mark.parametrize(
    ("sent", "left", "goes_on"),
    [
        ([], 10, None),
        ([(25, 99)], 10, None),
        ([(24, 9)], 1, None),
        ([(24, 10)], 1, 1),
        ([(20, 4), (3, 4), (0, 2)], 1, 5),
        ([(20, 4), (3, 14)], 1, 22),
        ([(-1, 10)], 1, 26),
        ([(-25, 10)], 10, None),  # the clock was set back
    ],
)
def test_a_day_is_any_24_hours(sent: list[tuple[int, int]], left: int, goes_on: int | None) -> None:
    limits = Limits(per_day=10)
    room = full(*sent).room(limits, NOON + 5, 10 if goes_on is None else 1)
    assert room.most == left
    assert room.full_until == (0 if goes_on is None else NOON + goes_on * HOUR)
    if goes_on:
        assert not full(*sent).room(limits, NOON + goes_on * HOUR, 1).full_until
        assert full(*sent).room(limits, NOON + goes_on * HOUR - 1, 1).full_until


def test_a_clock_that_was_set_back_does_not_stop_the_mail() -> None:
    limits = Limits(interval=100)
    assert Meter(0, 0, NOON + MINUTE, "{}", 0).room(limits, NOON, 4).most == 0
    assert Meter(0, 0, NOON + MINUTE + 1, "{}", 0).room(limits, NOON, 4).most == 1


@pytest.mark.parametrize(("per_minute", "interval"), [(0, 0), (1, MINUTE), (840, 72), (7000, 9), (10**9, 1)])
def test_never_faster_than_the_relay_allows(per_minute: int, interval: int) -> None:
    assert limits_of(Settings(mail_per_minute=per_minute)).interval == interval


async def test_a_limit_that_is_changed_holds_in_a_worker_that_runs(
    db: Database, settings: Settings, tokens: Tokens, post: Post, sink: Sink
) -> None:
    """An owner saves it at the desk: all of the service holds the same settings."""
    here = msgspec.structs.replace(settings, smtp_url=f"smtp://127.0.0.1:{sink.port}?tls=off", mail_per_day=2)
    await queue(db, post, 5)
    worker = Worker(db, here, tokens, poll=0.05)
    running = asyncio.create_task(worker.run())
    await settled(db, "sent", "sent", "queued", "queued", "queued")
    msgspec.structs.force_setattr(here, "mail_per_day", 0)
    await settled(db, *["sent"] * 5)
    await worker.stop(timeout=5)
    await running
