"""What happens inside the thread of a SQLite connection, where whole transactions run in one hop.

A hop into a thread and back costs 20 to 30 µs, a statement 2 to 5 µs: going statement by statement, as
aiosqlite does by itself, reaches a seventh of the rate (measured).
"""

import sqlite3
from asyncio import Future
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Literal, cast

from newsletter.errors import Unavailable
from newsletter.storage.db import ConstraintError, Param, S, T, Tallies, add_up, row_maker, unavailable
from newsletter.storage.sqlite_file import primary_code

# The fault of the disk, of another program or of the machine, not of an action.
_TROUBLE = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
)


def is_trouble(error: sqlite3.Error) -> bool:
    return primary_code(error) in _TROUBLE


class SqliteTx:
    """One action's view of its transaction; every method is done before it first lets go of the thread."""

    engine: Literal["sqlite"] = "sqlite"

    def __init__(self, raw: sqlite3.Connection, now: int) -> None:
        self.now = now
        self.topics: list[str] = []
        self.tallies: Tallies = {}
        self.lost: sqlite3.Error | None = None  # what ended the transaction behind the action's back
        self._raw = raw
        self._execute: Callable[..., sqlite3.Cursor] = raw.execute
        self._executemany: Callable[..., sqlite3.Cursor] = raw.executemany

    async def one(self, type: type[S], sql: str, /, **params: Param) -> S | None:
        try:
            cursor = self._execute(sql, params)
            row = cursor.fetchone()
        except sqlite3.Error as error:
            raise self._failure(error) from None
        return None if row is None else row_maker(type, _columns(cursor))(row)

    async def all(self, type: type[S], sql: str, /, **params: Param) -> list[S]:
        try:
            cursor = self._execute(sql, params)
            rows = cursor.fetchall()
        except sqlite3.Error as error:
            raise self._failure(error) from None
        return list(map(row_maker(type, _columns(cursor)), rows))

    async def value(self, sql: str, /, **params: Param) -> Any:
        try:
            row = self._execute(sql, params).fetchone()
        except sqlite3.Error as error:
            raise self._failure(error) from None
        return None if row is None else row[0]

    async def run(self, sql: str, /, **params: Param) -> int:
        try:
            return max(self._execute(sql, params).rowcount, 0)
        except sqlite3.Error as error:
            raise self._failure(error) from None

    async def put(self, sql: str, /, **params: Param) -> None:
        try:
            self._execute(sql, params)
        except sqlite3.Error as error:
            raise self._failure(error) from None

    async def tally(self, sql: str, count: int, /, **params: Param) -> None:
        key = sql, tuple(params.items())
        self.tallies[key] = self.tallies.get(key, 0) + count

    async def many(self, sql: str, rows: Sequence[Mapping[str, Param]]) -> None:
        try:
            self._executemany(sql, rows)
        except sqlite3.Error as error:
            raise self._failure(error) from None

    def wake(self, topic: str) -> None:
        self.topics.append(topic)

    def _failure(self, error: sqlite3.Error) -> Exception:
        """What the action gets to see. After trouble nothing more is executed, whatever the action catches:
        SQLite may have rolled back by itself, and one more statement would be committed on its own."""
        if is_trouble(error) or not self._raw.in_transaction:
            self.lost = error
            self._execute = self._executemany = _refuse
            return unavailable()
        return ConstraintError(str(error)) if isinstance(error, sqlite3.IntegrityError) else error


def _columns(cursor: sqlite3.Cursor) -> tuple[str, ...]:
    return tuple([column[0] for column in cursor.description or ()])


def _refuse(*_: object) -> sqlite3.Cursor:
    raise unavailable()


class Waiting:
    """A caller's action and, once it ran, what came of it. Its future belongs to the loop's thread."""

    __slots__ = ("action", "args", "error", "future", "kwargs", "tallies", "topics", "value")

    def __init__(
        self, action: Callable[..., Coroutine[Any, Any, Any]], args: Any, kwargs: Any, future: Future[Any]
    ) -> None:
        self.action, self.args, self.kwargs, self.future = action, args, kwargs, future
        self.value: Any = None
        self.error: BaseException | None = None
        self.topics: Sequence[str] = ()
        self.tallies: Tallies = {}

    def tell(self) -> None:
        if self.future.done():  # its caller was cancelled meanwhile
            return
        if self.error is None:
            self.future.set_result(self.value)
        else:
            self.future.set_exception(self.error)

    def fail(self) -> None:
        if not self.future.done():
            self.future.set_exception(unavailable())


def commit_together(raw: sqlite3.Connection, clock: Callable[[], int], batch: Sequence[Waiting]) -> None:
    """Runs every action of the batch in one transaction; what came of each stands on its Waiting.

    An action that fails is undone alone. When the transaction itself fails, everything is undone and
    this raises sqlite3.Error: only after it has returned may a caller be told that something is stored.
    """
    try:
        raw.execute("BEGIN IMMEDIATE")
        if not _attempt_all(raw, clock(), batch):
            raw.execute("ROLLBACK")
            raw.execute("BEGIN IMMEDIATE")
            now = clock()
            for waiting in batch:
                _attempt_apart(raw, now, waiting)
        if done := [waiting for waiting in batch if not waiting.error]:
            for sql, params in add_up(waiting.tallies for waiting in done):
                raw.execute(sql, params)
        raw.execute("COMMIT" if done else "ROLLBACK")
    finally:
        _leave(raw)


def _attempt_all(raw: sqlite3.Connection, now: int, batch: Sequence[Waiting]) -> bool:
    """One after the other, without a SAVEPOINT each, which cost a tenth of a confirmation (measured).

    False when one failed that had written something among others: it can't be undone alone then.
    """
    for waiting in batch:
        before = raw.total_changes
        _attempt(raw, now, waiting)
        if waiting.error and raw.total_changes != before and len(batch) > 1:
            return False
    return True


def _attempt_apart(raw: sqlite3.Connection, now: int, waiting: Waiting) -> None:
    raw.execute("SAVEPOINT action")
    _attempt(raw, now, waiting)
    if waiting.error:
        raw.execute("ROLLBACK TO action")
    raw.execute("RELEASE action")


def _attempt(raw: sqlite3.Connection, now: int, waiting: Waiting) -> None:
    tx = SqliteTx(raw, now)
    waiting.error = None
    try:
        waiting.value = drive(waiting.action(tx, *waiting.args, **waiting.kwargs))
        waiting.topics, waiting.tallies = tx.topics, tx.tallies
    except BaseException as error:  # noqa: BLE001  it is its caller's; the writer and the others go on
        waiting.error = error
    if tx.lost:
        raise tx.lost


def look(
    raw: sqlite3.Connection,
    clock: Callable[[], int],
    action: Callable[..., Coroutine[Any, Any, T]],
    args: Any,
    kwargs: Any,
) -> T:
    """Runs an action that reads, in one snapshot. Raises sqlite3.Error when the database is in trouble."""
    try:
        raw.execute("BEGIN")
        tx = SqliteTx(raw, clock())
        try:
            seen = drive(action(tx, *args, **kwargs))
        except Unavailable:
            if tx.lost is None:
                raise
            if primary_code(tx.lost) == sqlite3.SQLITE_READONLY:
                raise RuntimeError(f"{action.__qualname__} writes: it belongs in db.write.") from None
            raise tx.lost from None
        if tx.tallies:
            raise RuntimeError(f"{action.__qualname__} writes: it belongs in db.write.")
        return seen
    finally:
        _leave(raw)


def drive(action: Coroutine[Any, Any, T]) -> T:
    try:
        action.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    name = getattr(action, "__qualname__", "?")
    action.close()
    raise RuntimeError(
        f"The storage action {name} awaited something other than its tx. It holds up everybody who "
        "writes, so it may await nothing else: do that before or after."
    )


def _leave(raw: sqlite3.Connection) -> None:
    if raw.in_transaction:
        try:
            raw.execute("ROLLBACK")
        except sqlite3.Error:  # SQLite was faster, or the connection is about to be given up
            return
