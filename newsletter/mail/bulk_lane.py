"""One connection's life in a broadcast: each message's end and the next one's beginning are one line in the books."""

import logging
from collections.abc import Callable
from typing import Protocol

import msgspec

from newsletter.mail.books import Books
from newsletter.mail.breaker import Verdict
from newsletter.mail.bulk_ledger import Job, Want
from newsletter.mail.handover import where
from newsletter.mail.ledger import Result, release, settlement
from newsletter.mail.pipeline import Parcel, Pipeline
from newsletter.mail.smtp import Connection, Outcome, RelayTrouble
from newsletter.mail.wire import Broken

_log = logging.getLogger(__name__)


class Ready(msgspec.Struct, frozen=True):
    """A reserved row, its message, and what the ledger is asked before that may leave."""

    job: Job
    parcel: Parcel
    want: Want


class Feed(Protocol):
    """Where a lane gets its work, and who learns of its end."""

    def take(self) -> Ready | None: ...
    def drop(self, id: int) -> None: ...
    def heard(self, outcome: Outcome) -> None: ...


class Lane:
    def __init__(
        self, feed: Feed, books: Books, connection: Connection, sender: str, *, ask: bool, most: int
    ) -> None:
        self._feed = feed
        self._books = books
        self._connection = connection
        self._pipeline = Pipeline(connection, sender)
        self._ask = ask
        self._most = most
        self._current: Ready | None = None
        self._upcoming: Ready | None = None
        self._dotted = False  # all of the current one is on its way
        self._ended: list[Verdict] = []  # what the books don't hold yet

    async def run(self, *, trouble: Callable[[RelayTrouble], float]) -> None:
        """Until there is no more work, the connection has carried enough, or it breaks."""
        try:
            await self._flow()
        except (RelayTrouble, Broken) as error:
            # A connection may end at any time; one that never carried anything tells of the relay.
            pause = 0 if self._connection.carried else trouble(RelayTrouble(str(error)))
            self._undo(str(error), pause)
        except Exception as error:  # noqa: BLE001  a fault of our own: what it holds is settled, others go on
            _log.error("A lane broke: %s", where(error))
            self._undo(f"A fault in the worker ({type(error).__name__}).", 0)
        try:
            if self._ended:
                await self._turn(None)
        finally:
            for one in self._ended:  # not written down: they are astray, and will be found
                self._feed.drop(one.id)

    async def _flow(self) -> None:
        self._current = await self._begin()
        fresh = True
        while self._current:
            if fresh:
                self._pipeline.begin(self._current.parcel)
            refused = await self._pipeline.judged()
            fresh = refused is not None
            if refused:
                self._note(refused)
                self._current = await self._begin() if self._going_on else None
            else:
                await self._exchange(self._current)

    async def _exchange(self, current: Ready) -> None:
        """This message out and the next envelope; while the server thinks, the books; then its verdict."""
        self._upcoming = self._feed.take() if self._going_on else None
        self._pipeline.carry(current.parcel, self._upcoming.parcel if self._upcoming else None)
        self._dotted = True
        begun = await self._turn(self._upcoming)
        unwanted = None if begun else self._upcoming
        if unwanted:
            self._feed.drop(unwanted.job.id)
            self._upcoming = None
        try:
            outcome = await self._pipeline.verdict()
        except RelayTrouble:
            self._dotted = False  # the server has said that it did not take it
            raise
        self._note(outcome)
        if unwanted and self._connection.pipelining:
            self._connection.cut()  # its envelope can't be taken back
        self._current, self._upcoming = self._upcoming, None

    @property
    def _going_on(self) -> bool:
        return self._connection.wire.quiet and self._connection.carried < self._most

    async def _begin(self) -> Ready | None:
        """The next that may be sent, written down as `sending`."""
        while ready := self._feed.take():
            self._upcoming = ready
            if await self._turn(ready):
                self._upcoming = None
                return ready
            self._feed.drop(ready.job.id)
        self._upcoming = None
        return None

    async def _turn(self, ready: Ready | None) -> bool:
        ended = self._ended
        begun = await self._books.turn(ended, ready.want if ready else None)
        self._ended = []
        for one in ended:
            self._feed.drop(one.id)
        return begun

    def _note(self, outcome: Outcome) -> None:
        assert self._current
        self._feed.heard(outcome)
        self._end(self._current.job, outcome.result, outcome.words, outcome.code)
        self._current, self._dotted = None, False

    def _end(self, job: Job, result: Result, words: str, code: int = 0) -> None:
        done = settlement(job, result, words, ask=self._ask)
        self._ended.append(Verdict.of(done, job.mailing_id, code))

    def _undo(self, why: str, pause: float) -> None:
        """The connection is lost: what was all written is in doubt, the rest was certainly not delivered."""
        self._connection.cut()
        if self._current and self._dotted:
            self._end(self._current.job, "in_doubt", why)
        for one in (None if self._dotted else self._current, self._upcoming):
            if one:
                self._ended.append(Verdict.of(release(one.job, why, int(pause * 1000)), one.job.mailing_id))
        self._current = self._upcoming = None
