"""What all connections have to write down, in as few commits as there can be, and as few rows."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from newsletter import clock
from newsletter.errors import Unavailable
from newsletter.mail import bulk_turns
from newsletter.mail.breaker import Verdict
from newsletter.mail.bulk_ledger import Want
from newsletter.mail.limits import limits_of
from newsletter.settings import Settings
from newsletter.storage import Database

_AGAIN = 1.0  # seconds until a database that was away is asked again
_MANY = 250
"""So many rows are settled at once: a few milliseconds, so that no sign-up waits for longer."""
_MOMENT = 0.001
"""Seconds, for which a commit waits as long as each such moment brings another lane. It costs as much as ten messages
do, however many it holds."""
_LATE = 0.5
"""Seconds, at most, until a row says what its server has said."""


class _Entry(NamedTuple):
    done: Sequence[Verdict]
    wants: Sequence[Want]
    begun: "asyncio.Future[set[int]]"


class Books:
    """One writer for a worker's lanes: what comes while it writes goes into its next commit.

    What servers accept is noted in the journal at once, and written into its rows with many others, or as soon as
    there is anything else to say than that; `settled` is told of each that is.
    """

    def __init__(
        self,
        db: Database,
        worker: int,
        settings: Settings,
        settled: Callable[[int], None],
        lanes: Callable[[], int] = lambda: 0,
    ) -> None:
        """`lanes`: how many there are that may come."""
        self._db = db
        self._worker = worker
        self._settings = settings
        self._settled = settled
        self._lanes = lanes
        self._waiting: list[_Entry] = []
        self._writing: asyncio.Task[None] | None = None
        self._gathering: asyncio.TimerHandle | None = None
        self._wire = set[int]()  # begun, and not answered
        self._accepted: list[Verdict] = []  # in the journal, and not in their rows
        self._since = 0.0  # when the first of them was
        self._alarm: asyncio.TimerHandle | None = None

    async def turn(self, done: Sequence[Verdict], wants: Sequence[Want]) -> set[int]:
        """What became of some, and others are about to be sent: the ids of those that may be.

        Both are on the disk when this returns. A database that is away is waited for: what a server has said must
        not be lost.
        """
        entry = _Entry(done, wants, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        self._gather()
        return await entry.begun

    def _gather(self) -> None:
        """Writes when all lanes wait, or lets those that are on the way come along."""
        if self._writing or not self._waiting:
            return
        if len(self._waiting) >= self._lanes():
            self._begin()
        elif self._gathering is None:
            self._wait_for_more()

    def _wait_for_more(self, seen: int = 0) -> None:
        if len(self._waiting) == seen:
            self._begin()
        else:
            loop = asyncio.get_running_loop()
            self._gathering = loop.call_later(_MOMENT, self._wait_for_more, len(self._waiting))

    def _begin(self) -> None:
        if self._gathering:
            self._gathering.cancel()
            self._gathering = None
        self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            begun = await self._commit(batch)
            for entry in batch:
                if not entry.begun.done():
                    entry.begun.set_result(begun)
            if len(self._accepted) >= _MANY:
                await self._settle()
        except BaseException as error:
            for entry in (*batch, *self._waiting):
                if not entry.begun.done():
                    entry.begun.set_exception(error) if isinstance(error, Exception) else entry.begun.cancel()
            self._waiting = []
            if not isinstance(error, Exception):
                raise
        finally:
            self._writing = None
            self._gather()

    async def _commit(self, batch: Sequence[_Entry]) -> set[int]:
        done = [one for entry in batch for one in entry.done]
        wants = [want for entry in batch for want in entry.wants]
        settling = [*self._accepted, *done] if self._is_time(done, wants) else []
        wire = self._wire.difference(one.id for one in done)
        begun = await self._begun(settling, [] if settling else done, wants, wire)
        self._wire = wire.difference(want.row_id for want in wants) | begun
        self._accepted = [] if settling else [*self._accepted, *done]
        for one in settling:
            self._settled(one.id)
        self._set_alarm()
        return begun

    async def _settle(self) -> None:
        """The rows of what was accepted, while the lanes send: as a part of their commit it would hold them up."""
        some = self._accepted
        with suppress(Unavailable):  # the next commit asks again
            await self._db.write(
                bulk_turns.turn, self._worker, some, [], limits_of(self._settings), wire=self._wire
            )
            self._accepted = []
            for one in some:
                self._settled(one.id)
            self._set_alarm()

    async def _begun(
        self, done: Sequence[Verdict], accepted: Sequence[Verdict], wants: Sequence[Want], wire: set[int]
    ) -> set[int]:
        while True:
            try:
                limits = limits_of(self._settings)
                write = self._db.write if done else self._db.write_short
                return await write(
                    bulk_turns.turn, self._worker, done, wants, limits, accepted=accepted, wire=wire
                )
            except Unavailable:
                await asyncio.sleep(_AGAIN)

    def _is_time(self, done: Sequence[Verdict], wants: Sequence[Want]) -> bool:
        """Whether rows are settled now. A provider's room is counted by its rows."""
        return (
            not wants
            or bool(self._settings.domain_limits)
            or any(one.state != "sent" for one in done)
            or (bool(self._since) and clock.monotonic() - self._since >= _LATE)
        )

    def _set_alarm(self) -> None:
        """Where all servers think for long, what they have said before is not kept back."""
        if self._accepted and not self._since:
            self._since = clock.monotonic()
            self._alarm = asyncio.get_running_loop().call_later(_LATE, self._ring)
        elif not self._accepted:
            self._since = 0.0
            if self._alarm:
                self._alarm.cancel()

    def _ring(self) -> None:
        ended = asyncio.ensure_future(self.turn([], []))
        ended.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def close(self) -> None:
        for timer in (self._alarm, self._gathering):
            if timer:
                timer.cancel()
        if self._writing:
            self._writing.cancel()
            await asyncio.wait([self._writing])
