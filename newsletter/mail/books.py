"""What all connections have to write down, in as few commits as there can be."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from newsletter.errors import Unavailable
from newsletter.mail import bulk_ledger
from newsletter.mail.breaker import Verdict
from newsletter.mail.bulk_ledger import Want
from newsletter.mail.limits import Limits
from newsletter.storage import Database

_AGAIN = 1.0  # seconds until a database that was away is asked again


class _Entry(NamedTuple):
    done: Sequence[Verdict]
    wants: Sequence[Want]
    begun: "asyncio.Future[set[int]]"


class Books:
    """One writer for a worker's lanes: what comes while it writes goes into its next commit."""

    def __init__(self, db: Database, worker: int, limits: Limits) -> None:
        self._db = db
        self._worker = worker
        self._limits = limits
        self._waiting: list[_Entry] = []
        self._writing: asyncio.Task[None] | None = None

    async def turn(self, done: Sequence[Verdict], wants: Sequence[Want]) -> set[int]:
        """What became of some, and others are about to be sent: the ids of those that may be.

        Both are on the disk when this returns. A database that is away is waited for: what a server has said must
        not be lost.
        """
        loop = asyncio.get_running_loop()
        entry = _Entry(done, wants, loop.create_future())
        self._waiting.append(entry)
        if self._writing is None:
            self._writing = loop.create_task(self._write())
        return await entry.begun

    async def _write(self) -> None:
        batch: list[_Entry] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                begun = await self._commit(batch)
                for entry in batch:
                    if not entry.begun.done():
                        entry.begun.set_result(begun)
        except BaseException as error:
            for entry in (*batch, *self._waiting):
                if not entry.begun.done():
                    entry.begun.set_exception(error) if isinstance(error, Exception) else entry.begun.cancel()
            self._waiting = []
            if not isinstance(error, Exception):
                raise
        finally:
            self._writing = None

    async def _commit(self, batch: Sequence[_Entry]) -> set[int]:
        done = [one for entry in batch for one in entry.done]
        wants = [want for entry in batch for want in entry.wants]
        while True:
            try:
                return await self._db.write(bulk_ledger.turn, self._worker, done, wants, self._limits)
            except Unavailable:
                await asyncio.sleep(_AGAIN)

    async def close(self) -> None:
        if self._writing:
            self._writing.cancel()
            await asyncio.wait([self._writing])
