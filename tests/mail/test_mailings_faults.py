"""A broadcast whose database fails it, or that can't be sent at all: nobody is forgotten, and others go on."""

from typing import Any

import pytest
from msgspec import structs

from newsletter.mail import Mailings, Tally, bulk_ledger, bulk_turns, bulk_worker
from newsletter.mail.limits import UNLIMITED
from newsletter.mail.relay import Relay
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.storage.db import unavailable
from tests.conftest import Clock
from tests.mail.between import Between
from tests.mail.conftest import AtWork, eventually, rows, run
from tests.mail.mailing import content, people, sent_off
from tests.mail.sink import Sink


class Away(Between):
    """The real database, which fails some turns that write an answer down: before them, or after their commit."""

    def __init__(self, db: Database, error: Exception, times: int, *, committed: bool) -> None:
        super().__init__(db)
        self._error, self.left, self._committed = error, times, committed

    async def written(self, write: Any, action: Any, *args: Any, **more: Any) -> Any:
        if action is not bulk_turns.turn or not self.left or not (args[1] or more["accepted"]):
            return await write(action, *args, **more)
        if self._committed:
            await write(action, *args, **more)
        self.left -= 1
        raise self._error


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("error", [unavailable(), RuntimeError("cut")], ids=["away", "fault"])
async def test_what_was_heard_and_not_written_down_is_not_forgotten(
    db: Database,
    mailings: Mailings,
    at_work: AtWork,
    sink: Sink,
    clock: Clock,
    *,
    error: Exception,
    times: int,
    committed: bool,
) -> None:
    mailing_id = await sent_off(db, mailings, 40)
    away: Any = Away(db, error, times, committed=committed)

    async def through() -> bool:
        clock.forward(5_000)
        return (await db.read(mailings.tally, mailing_id)).left == 0

    async with at_work(on=away, beat=0.05):
        await eventually(through, 20)
    assert not away.left
    assert (await db.read(mailings.tally, mailing_id)).sent == 40
    resent = sum(row.resends for row in await rows(db))
    assert len({mail.recipient for mail in sink.mails}) == 40
    assert len(sink.mails) <= 40 + resent


async def test_a_fault_of_ours_storms_no_relay(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may last: lanes rest before they open again."""
    monkeypatch.setattr(bulk_worker, "_AFTER_A_FAULT", 3600.0)
    rounds = 0
    whole = bulk_worker.BulkWorker.round

    async def counted(self: bulk_worker.BulkWorker, poll: float) -> None:
        nonlocal rounds
        await whole(self, poll)
        rounds += 1

    monkeypatch.setattr(bulk_worker.BulkWorker, "round", counted)
    await sent_off(db, mailings, 200)
    away: Any = Away(db, RuntimeError("cut"), 1, committed=False)

    async with at_work(on=away):

        async def broken() -> bool:
            return not away.left

        await eventually(broken)
        before = rounds

        async def looked_again() -> bool:
            return rounds >= before + 10

        await eventually(looked_again)
        assert sink.connections <= 4


async def test_a_fault_of_ours_over_an_answer_leaves_that_message_in_doubt_and_the_next_unsent(
    db: Database,
    mailings: Mailings,
    at_work: AtWork,
    settings: Settings,
    sink: Sink,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    structs.force_setattr(settings, "in_doubt", "ask")
    whole, faults = Relay.was_fine, ["once"]

    def faulty(self: Relay) -> None:
        if faults:
            raise RuntimeError(faults.pop())
        whole(self)

    monkeypatch.setattr(Relay, "was_fine", faulty)
    mailing_id = await sent_off(db, mailings, 2)

    async def through() -> bool:
        return (await db.read(mailings.tally, mailing_id)).left == 0

    async with at_work():
        await eventually(through)
    assert await db.read(mailings.tally, mailing_id) == Tally(sent=1, in_doubt=1)
    assert len({mail.recipient for mail in sink.mails}) == len(sink.mails) == 2
    (doubtful,) = [one for one in await rows(db) if one.state == "in_doubt"]
    assert doubtful.reply == "A fault in the worker (RuntimeError)."


async def test_one_that_cannot_be_read_is_held_and_others_go(
    db: Database, mailings: Mailings, at_work: AtWork, sink: Sink
) -> None:
    readers = await people(db, 5)
    bad, good = [await db.write(mailings.start, content()) for _ in range(2)]
    for mailing_id in (bad, good):
        await db.write(mailings.fill, mailing_id, readers)
    await run(db, "UPDATE mailings SET content = :junk WHERE id = :id", junk=b"{}", id=bad)

    async def through() -> bool:
        return (await db.read(mailings.tally, good)).left == 0

    async with at_work():
        await eventually(through)
    assert await db.read(mailings.tally, bad) == Tally(queued=5)
    found = await db.read(mailings.find, bad)
    assert (found.state, found.why) == ("held", "The frozen message can't be read.")
    assert {row.worker for row in await rows(db)} == {None}


async def test_no_mailing_waits_until_others_are_through(db: Database, mailings: Mailings) -> None:
    readers = await people(db, 30)
    open_ = [await db.write(mailings.start, content()) for _ in range(20)]
    for mailing_id in open_:
        await db.write(mailings.fill, mailing_id, readers)
    served: set[int] = set()
    after = 0
    for _ in range(3):
        jobs = await db.write(bulk_ledger.reserve, 1, 100, UNLIMITED, after)
        after = jobs[-1].mailing_id
        served |= {job.mailing_id for job in jobs}
    assert served == set(open_)
