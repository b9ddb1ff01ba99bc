"""Actions of one statement, which SQLite makes a transaction of by itself.

Its thread and the loop ask each other for the interpreter around every statement. Of a broadcast's commits, which are
one statement each, two of three are saved so: with ten connections a message took 126 to 143 µs of the processor and
151 to 203 before (measured in turns beside other work, with what newsletter/mail/bulk_ledger.py reserves as one value).
"""

import sqlite3
from collections.abc import Callable

from newsletter.storage.db import ConstraintError, Param
from newsletter.storage.sqlite_tx import SqliteTx, Waiting, drive, is_trouble


class _More(BaseException):
    """An action is more than one statement."""


class _ShortTx(SqliteTx):
    """What an action sees that is one `run`, which SQLite makes a transaction of."""

    def __init__(self, raw: sqlite3.Connection, now: int) -> None:
        super().__init__(raw, now)
        self.changed = 0
        self._ran = False
        self._execute = self._executemany = _is_more

    async def run(self, sql: str, /, **params: Param) -> int:
        if self._ran:
            raise _More
        self._ran, self._execute = True, self._raw.execute
        before = self._raw.total_changes  # what the cursor says misses WITH and RETURNING
        try:
            return await super().run(sql, **params)
        finally:
            self.changed, self._execute = self._raw.total_changes - before, _is_more

    def _failure(self, error: sqlite3.Error) -> Exception:
        if is_trouble(error):
            return super()._failure(error)
        return ConstraintError(str(error)) if isinstance(error, sqlite3.IntegrityError) else error


def _is_more(*_: object) -> sqlite3.Cursor:
    raise _More


def commit_short(raw: sqlite3.Connection, clock: Callable[[], int], waiting: Waiting) -> bool:
    """Runs an action that is one statement. False where it is more: then nothing was changed.

    Raises sqlite3.Error as `commit_together`.
    """
    tx = _ShortTx(raw, clock())
    try:
        waiting.value = drive(waiting.action(tx, *waiting.args, **waiting.kwargs))
        waiting.topics = tx.topics
        if tx.tallies:
            raise _More
    except BaseException as error:  # noqa: BLE001  it is its caller's; the writer goes on
        waiting.error = error
        if tx.changed:
            waiting.error = RuntimeError(
                f"The storage action {waiting.action.__qualname__} went on after the statement that changed something, "
                "and what it changed can't be undone: it belongs in db.write."
            )
        elif isinstance(error, _More):
            return False
    if tx.lost:
        raise tx.lost
    return True
