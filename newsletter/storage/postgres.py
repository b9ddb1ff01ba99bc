"""PostgreSQL behind the port: a pool; each action a transaction of its own (READ COMMITTED).

asyncpg comes with the extra `[postgres]`: without it this module can be imported, not used.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal

from newsletter.errors import SettingsError, Unavailable
from newsletter.storage.db import (
    ROWS_PER_CHUNK,
    Action,
    P,
    Param,
    S,
    T,
    Topics,
    row_maker,
    touch,
    unavailable,
)
from newsletter.storage.placeholders import bound, compiled
from newsletter.storage.postgres_clock import SharedClock
from newsletter.storage.postgres_crowd import Crowd, Member, in_step
from newsletter.storage.postgres_trouble import AGAIN, ANY, asyncpg, called, explained, reached

_log = logging.getLogger(__name__)

CONNECTIONS = 10
PAUSES = (0.01, 0.03, 0.1, 0.3)
"""Seconds before an action is tried again that PostgreSQL broke off for another's sake."""

_COMMAND_SECONDS = 60.0
_LOOK_SECONDS = 600.0  # for the next rows of many: where few of millions are wanted they may be far apart
_ASKED_SECONDS = 1.0  # at most, that somebody waits who only asks whether anything can be stored

FROZEN = 10.0
"""Seconds that a transaction which writes may stand still. A machine that is frozen in the middle of one, or gone,
would else keep its locks, and all others waiting, until TCP gives it up. Who reads may wait for a slow reader."""

# Each begins a transaction in one round trip.
_BEGIN = "BEGIN"
_BEGIN_READING = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0"
)
_BEGIN_STREAM = f"{_BEGIN_READING}; SET LOCAL cursor_tuple_fraction = 0.0001"
"""As for a reader who takes the first rows of many: they come at once, along an index. Planned as a whole, an export of
five million made and sorted all of its rows first, and took more than a minute for that."""

_BEGIN_IN_STEP = "BEGIN; SET LOCAL lock_timeout = '50ms'"
"""Two batches that wait for each other in a ring would else wait a second for PostgreSQL to see it. Where one is
held up, each of its members is done by itself, which can wait for nobody in a ring."""

_SETTINGS = {"application_name": "newsletter", "synchronous_commit": "on", "timezone": "UTC", "jit": "off"}


class PostgresTx:
    """One action's view of its transaction."""

    engine: Literal["postgres"] = "postgres"

    def __init__(self, connection: Any, now: int) -> None:
        self.now = now
        self.topics: list[str] = []
        self.connection = connection

    async def one(self, type: type[S], sql: str, /, **params: Param) -> S | None:
        row = await self._ask(self.connection.fetchrow, sql, params)
        return None if row is None else row_maker(type, tuple(row.keys()))(row)

    async def all(self, type: type[S], sql: str, /, **params: Param) -> list[S]:
        rows = await self._ask(self.connection.fetch, sql, params)
        return list(map(row_maker(type, tuple(rows[0].keys())), rows)) if rows else []

    async def value(self, sql: str, /, **params: Param) -> Any:
        row = await self._ask(self.connection.fetchrow, sql, params)
        return None if row is None else row[0]

    async def run(self, sql: str, /, **params: Param) -> int:
        status: str = await self._ask(self.connection.execute, sql, params)
        count = status.rpartition(" ")[2]  # "INSERT 0 5", "UPDATE 3", "CREATE TABLE"
        return int(count) if count.isdecimal() else 0

    async def put(self, sql: str, /, **params: Param) -> None:
        await self.run(sql, **params)

    async def tally(self, sql: str, count: int, /, **params: Param) -> None:
        await self.run(sql, **params, count=count)

    async def many(self, sql: str, rows: Sequence[Mapping[str, Param]]) -> None:
        text, names = compiled(sql)
        values = [bound(names, row) for row in rows]
        await explained(called(self.connection.executemany, text, values), sql)

    def wake(self, topic: str) -> None:
        self.topics.append(topic)

    async def _ask(self, method: Callable[..., Awaitable[Any]], sql: str, params: Mapping[str, Param]) -> Any:
        text, names = compiled(sql)
        return await explained(called(method, text, *bound(names, params)), sql)


class PostgresDatabase:
    engine: Literal["postgres"] = "postgres"

    def __init__(self, url: str, clock: Callable[[], int], patience: float) -> None:
        self._url = url
        self._clock = SharedClock(clock)
        self._patience = patience
        self._pool: Any = None
        self._topics = Topics()
        self._crowd = Crowd(self._in_step, self.write)
        self._trouble = ""  # of the last write

    async def open(self) -> None:
        """Raises SettingsError, Unavailable."""
        need_driver()
        self._pool = await reached(
            asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=CONNECTIONS,
                command_timeout=_COMMAND_SECONDS,
                timeout=self._patience,
                server_settings=_SETTINGS
                | {
                    "lock_timeout": str(int(self._patience * 1000)),
                    "idle_in_transaction_session_timeout": str(int(FROZEN * 1000)),
                },
                init=_plain_numbers,
                reset=_keep_as_is,
            )
        )
        async with self._borrowed() as connection:
            await self._clock.heed(connection)

    async def read(self, action: Action[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async def once() -> T:
            async with self._transaction(_BEGIN_READING) as tx:
                return await action(tx, *args, **kwargs)

        return await _persist(once)

    async def write(self, action: Action[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async def once() -> T:
            async with self._transaction() as tx:
                result = await action(tx, *args, **kwargs)
            for topic in tx.topics:
                self._topics.wake(topic)
            return result

        return await self._noted(_persist(once))

    async def write_short(self, action: Action[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.write(action, *args, **kwargs)

    async def write_in_crowd(self, about: str, action: Action[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        result: T = await self._crowd.join(about, lambda tx: action(tx, *args, **kwargs))
        return result

    async def _in_step(self, batch: Sequence[Member]) -> None:
        async def once() -> None:
            async with self._transaction(_BEGIN_IN_STEP) as tx:
                await in_step(batch, tx.now, lambda *asked: _pipelined(tx.connection, *asked))
            for member in batch:
                for topic in member.tx.topics:
                    self._topics.wake(topic)

        await self._noted(_persist(once))

    async def _noted(self, writing: Awaitable[T]) -> T:
        """Whether the last write was stored is remembered for who asks."""
        try:
            result = await writing
        except Unavailable:
            self._trouble = "PostgreSQL does not take it"
            raise
        self._trouble = ""
        return result

    @asynccontextmanager
    async def _transaction(self, begin: str = _BEGIN) -> AsyncIterator[PostgresTx]:
        async with self._borrowed() as connection:
            await self._clock.heed(connection)
            try:
                await explained(connection.execute(begin))
                yield PostgresTx(connection, self._clock())
            except BaseException:
                with suppress(*ANY):
                    await connection.execute("ROLLBACK")
                raise
            await explained(called(connection.execute, "COMMIT"))

    @asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[Any]:
        connection = await explained(self._pool.acquire(timeout=self._patience))
        try:
            yield connection
        finally:
            with suppress(*ANY):
                await self._pool.release(connection)

    async def stream(self, sql: str, /, **params: Param) -> AsyncGenerator[list[tuple[Any, ...]], None]:
        text, names = compiled(sql)
        async with self._transaction(_BEGIN_STREAM) as tx:
            declared = f"DECLARE stream NO SCROLL CURSOR FOR {text}"
            await explained(tx.connection.execute(declared, *bound(names, params)), sql)
            fetch = await explained(tx.connection.prepare(f"FETCH {ROWS_PER_CHUNK} FROM stream"), sql)
            while rows := await explained(fetch.fetch(timeout=_LOOK_SECONDS), sql):
                yield [tuple(row) for row in rows]

    async def wait(self, topic: str, timeout: float) -> bool:  # noqa: ASYNC109  see the port
        return await self._topics.wait(topic, timeout)

    def woken(self, topic: str) -> int:
        return self._topics.woken[topic]

    async def trouble(self, *, ask: bool = False) -> str:
        if self._trouble or ask:
            with suppress(Unavailable, TimeoutError):
                await asyncio.wait_for(self.write(touch), _ASKED_SECONDS)
        return self._trouble

    async def scrub(self, *traces: str, copies: bool = True) -> None:  # noqa: ARG002  it can't be told what to look for
        """A plain VACUUM of our tables: no query, dump or index holds what was deleted.

        PostgreSQL has no secure delete. Bytes of a dead row may stay in its page until that is written
        over, and in its own log until it is recycled; only file system access as its administrator sees them.
        """
        async with self._borrowed() as connection:
            names = await explained(
                connection.fetchval(
                    "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables"
                    " WHERE schemaname = current_schema()"
                )
            )
            await explained(connection.execute(f"VACUUM {names}", timeout=None))

    async def checkpoint(self, *, again: bool) -> None:
        """It has a process for that."""

    async def close(self) -> None:
        await self._crowd.close()
        await self._pool.close()
        self._clock.let_go()


async def _pipelined(connection: Any, text: str, values: list[Any], sql: str) -> list[Any]:
    rows: list[Any] = await explained(connection.fetchmany(text, values), sql)
    return rows


def need_driver() -> None:
    if asyncpg is None:
        raise SettingsError(
            "NEWSLETTER_DATABASE_URL names a PostgreSQL, which needs its driver: "
            'pip install "authors-newsletter[postgres]"'
        )


async def connect(url: str) -> Any:
    """A connection of one's own that waits for locks as long as it takes. Raises SettingsError, Unavailable."""
    need_driver()
    return await reached(asyncpg.connect(url, timeout=30, server_settings=_SETTINGS))


async def _persist(once: Callable[[], Awaitable[T]]) -> T:
    for pause in PAUSES:
        try:
            return await once()
        except AGAIN:
            await asyncio.sleep(pause)
    try:
        return await once()
    except AGAIN as error:
        _log.error("PostgreSQL broke an action off %d times: %s", len(PAUSES) + 1, type(error).__name__)
        raise unavailable() from None


async def _plain_numbers(connection: Any) -> None:
    """`sum` and `avg` give numeric: an int where it is one, else a float, as SQLite does."""
    await connection.set_type_codec(
        "numeric", schema="pg_catalog", encoder=str, decoder=_plain_number, format="text"
    )


def _plain_number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdecimal() else float(text)


async def _keep_as_is(connection: Any) -> None:
    """Nothing to reset, since actions leave no session state: saves a round trip each time."""
