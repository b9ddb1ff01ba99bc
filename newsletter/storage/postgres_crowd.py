"""How PostgreSQL keeps pace with a crowd: actions that come together run in step, in one transaction.

A statement costs a round trip, and asyncpg and the server 100 µs and more between them; 64 of the same in
one pipelined call cost a tenth of that each (measured). So each action is driven up to the statement it
asks for; what several ask alike goes out as one call; each gets its own rows back, and all go on.

They share a transaction, so none may touch what another in the same batch is about: `about` keeps them apart.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from typing import Any, Literal, cast

from newsletter.errors import NewsletterError
from newsletter.storage.crowd_statements import PLACE, only_reads, placed, table_of, together
from newsletter.storage.db import ConstraintError, Param, S, Tallies, add_up, row_maker
from newsletter.storage.placeholders import bound, compiled

_log = logging.getLogger(__name__)

LANES = 3
LARGEST_BATCH = 24
"""While PostgreSQL works on one batch, the next is read and answered: of 64 who confirm at once, three lanes of 24
made 0.60 of a handler that stores nothing, one lane of all of them 0.51 (medians of ten pairs)."""


Rows = list[tuple[Any, ...]]
Statement = Callable[[str, list[Any], str], Awaitable[list[Any]]]


class Ask:
    """A statement that an action waits for; the answer is its columns and rows."""

    __slots__ = ("params", "sql")

    def __init__(self, sql: str, params: Mapping[str, Param]) -> None:
        self.sql, self.params = sql, params

    def __await__(self) -> Generator["Ask", tuple[tuple[str, ...], Rows], tuple[tuple[str, ...], Rows]]:
        return (yield self)


class CrowdTx:
    """One action's view of the transaction that it shares."""

    engine: Literal["postgres"] = "postgres"

    def __init__(self, now: int) -> None:
        self.now = now
        self.topics: list[str] = []
        self.tallies: Tallies = {}
        self._put: dict[str, tuple[str, Mapping[str, Param]]] = {}  # by table: none of them sees another

    async def one(self, type: type[S], sql: str, /, **params: Param) -> S | None:
        columns, rows = await self._ask(sql, params)
        return row_maker(type, columns)(rows[0]) if rows else None

    async def all(self, type: type[S], sql: str, /, **params: Param) -> list[S]:
        columns, rows = await self._ask(sql, params)
        return list(map(row_maker(type, columns), rows)) if rows else []

    async def value(self, sql: str, /, **params: Param) -> Any:
        _, rows = await self._ask(sql, params)
        return rows[0][0] if rows else None

    async def run(self, sql: str, /, **params: Param) -> int:
        _, rows = await self._ask(sql, params)
        return len(rows)

    async def put(self, sql: str, /, **params: Param) -> None:
        table = table_of(sql)
        if table in self._put:
            await self.flush()
        self._put[table] = sql, params

    async def tally(self, sql: str, count: int, /, **params: Param) -> None:
        key = sql, tuple(params.items())
        self.tallies[key] = self.tallies.get(key, 0) + count

    async def many(self, sql: str, rows: Sequence[Mapping[str, Param]]) -> None:
        for row in rows:
            await self.run(sql, **row)

    def wake(self, topic: str) -> None:
        self.topics.append(topic)

    async def _ask(self, sql: str, params: Mapping[str, Param]) -> tuple[tuple[str, ...], Rows]:
        if self._put:
            await self.flush()
        return await Ask(sql, params)

    async def flush(self) -> None:
        """Does what was put."""
        put, self._put = tuple(self._put.values()), {}
        if len(put) == 1:
            await Ask(*put[0])
        elif put:
            params = {
                f"put{n}_{name}": value for n, (_, own) in enumerate(put) for name, value in own.items()
            }
            await Ask(together(tuple(sql for sql, _ in put)), params)


class Member:
    """A caller's action in the crowd and, once it ran, what came of it."""

    __slots__ = ("about", "action", "answer", "coroutine", "error", "future", "tx", "value", "wrote")

    def __init__(self, about: str, action: Callable[[Any], Coroutine[Any, Any, Any]]) -> None:
        self.about = about
        self.action = action
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.value: Any = None
        self.error: NewsletterError | None = None
        self.answer: tuple[tuple[str, ...], Rows] | None = None

    def begin(self, now: int) -> None:
        self.tx = CrowdTx(now)
        self.coroutine = self._whole()
        self.answer = self.error = None
        self.wrote = False

    async def _whole(self) -> Any:
        value = await self.action(self.tx)
        await self.tx.flush()
        return value

    def go_on(self) -> Ask | None:
        """The next statement it asks for; None when it is done, also by an error that left nothing to undo.

        Raises whatever else the action raises.
        """
        try:
            ask = self.coroutine.send(self.answer)
        except StopIteration as done:
            self.value = done.value
            return None
        except NewsletterError as error:
            if self.wrote:
                raise
            self.error = error
            return None
        if not isinstance(ask, Ask):
            raise RuntimeError("A storage action awaited something other than its tx.")  # noqa: TRY004  no type
        return ask


class Crowd:
    """Gathers members while a batch is under way, and lets the next batch of them run in step.

    `in_step(batch)` runs one in a transaction; where it fails, `alone(action)` runs each by itself, so that
    only the one at fault gets to know.
    """

    def __init__(
        self,
        in_step: Callable[[Sequence[Member]], Awaitable[None]],
        alone: Callable[[Callable[[Any], Coroutine[Any, Any, Any]]], Awaitable[Any]],
    ) -> None:
        self._in_step = in_step
        self._alone = alone
        self._waiting: deque[Member] = deque()
        self._under_way: set[str] = set()  # matters
        self._lanes: set[asyncio.Task[None]] = set()

    async def join(self, about: str, action: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
        member = Member(about, action)
        self._waiting.append(member)
        if len(self._lanes) < LANES:
            lane = asyncio.get_running_loop().create_task(self._run())
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        return await member.future

    async def _run(self) -> None:
        """One batch after the other. A lane that finds nothing ends: what waits is about a matter under way, and
        whose lane comes back for it."""
        batch: Sequence[Member] = ()
        try:
            while batch := self._next_batch():
                try:
                    await self._settle(batch)
                finally:
                    self._under_way.difference_update(member.about for member in batch)
        except BaseException:  # the loop is being torn down
            for member in (*batch, *self._waiting):
                member.future.cancel()
            self._waiting.clear()
            raise
        finally:  # at once: who joins before the loop's next turn must find it gone
            self._lanes.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    def _next_batch(self) -> list[Member]:
        """The first of each matter, in the order of their matters: two batches then seldom wait for each other
        in a ring. Where they do, PostgreSQL breaks one off, and it is tried again."""
        batch: dict[str, Member] = {}
        later: list[Member] = []
        while self._waiting and len(batch) < LARGEST_BATCH:
            member = self._waiting.popleft()
            if member.about in self._under_way or batch.setdefault(member.about, member) is not member:
                later.append(member)
        self._waiting.extendleft(reversed(later))
        self._under_way.update(batch)
        return [batch[about] for about in sorted(batch)]

    async def _settle(self, batch: Sequence[Member]) -> None:
        """One that came alone goes the same way: what it puts goes out as one there."""
        try:
            await self._in_step(batch)
        except Exception as error:  # noqa: BLE001  whose fault it was shows when each runs alone
            if not isinstance(error, NewsletterError | ConstraintError):
                _log.warning("%d actions are done one by one: %s", len(batch), type(error).__name__)
            await asyncio.gather(*map(self._by_itself, batch))
        else:
            for member in batch:
                _tell(member, member.value, member.error)

    async def _by_itself(self, member: Member) -> None:
        try:
            value = await self._alone(member.action)
        except Exception as error:  # noqa: BLE001  it is its caller's
            _tell(member, None, error)
        else:
            _tell(member, value, None)

    async def close(self) -> None:
        """Finishes what waits."""
        if self._lanes:
            await asyncio.wait(self._lanes)


def _tell(member: Member, value: Any, error: Exception | None) -> None:
    if member.future.done():  # its caller was cancelled meanwhile
        return
    if error is None:
        member.future.set_result(value)
    else:
        member.future.set_exception(error)


async def in_step(batch: Sequence[Member], now: int, statement: Statement) -> None:
    """Drives all members to their end. Raises whatever one of them, or the database, raises."""
    for member in batch:
        member.begin(now)
    try:
        active = list(batch)
        while active:
            asked: dict[str, list[tuple[Member, Ask]]] = {}
            for member in active:
                if ask := member.go_on():
                    asked.setdefault(ask.sql, []).append((member, ask))
            active = [member for group in asked.values() for member, _ in group]
            for sql, group in asked.items():
                await _answer(sql, group, statement)
        for sql, params in add_up(member.tx.tallies for member in batch if not member.error):
            text, names = compiled(sql)
            await statement(text, [bound(names, params)], sql)
    finally:
        for member in batch:
            member.coroutine.close()


async def _answer(sql: str, group: Sequence[tuple[Member, Ask]], statement: Statement) -> None:
    text, names = placed(sql)
    values = [bound(names, {**ask.params, PLACE: place}) for place, (_, ask) in enumerate(group)]
    rows = await statement(text, values, sql)
    columns = tuple(rows[0].keys())[:-1] if rows else ()
    writes = not only_reads(sql)
    for member, _ in group:
        member.answer = (columns, [])
    for row in rows:
        *cells, place = row
        member, _ = group[place]
        assert member.answer is not None
        member.answer[1].append(tuple(cells))
        member.wrote |= writes
