"""SQLite behind the port: one writer that commits what waits together, a few readers, one file."""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal

from newsletter.clock import monotonic
from newsletter.errors import Unavailable
from newsletter.storage import copies as kept
from newsletter.storage import sqlite_file
from newsletter.storage.db import ROWS_PER_CHUNK, Action, P, Param, T, Topics, touch, unavailable
from newsletter.storage.sqlite_file import READER_PRAGMAS, WRITER_PRAGMAS, Connection, primary_code
from newsletter.storage.sqlite_short import commit_short
from newsletter.storage.sqlite_tx import Waiting, commit_together, is_trouble, look

_log = logging.getLogger(__name__)

READERS = 3
LARGEST_BATCH = 256
"""Actions that share a commit: enough to make the fsync cheap, few enough that nobody waits long."""

MOST_TURNS = 20
"""Of the loop, for which a batch waits while each brings somebody. One that starts at once is small, and its thread and
the loop hold each other up: confirmations came from 0.60, 0.63 and 0.66 of a handler that stores nothing to 0.70, 0.71
and 0.74; with 3 turns there is no difference, and for sign-ups none at all (medians of four pairs)."""

SCRUB_SECONDS = 10.0
_ASKED_SECONDS = 1.0  # at most, that somebody waits who only asks whether anything can be stored
_PASSING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL)
_WHY = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_BUSY: "another program holds the database",
    sqlite3.SQLITE_LOCKED: "another program holds the database",
}


class SqliteDatabase:
    engine: Literal["sqlite"] = "sqlite"

    def __init__(self, path: Path, clock: Callable[[], int], patience: float) -> None:
        self._path = path
        self._clock = clock
        self._patience = patience
        self._writer: Connection | None = None
        self._opening = asyncio.Lock()
        self._readers: list[Connection] = []
        self._idle: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()  # the warmest cache first
        self._waiting: deque[Waiting] = deque()
        self._flushing: asyncio.Task[None] | None = None
        self._short: set[asyncio.Task[bool]] = set()
        self._topics = Topics()
        self._trouble = ""  # of the last write
        self._closed = False

    async def open(self) -> None:
        """Makes the file (0600) where there is none. Raises SettingsError, Unavailable."""
        sqlite_file.make_file(self._path)
        try:
            await (await self._current_writer()).run(sqlite_file.require_log)
            for _ in range(READERS):
                self._readers.append(await self._connect(READER_PRAGMAS))
                self._idle.put_nowait(self._readers[-1])
        except (sqlite3.Error, OSError) as error:
            await self.close()
            raise sqlite_file.cannot_open(self._path, error) from None

    async def read(self, action: Action[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._refuse_when_closed()
        reader = await self._idle.get()
        try:
            return await reader.run(partial(look, clock=self._clock, action=action, args=args, kwargs=kwargs))
        except sqlite3.Error as error:
            raise _explanation(error) from None
        finally:
            self._idle.put_nowait(reader)

    async def write(self, action: Action[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._refuse_when_closed()
        loop = asyncio.get_running_loop()
        waiting = Waiting(action, args, kwargs, loop.create_future())
        self._waiting.append(waiting)
        if self._flushing is None:
            self._flushing = loop.create_task(self._flush())
        result: T = await waiting.future
        return result

    async def write_short(self, action: Action[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._refuse_when_closed()
        waiting = Waiting(action, args, kwargs, asyncio.get_running_loop().create_future())
        doing = asyncio.create_task(self._commit_short(waiting))
        self._short.add(doing)
        doing.add_done_callback(self._short.discard)
        if not await asyncio.shield(doing):  # whose caller is cancelled is done, and others are told
            return await self.write(action, *args, **kwargs)
        result: T = await waiting.future
        return result

    async def _commit_short(self, waiting: Waiting) -> bool:
        whole = await self._on_writer(partial(commit_short, clock=self._clock, waiting=waiting), 1)
        if whole:
            self._tell(waiting)
        return whole

    async def write_in_crowd(
        self,
        about: str,  # noqa: ARG002  one writer, one after the other: nothing to keep apart
        action: Action[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        return await self.write(action, *args, **kwargs)

    async def _flush(self) -> None:
        """Commits batch after batch until nobody waits; the next to come starts it again."""
        batch: list[Waiting] = []
        try:
            while self._waiting:
                await self._all_in()
                batch = self._next_batch()
                await self._commit(batch)
        except BaseException:  # the loop is being torn down: what became of the batch is not known
            for waiting in (*batch, *self._waiting):
                waiting.future.cancel()
            self._waiting.clear()
            raise
        finally:
            self._flushing = None

    async def _all_in(self) -> None:
        """Lets who is on the way in come along: one turn of the loop more, as long as each brings somebody."""
        waiting = 0
        for _ in range(MOST_TURNS):
            if not waiting < len(self._waiting) < LARGEST_BATCH:
                return
            waiting = len(self._waiting)
            await asyncio.sleep(0)

    def _next_batch(self) -> list[Waiting]:
        size = min(len(self._waiting), LARGEST_BATCH)
        taken = [self._waiting.popleft() for _ in range(size)]
        return [waiting for waiting in taken if not waiting.future.done()]  # its caller was cancelled

    async def _commit(self, batch: Sequence[Waiting]) -> None:
        if not batch:
            return
        try:
            await self._on_writer(partial(commit_together, clock=self._clock, batch=batch), len(batch))
        except Unavailable:
            for waiting in batch:
                waiting.fail()
        else:
            for waiting in batch:
                self._tell(waiting)

    async def _on_writer(self, function: Callable[[sqlite3.Connection], T], actions: int) -> T:
        """Raises Unavailable, once it was noted why."""
        try:
            writer = await self._current_writer()
            done = await writer.run(function)
        except sqlite3.Error as error:
            self._note_trouble(error, actions)
            await self._doubt_writer(error)
            raise unavailable() from None
        if self._trouble:
            _log.warning("SQLite stores again.")
            self._trouble = ""
        return done

    def _tell(self, waiting: Waiting) -> None:
        waiting.tell()
        for topic in waiting.topics:
            self._topics.wake(topic)

    async def _current_writer(self) -> Connection:
        async with self._opening:
            if self._writer is None:
                self._writer = await self._connect(WRITER_PRAGMAS)
            return self._writer

    def _note_trouble(self, error: sqlite3.Error, count: int) -> None:
        """Told once, not a hundred times a second: the log may lie on the same full disk."""
        why = _WHY.get(primary_code(error), "the disk fails")
        if why != self._trouble:
            _log.error("SQLite could not commit %d actions: %s", count, error)
        self._trouble = why

    async def _doubt_writer(self, error: sqlite3.Error) -> None:
        """After a failed fsync nobody knows what the kernel has kept: such a connection is given up."""
        if primary_code(error) in _PASSING or self._writer is None:
            return
        _log.error("SQLite's writing connection is given up for a new one")
        writer, self._writer = self._writer, None
        with suppress(sqlite3.Error):
            await writer.close()

    async def stream(self, sql: str, /, **params: Param) -> AsyncGenerator[list[tuple[Any, ...]], None]:
        self._refuse_when_closed()
        try:
            connection = await self._connect(READER_PRAGMAS)  # its own: a slow taker holds up nobody
            try:
                cursor = await connection.run(lambda raw: raw.execute(sql, params))
                try:
                    while rows := await connection.run(lambda _: cursor.fetchmany(ROWS_PER_CHUNK)):
                        yield rows
                finally:
                    await connection.run(lambda _: cursor.close())  # else its snapshot could outlive it
            finally:
                await connection.close()
        except sqlite3.Error as error:
            raise _explanation(error) from None

    async def wait(self, topic: str, timeout: float) -> bool:  # noqa: ASYNC109  as the port has it
        return await self._topics.wait(topic, timeout)

    def woken(self, topic: str) -> int:
        return self._topics.woken[topic]

    async def trouble(self, *, ask: bool = False) -> str:
        if self._trouble or ask:
            with suppress(Unavailable, TimeoutError):
                await asyncio.wait_for(self.write(touch), _ASKED_SECONDS)
        return self._trouble

    async def scrub(self, *traces: str, copies: bool = True) -> None:
        """Empties the write-ahead log; without `traces` it also writes the whole file anew.

        secure_delete zeroes what is deleted, but not the gap that stays in a page when SQLite moves rows
        to its neighbours: of people erased after random work, up to 1 % were still to be found there. Only
        VACUUM rewrites such pages, and it holds up writers for as long as it takes to copy the file (200 MB:
        3 s). So the callers share one a day among all who were erased, whoever caused it.

        It does not depend on a search: a gap also keeps copies of rows that live on elsewhere, in which every
        Anna is found, and of a row that is gone perhaps no address, since a sign-up's row has none.
        """
        try:
            if copies:
                await asyncio.to_thread(kept.delete, self._path)
            await self._truncate_log()
            if not traces:
                await (await self._current_writer()).run(sqlite_file.vacuum)
                await self._truncate_log()
        except (sqlite3.Error, OSError) as error:
            _log.error("SQLite could not be scrubbed: %s", error)
            raise Unavailable(
                "It is erased, but traces may stay in the file until this is repeated."
            ) from None

    async def _truncate_log(self) -> None:
        until = monotonic() + SCRUB_SECONDS
        while not await (await self._current_writer()).run(sqlite_file.truncate_log):
            if monotonic() > until:
                raise sqlite3.OperationalError("somebody has been reading an old snapshot for too long")
            await asyncio.sleep(0.05)

    async def checkpoint(self, *, again: bool) -> None:
        if self._closed:  # as who is broken off may come here last
            return
        with suppress(sqlite3.Error):  # as after a COMMIT: the log stays, and the next one tries again
            await (await self._current_writer()).run(partial(sqlite_file.checkpoint, again=again))

    async def close(self) -> None:
        """Finishes what waits. The writer goes last: the last to close checkpoints."""
        self._closed = True
        if under_way := [*self._short, *([self._flushing] if self._flushing else [])]:
            await asyncio.wait(under_way)
        for connection in (*self._readers, self._writer):
            if connection:
                await connection.close()

    async def _connect(self, pragmas: str) -> Connection:
        return await sqlite_file.connect(self._path, pragmas, self._patience)

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise unavailable()


def _explanation(error: sqlite3.Error) -> Exception:
    if not is_trouble(error):
        return error
    _log.error("SQLite could not read: %s", error)
    return unavailable()
