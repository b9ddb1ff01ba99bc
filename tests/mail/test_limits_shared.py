"""A broadcast under a rate and a day's limit, by two workers that share one database: both keep to it together."""

from functools import partial

from newsletter.clock import MINUTE
from newsletter.mail import Mailings, Tally
from newsletter.mail.limits import meter
from newsletter.storage import Database, open_database
from tests.conftest import Clock
from tests.mail.conftest import AtWork, eventually, rows
from tests.mail.mailing import sent_off
from tests.mail.sink import Sink

READERS, A_DAY = 40, 17


async def test_the_day_is_one_for_both(
    db: Database, database_url: str, mailings: Mailings, at_work: AtWork, sink: Sink, clock: Clock
) -> None:
    other = await open_database(database_url, clock=clock)
    mailing_id = await sent_off(db, mailings, READERS)

    async def as_many_as_may() -> bool:
        return await db.read(mailings.tally, mailing_id) == Tally(sent=A_DAY, queued=READERS - A_DAY)

    async with at_work(mail_per_day=A_DAY), at_work(on=other, mail_per_day=A_DAY):
        await eventually(as_many_as_may, 30)
    await other.close()
    assert len(sink.mails) == len({mail.recipient for mail in sink.mails}) == A_DAY
    assert sum((await db.write(meter)).hours(clock()).values()) == A_DAY
    assert {row.worker for row in await rows(db)} == {None}


async def test_the_rate_is_one_for_both(
    db: Database, database_url: str, mailings: Mailings, at_work: AtWork, sink: Sink, clock: Clock
) -> None:
    """The clock stands still unless it is moved, so each move lets exactly one more go, whoever takes it."""
    other = await open_database(database_url, clock=clock)
    await sent_off(db, mailings, READERS)

    async def so_many(count: int) -> bool:
        assert len(sink.mails) <= count
        return len(sink.mails) == count

    async with at_work(mail_per_minute=60), at_work(on=other, mail_per_minute=60):
        await eventually(partial(so_many, 1), 30)
        for count in range(2, 10):
            clock.forward(MINUTE // 60)
            await eventually(partial(so_many, count), 30)
    await other.close()
    assert len(sink.mails) == len({mail.recipient for mail in sink.mails}) == 9
