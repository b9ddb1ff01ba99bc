"""One commit for all lanes: who is on the way is waited for, and nobody for a server that thinks."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from newsletter.mail import Mailings, Tally, bulk_ledger, journal
from newsletter.mail.books import Books
from newsletter.mail.breaker import Verdict
from newsletter.mail.bulk_ledger import Want, want
from newsletter.mail.life import beat
from newsletter.mail.limits import UNLIMITED
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.mail.between import Between
from tests.mail.mailing import sent_off


class Counted(Between):
    """The real database, with how many messages each commit has begun."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.begun: list[int] = []
        self.short: list[bool] = []

    async def written(self, write: Any, action: Any, *args: Any, **more: Any) -> Any:
        begun = await write(action, *args, **more)
        self.begun.append(len(begun))
        self.short.append(write == self._db.write_short)
        return begun


async def opened(
    db: Database, mailings: Mailings, tokens: Tokens, lanes: int
) -> tuple[Books, Counted, list[Want]]:
    await sent_off(db, mailings, 4)
    await db.write(beat, 1)
    jobs = await db.write(bulk_ledger.reserve, 1, 4, UNLIMITED)
    counted = Counted(db)
    books = Books(cast("Database", counted), 1, Settings(), lambda _: None, lambda: lanes)
    return books, counted, [want(tokens, job) for job in jobs]


async def test_lanes_that_come_one_after_the_other_share_a_commit(
    db: Database, mailings: Mailings, tokens: Tokens
) -> None:
    books, counted, wants = await opened(db, mailings, tokens, lanes=2)

    async def late(its: Sequence[Want]) -> set[int]:
        for _ in range(5):  # turns of the loop, in which a commit would have begun
            await asyncio.sleep(0)
        return await books.turn([], its)

    begun, later = await asyncio.gather(books.turn([], wants[:2]), late(wants[2:]))
    assert begun | later == {one.row_id for one in wants}
    assert counted.begun == [4]
    await books.close()


async def test_what_begins_is_one_statement_and_what_settles_rows_is_a_transaction(
    db: Database, mailings: Mailings, tokens: Tokens
) -> None:
    books, counted, wants = await opened(db, mailings, tokens, lanes=1)
    await books.turn([], wants[:2])
    await books.turn([Verdict(wants[0].row_id, "sent", "250 taken", code=250)], wants[2:3])
    await books.turn([Verdict(wants[1].row_id, "failed", "550 gone", code=550)], wants[3:])
    assert counted.short == [True, True, False]
    await books.close()


async def test_nobody_waits_for_a_lane_that_does_not_come(
    db: Database, mailings: Mailings, tokens: Tokens
) -> None:
    books, counted, wants = await opened(db, mailings, tokens, lanes=3)
    for its in (wants[:2], wants[2:]):
        async with asyncio.timeout(20):
            assert await books.turn([], its) == {one.row_id for one in its}
    assert counted.begun == [2, 2]
    await books.close()


class Stalled(Counted):
    """The real database, which takes its time over rows that are settled."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.go_on = asyncio.Event()

    async def written(self, write: Any, action: Any, *args: Any, **more: Any) -> Any:
        if args[1]:
            await self.go_on.wait()
        return await super().written(write, action, *args, **more)


async def test_no_lane_waits_while_rows_are_settled_by_the_hundred(
    db: Database, mailings: Mailings, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.mail.books._MANY", 2)
    mailing_id = await sent_off(db, mailings, 4)
    await db.write(beat, 1)
    jobs = await db.write(bulk_ledger.reserve, 1, 4, UNLIMITED)
    wants = [want(tokens, job) for job in jobs]
    stalled, settled = Stalled(db), list[int]()
    books = Books(cast("Database", stalled), 1, Settings(), settled.append)
    await books.turn([], wants[:2])
    async with asyncio.timeout(20):
        accepted = [Verdict(job.id, "sent", "250 ok", mailing_id=mailing_id, code=250) for job in jobs[:2]]
        assert await books.turn(accepted, wants[2:3]) == {jobs[2].id}
    assert await db.read(mailings.tally, mailing_id) == Tally(sending=4)
    stalled.go_on.set()
    assert await books.turn([], wants[3:]) == {jobs[3].id}  # the next commit is not before that
    assert settled == [job.id for job in jobs[:2]]
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=2, sending=2)
    assert await db.read(journal.read, 1) == journal.Journal({}, frozenset(job.id for job in jobs[2:]))
    await books.close()
