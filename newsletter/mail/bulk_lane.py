"""One connection's life in a broadcast: the end of two messages and the beginning of two more are one write."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from newsletter import clock
from newsletter.mail.books import Books
from newsletter.mail.breaker import Verdict
from newsletter.mail.bulk_ledger import Job, Want
from newsletter.mail.handover import where
from newsletter.mail.ledger import Result, release, settlement
from newsletter.mail.pipeline import Parcel, Pipeline
from newsletter.mail.smtp import UNREACHED, Connection, Outcome, RelayTrouble
from newsletter.mail.wire import Broken

AT_ONCE = 2
"""Messages that a connection begins in one write. As many are in doubt when its worker dies."""

STALE = 1.0
"""Seconds until what was begun and has not left is looked at once more."""

_OUT = "An envelope was out to somebody who may not be written to any more."

_log = logging.getLogger(__name__)


class Ready(msgspec.Struct, frozen=True):
    """A reserved row, its message, and what the ledger is asked before that may leave."""

    job: Job
    parcel: Parcel
    want: Want


class Feed(Protocol):
    """Where a lane gets its work, and who learns of its end."""

    @property
    def asks(self) -> bool:
        """Whether its owner is asked about what may have arrived, or it is sent once more."""

    def take(self) -> Ready | None: ...
    def drop(self, id: int) -> None: ...
    def heard(self, outcome: Outcome) -> None: ...
    def broke(self) -> None: ...


class Lane:
    def __init__(self, feed: Feed, books: Books, connection: Connection, *, most: int) -> None:
        self._feed = feed
        self._books = books
        self._connection = connection
        self._pipeline = Pipeline(connection)
        self._most = most
        self._begun: deque[Ready] = deque()  # in the journal, in the order they leave
        self._begun_at = 0.0
        self._dotted = False  # all of the first of them is on its way
        self._drawn: list[Ready] = []  # not begun yet
        self._promised = False  # the first one's envelope is out
        self._judged = False  # a connection that is dead from the start shall say so, and not just be left
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
            self._feed.broke()
            self._undo(f"A fault in the worker ({type(error).__name__}).", 0)
        try:
            if self._ended:
                await self._turn([])
        finally:
            for one in self._ended:  # not written down: they are astray, and will be found
                self._feed.drop(one.id)

    async def _flow(self) -> None:
        while self._begun or await self._begin():
            current = self._begun[0]
            if not self._promised:
                if self._is_stale and not await self._may_still(current):
                    continue
                self._pipeline.begin(current.parcel)
            refused = await self._pipeline.judged()
            self._promised = False
            if refused:
                self._note(refused)
            elif not self._is_stale or await self._may_still(current):
                await self._exchange(current)
            else:
                raise RelayTrouble(_OUT)

    async def _exchange(self, current: Ready) -> None:
        """This message out, and with its dot the next envelope; then its verdict."""
        following = self._begun[1] if len(self._begun) > 1 else self._draw() if self._going_on else None
        self._pipeline.carry(current.parcel, following.parcel if following else None)
        self._dotted, self._promised = True, following is not None
        try:
            outcome = await self._pipeline.verdict()
        except RelayTrouble:
            self._dotted = False  # the server has said that it did not take it
            raise
        self._note(outcome)

    @property
    def _going_on(self) -> bool:
        return not self._judged or (self._connection.wire.quiet and self._connection.carried < self._most)

    def _draw(self) -> Ready | None:
        """The next that there is; it can be made and written to this server, and may not be sent yet."""
        while ready := self._feed.take():
            if self._connection.reaches(ready.parcel.recipient):
                self._drawn.append(ready)
                return ready
            self._end(ready.job, UNREACHED.result, UNREACHED.words)
        return None

    async def _begin(self) -> bool:
        """The next that may be sent, written down with the end of those before them. Whether there are any."""
        while True:
            while len(self._drawn) < AT_ONCE and (self._promised or self._going_on) and self._draw():
                pass
            if not self._drawn:
                return False
            self._begun_at = clock.monotonic()
            begun = await self._turn(self._drawn)
            first = self._drawn[0]
            refused = [one for one in self._drawn if one.job.id not in begun]
            self._begun.extend(one for one in self._drawn if one.job.id in begun)
            self._drawn = []
            for one in refused:
                self._feed.drop(one.job.id)
            if self._promised and first in refused:
                self._promised = False
                if self._connection.pipelining:
                    raise RelayTrouble(_OUT)
            if self._begun:
                return True

    @property
    def _is_stale(self) -> bool:
        """A server may think for minutes about the message before: who has left in that time is asked for once more."""
        return clock.monotonic() - self._begun_at >= STALE

    async def _may_still(self, current: Ready) -> bool:
        if current.job.id in await self._turn([current]):
            return True
        self._feed.drop(self._begun.popleft().job.id)
        return False

    async def _turn(self, drawn: Sequence[Ready]) -> set[int]:
        begun = await self._books.turn(self._ended, [one.want for one in drawn])
        self._ended = []
        return begun

    def _note(self, outcome: Outcome) -> None:
        self._judged = True
        self._feed.heard(outcome)
        self._end(self._begun.popleft().job, outcome.result, outcome.words, outcome.code)
        self._dotted = False

    def _end(self, job: Job, result: Result, words: str, code: int = 0) -> None:
        if result == "sent":  # nearly all: nothing of it is to be weighed
            self._ended.append(Verdict(job.id, "sent", words, mailing_id=job.mailing_id, code=code))
            return
        done = settlement(job, result, words, ask=self._feed.asks)
        self._ended.append(Verdict.of(done, job.mailing_id, code))

    def _undo(self, why: str, pause: float) -> None:
        """The connection is lost: what was all written is in doubt, the rest was certainly not delivered."""
        self._connection.cut()
        if self._dotted:
            self._end(self._begun.popleft().job, "in_doubt", why)
        for one in (*self._begun, *self._drawn):
            self._ended.append(Verdict.of(release(one.job, why, int(pause * 1000)), one.job.mailing_id))
        self._begun.clear()
        self._drawn = []
