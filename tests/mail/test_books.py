"""One commit for all lanes: who is on the way is waited for, and nobody for a server that thinks."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from newsletter.mail import Mailings, bulk_ledger
from newsletter.mail.books import Books
from newsletter.mail.bulk_ledger import Want, want
from newsletter.mail.life import beat
from newsletter.mail.limits import UNLIMITED
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.mail.mailing import sent_off


class Counted:
    """The real database, with how many messages each commit has begun."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.begun: list[int] = []

    async def write(self, action: Any, *args: Any, **more: Any) -> Any:
        begun = await self._db.write(action, *args, **more)
        self.begun.append(len(begun))
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


async def test_nobody_waits_for_a_lane_that_does_not_come(
    db: Database, mailings: Mailings, tokens: Tokens
) -> None:
    books, counted, wants = await opened(db, mailings, tokens, lanes=3)
    for its in (wants[:2], wants[2:]):
        async with asyncio.timeout(20):
            assert await books.turn([], its) == {one.row_id for one in its}
    assert counted.begun == [2, 2]
    await books.close()
