"""People leave, or are erased, at any moment of a broadcast: nothing is begun for them from when that is written down.

They are chosen among those whose turn is about to come, so that many of them meet the very moment of their message.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import msgspec
import pytest

from newsletter.mail import Mailings, Recipient, Worker, journal
from newsletter.storage import Tx, open_database
from newsletter.tokens import Tokens
from newsletter.web.kit import people as everybody
from tests.cast import SETTINGS, House, build
from tests.figures import Figure
from tests.mail.conftest import eventually
from tests.mail.mailing import content, people
from tests.mail.sink import Sink
from tests.proof.conftest import SIZE

MOMENTS = 500 * SIZE
READERS = 2 * MOMENTS
AHEAD = 150  # people: how far before their turn they leave, at most
ORDER = random.Random(7)
WAITING = ("queued", "skipped", "reserved")


@pytest.fixture
async def scene(database_url: str) -> AsyncIterator[tuple[House, Sink]]:
    db, sink = await open_database(database_url), Sink()
    await sink.open()
    sink.delay = 0.004
    settings = msgspec.structs.replace(SETTINGS, smtp_url=f"smtp://127.0.0.1:{sink.port}?tls=off")
    yield await build(db, settings), sink
    await sink.close()
    await db.close()


@asynccontextmanager
async def at_work(house: House) -> AsyncIterator[None]:
    crew = [
        Worker(house.db, house.site.settings, Tokens(house.site.settings.secret_keys), poll=0.05)
        for _ in range({"sqlite": 1, "postgres": 2}[house.db.engine])
    ]
    running = [asyncio.create_task(worker.run()) for worker in crew]
    try:
        yield
    finally:
        await asyncio.gather(*(worker.stop() for worker in crew))
        await asyncio.gather(*running)


async def leaves(house: House, mailing_id: int, who: int) -> str:
    """By their link. Where their message stands once that is written down."""
    await house.db.write(house.site.subscribers.unsubscribe, who, "one-click")
    return str(await house.db.read(_state, mailing_id, who))


async def is_erased(house: House, mailing_id: int, who: int) -> str:
    """Where their message stood when its row went with them."""
    return str(await house.db.write(_erase, house, mailing_id, who))


async def _erase(tx: Tx, house: House, mailing_id: int, who: int) -> str:
    state = await _state(tx, mailing_id, who, "FOR UPDATE" if tx.engine == "postgres" else "")
    await everybody.erase(tx, house.site, who)
    return state


async def _state(tx: Tx, mailing_id: int, who: int, lock: str = "") -> str:
    """As the row says, but for one that a worker has only reserved: of those the journal says nothing."""
    sql = f"SELECT id, worker, state FROM outbox WHERE mailing_id = :mailing AND subscriber_id = :who {lock}"
    row = await tx.one(_Standing, sql, mailing=mailing_id, who=who)
    if row is None or row.state != "sending" or row.worker is None:
        return row.state if row else "None"
    kept = await journal.read(tx, row.worker)
    if kept and (row.id in kept.begun or row.id in kept.accepted):
        return "sending"
    after = await tx.one(_Standing, sql, mailing=mailing_id, who=who)  # settled meanwhile, perhaps
    return "reserved" if after == row else after.state if after else "None"


class _Standing(msgspec.Struct):
    id: int
    worker: int | None
    state: str


async def upcoming(tx: Tx, mailing_id: int) -> list[int]:
    return [row.subscriber_id for row in await tx.all(_Row, _UPCOMING, mailing=mailing_id, most=AHEAD)]


class _Row(msgspec.Struct):
    subscriber_id: int


_UPCOMING = """SELECT subscriber_id FROM outbox WHERE mailing_id = :mailing AND state IN ('queued', 'sending')
               ORDER BY id LIMIT :most"""


async def test_nothing_is_begun_for_who_has_left(scene: tuple[House, Sink], figure: Figure) -> None:
    house, sink = scene
    mailings = house.site.mailings
    readers = {one.id or 0: one for one in await people(house.db, READERS)}
    gone: dict[int, tuple[str, int]] = {}  # where it stood, and how many mails they had got before
    mailing_id = 0
    async with at_work(house):
        while len(gone) < MOMENTS:
            waiting = await house.db.read(upcoming, mailing_id)
            if len(waiting) < AHEAD:
                # Two at once would be told apart by nobody: what the one has on the wire is no copy of the other.
                await eventually(partial(none_left, house, mailings, mailing_id), 120)
                mailing_id = await sent_to(
                    house, mailings, [one for n, one in readers.items() if n not in gone]
                )
                continue
            who = ORDER.choice(waiting)
            had = copies(sink)[readers[who].email]
            gone[who] = await (leaves if who % 3 else is_erased)(house, mailing_id, who), had
        await eventually(lambda: none_left(house, mailings, mailing_id), 120)
    got = copies(sink)
    states = Counter(state for state, _ in gone.values())
    begun = {who for who, (state, had) in gone.items() if state in WAITING and got[readers[who].email] > had}
    twice = {who for who, (_, had) in gone.items() if got[readers[who].email] > had + 1}

    name = f"leaving_{house.db.engine}"
    figure(f"{name}_moments", len(gone), f">= {MOMENTS}", len(gone) >= MOMENTS)
    for state, count in sorted(states.items()):
        figure(f"{name}_when_{state}", count)
    figure(f"{name}_begun_afterwards", len(begun), "0", not begun)
    figure(f"{name}_more_than_was_on_the_wire", len(twice), "0", not twice)
    assert not begun
    assert not twice
    assert states["sending"], "nobody left while their message was on the wire: it proves little"
    assert sum(states[state] for state in WAITING) > MOMENTS // 5


async def test_after_a_pause_nothing_comes_at_all(scene: tuple[House, Sink], figure: Figure) -> None:
    """With a barrier: held, and nothing is on the wire any more."""
    house, sink = scene
    mailings = house.site.mailings
    readers = await people(house.db, 200)
    async with at_work(house):
        mailing_id = await sent_to(house, mailings, readers)
        await eventually(lambda: some(sink, 40), 60)
        await house.db.write(mailings.hold, mailing_id)
        await eventually(lambda: none_sending(house, mailings, mailing_id), 60)
        had = copies(sink)
        leaving = [one for one in readers if not had[one.email]][::2]
        for one in leaving:
            await leaves(house, mailing_id, one.id or 0)
        await house.db.write(mailings.let_go, mailing_id)
        await eventually(lambda: none_left(house, mailings, mailing_id), 60)
    reached = copies(sink).keys() & {one.email for one in leaving}
    figure(f"leaving_{house.db.engine}_after_a_pause", len(reached), "0", not reached)
    assert leaving
    assert not reached
    assert len(sink.dotted) == len(readers) - len(leaving)


async def sent_to(house: House, mailings: Mailings, readers: list[Recipient]) -> int:
    mailing_id: int = await house.db.write(mailings.start, content())
    await house.db.write(mailings.fill, mailing_id, readers)
    return mailing_id


def copies(sink: Sink) -> Counter[str]:
    """How many mails the server has whole, by address."""
    return Counter(mail.recipient.decode() for mail in sink.dotted)


async def some(sink: Sink, count: int) -> bool:
    return len(sink.dotted) >= count


async def none_left(house: House, mailings: Mailings, mailing_id: int) -> bool:
    return not await house.db.read(mailings.is_left, mailing_id)


async def none_sending(house: House, mailings: Mailings, mailing_id: int) -> bool:
    return not (await house.db.read(mailings.tally, mailing_id)).sending
