"""The storage port: what the features may ask of a database, whichever engine stands behind it.

An *action* is a coroutine function `async def verb(tx, …)` that awaits nothing but its `tx`. It is one
transaction: it happens whole or not at all, and may be run again after a failed attempt, so it must have
no effect outside its `tx`. It does not catch ConstraintError: on PostgreSQL the transaction is over then. It makes
and changes no tables: that is for migrations, and SQLite would keep it of an action that failed among others.

SQL is one text for both engines. What PostgreSQL is stricter about, and SQLite would let pass:

- A parameter takes the type of what it stands beside, and the value must be of that type: no int for
  TEXT, no str for BIGINT. Where it first stands beside nothing typed, say it, as in
  `CAST(:since AS BIGINT) IS NULL OR at >= :since`. A name used twice has one type.
- INTEGER ends at 2**31 there, so counts of bytes, ids and times are BIGINT.
- A floating column is DOUBLE PRECISION (REAL has 6 digits there). `sum` and `avg` give int or float on both.
- Reads in `write` are not serialised: two actions can read the same row before either writes it. Use a
  constraint, one statement, or `FOR UPDATE` (on PostgreSQL only: `tx.engine`).
- LIKE tells cases apart there and not on SQLite; `lower()` on SQLite folds ASCII only. Fold in Python.
- U+0000 in a text is refused there; the door to the web refuses it for both.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Concatenate, Literal, ParamSpec, Protocol, TypeAlias, TypeVar, get_args
from urllib.parse import unquote

import msgspec

from newsletter.errors import SettingsError, Unavailable

Param: TypeAlias = int | float | str | bytes | None  # a bool is stored as 0 or 1
Engine: TypeAlias = Literal["sqlite", "postgres"]
S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")
P = ParamSpec("P")

ROWS_PER_CHUNK = 2_000
"""What `stream` gives at a time: a million subscribers took 1.7 s and 33 MB in all (measured, SQLite)."""


class ConstraintError(Exception):
    """A UNIQUE, CHECK, NOT NULL or foreign key refused a row; the whole action was undone.

    The text names the constraint, never the values.
    """


class Tx(Protocol):
    """One transaction, as an action sees it. A Struct's fields are the query's columns, by name."""

    now: int  # epoch milliseconds, the same throughout the transaction

    @property
    def engine(self) -> Engine: ...

    async def one(self, type: type[S], sql: str, /, **params: Param) -> S | None:
        """The first row, or None."""

    async def all(self, type: type[S], sql: str, /, **params: Param) -> list[S]: ...

    async def value(self, sql: str, /, **params: Param) -> Any:
        """The first column of the first row, or None."""

    async def run(self, sql: str, /, **params: Param) -> int:
        """How many rows it touched."""

    async def put(self, sql: str, /, **params: Param) -> None:
        """As `run`, for a write that stands by itself: no other `put` beside it reads or changes what it does.

        Those in a row may be done in one round trip, and a constraint is then heard of at the end of the row.
        """

    async def tally(self, sql: str, count: int, /, **params: Param) -> None:
        """A write of `:count`, once for all who share the transaction and gave the same `params`: of what they
        gave together, also where that is 0. Done just before the COMMIT, where nobody of them sees it any more.
        """

    async def many(self, sql: str, rows: Sequence[Mapping[str, Param]]) -> None:
        """The same statement once for each row."""

    def wake(self, topic: str) -> None:
        """After the COMMIT, whoever waits on `topic` in this process wakes. Nothing happens in a `read`."""


Tallies: TypeAlias = dict[tuple[str, tuple[tuple[str, Param], ...]], int]
"""What is to be written before the COMMIT: how many, by the statement and its other values."""


def add_up(all_tallies: Iterable[Tallies]) -> Iterator[tuple[str, dict[str, Param]]]:
    """The statements that do what several have tallied, each with its values."""
    total: Tallies = {}
    for tallies in all_tallies:
        for key, count in tallies.items():
            total[key] = total.get(key, 0) + count
    for (sql, params), count in total.items():
        yield sql, {**dict(params), "count": count}


Action: TypeAlias = Callable[Concatenate[Tx, P], Coroutine[Any, Any, T]]


class Database(Protocol):
    """Runs actions. Every method raises errors.Unavailable, with nothing changed, when storage is
    full, locked by another program, or away; it recovers by itself."""

    @property
    def engine(self) -> Engine: ...

    async def read(self, action: Action[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs an action that only looks, in one snapshot."""

    async def write(self, action: Action[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs an action; what it wrote is on the disk before this returns."""

    async def write_short(self, action: Action[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `write`, for an action that most often is one `run` and nothing else, done often, by one at a time.

        SQLite makes a transaction of a statement by itself, and two more are saved. So what comes after a `run` that
        has changed something may not fail, and be no statement: RuntimeError. After one that has changed nothing the
        action begins anew as a whole transaction.
        """

    async def write_in_crowd(self, about: str, action: Action[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `write`, for what crowds do at once: it may share its transaction with others.

        `about` names the one matter it touches (an address, a token): two about the same matter never share.
        Where two others meet (two links of one person), a constraint must refuse the second; each is then done
        by itself.
        An action that fails may have been run twice, the second time alone.
        """

    def stream(self, sql: str, /, **params: Param) -> AsyncGenerator[list[tuple[Any, ...]], None]:
        """The rows of a query of any size, ROWS_PER_CHUNK at a time, in one snapshot and constant memory."""

    async def wait(self, topic: str, timeout: float) -> bool:  # noqa: ASYNC109  the answer is False, not an error
        """True once `topic` is woken (or was, since the last wait), False after `timeout` seconds."""

    def woken(self, topic: str) -> int:
        """How often `topic` was woken in this process: the same again means that nothing of it was written here."""

    async def trouble(self, *, ask: bool = False) -> str:
        """Why nothing can be stored now, in a few words for the operator; "" when it can.

        Where the last write was not stored, a small one is tried first, which changes nothing; with `ask`, always.
        """

    async def scrub(self, *traces: str, copies: bool = True) -> None:
        """After an erasure: no text that was deleted stays readable in the database's files.

        With `traces` (who was erased) only what costs little is done at once; without any, the files are
        written anew. `copies`: the copies that migrations left beside the file are deleted.
        """

    async def checkpoint(self, *, again: bool) -> None:
        """Between two of many transactions that each write much: what SQLite has in its log goes into the database
        now, where the next COMMIT would do it and hold everybody up for twice as long. Nobody needs to call it.

        `again`: the caller comes back, and at the end without it. Until then no COMMIT does it, unless the log grows to
        four times as much.
        """

    async def close(self) -> None: ...


@asynccontextmanager
async def own_checkpoints(db: Database) -> AsyncGenerator[None, None]:
    """Around many transactions that each write much, with a `checkpoint` between some: no COMMIT does it then."""
    await db.checkpoint(again=True)
    try:
        yield
    finally:
        await db.checkpoint(again=False)


def unavailable() -> Unavailable:
    """What every caller is told; the operator's log says why."""
    return Unavailable(
        "Nothing can be stored right now, and nothing was changed. Please try again in a minute."
    )


async def touch(tx: Tx) -> None:
    """Has something written to the disk that changes nothing."""
    await tx.value(_TOUCH[tx.engine])


_TOUCH: Mapping[Engine, str] = {
    "sqlite": "PRAGMA user_version = 0",  # nobody else uses it
    "postgres": "SELECT pg_current_xact_id()",  # what has an id of its own is written down as committed
}


class Topics:
    """Who waits for what within this process. A wake that nobody awaits is kept for the next who asks."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._missed: set[str] = set()
        self.woken: Counter[str] = Counter()

    def wake(self, topic: str) -> None:
        self.woken[topic] += 1
        waiting = self._waiting.get(topic)
        if not waiting:
            self._missed.add(topic)
            return
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self, topic: str, seconds: float) -> bool:
        if topic in self._missed:
            self._missed.discard(topic)
            return True
        future = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(topic, set())
        waiting.add(future)
        try:
            await asyncio.wait([future], timeout=seconds)
            return future.done()
        finally:
            waiting.discard(future)


@lru_cache(maxsize=2048)
def row_maker(type: type[S], columns: tuple[str, ...]) -> Callable[[Sequence[Any]], S]:
    """What turns a row with these columns into a Struct. Raises TypeError when they don't fit together.

    Values are taken as they are, but for fields typed bool: both engines store 0 and 1. Fields that a
    query leaves out have a default and stand last.
    """
    fields = msgspec.structs.fields(type)[: len(columns)]
    names = tuple(field.name for field in fields)
    required = {field.name for field in msgspec.structs.fields(type) if field.required}
    if sorted(names) != sorted(columns) or not required.issubset(names):
        wanted = ", ".join(type.__struct_fields__)
        raise TypeError(f"A query gives the columns {', '.join(columns)}, but {type.__name__} has {wanted}.")
    flags = [n for n, field in enumerate(fields) if field.type is bool or bool in get_args(field.type)]
    if names == columns and not flags:
        return lambda row: type(*row)
    places = [columns.index(name) for name in names]

    def make(row: Sequence[Any]) -> S:
        values = [row[place] for place in places]
        for flag in flags:
            if values[flag] is not None:
                values[flag] = bool(values[flag])
        return type(*values)

    return make


def engine_of(url: str) -> Engine:
    """Raises SettingsError."""
    scheme = url.partition("://")[0]
    if scheme == "sqlite":
        return "sqlite"
    if scheme in ("postgresql", "postgres"):
        return "postgres"
    raise SettingsError(
        "NEWSLETTER_DATABASE_URL must look like sqlite:///newsletter.db or postgresql://name:password@host/database."
    )


def no_database(path: Path) -> str:
    """What is said where there is no such SQLite file."""
    return (
        f"There is no database {path.absolute()}. Run this in the folder where the service runs, or say with "
        "NEWSLETTER_DATABASE_URL where its database is. A new service makes one when it starts: newsletter serve"
    )


def sqlite_path(url: str) -> Path:
    """The file of `sqlite:///relative.db` or `sqlite:////absolute.db`. Raises SettingsError."""
    name = unquote(url.removeprefix("sqlite:///"))
    if name.startswith("sqlite:") or not name or name == ":memory:" or "\0" in name or "?" in url:
        raise SettingsError(
            "NEWSLETTER_DATABASE_URL must name a file, like sqlite:///newsletter.db or sqlite:////var/lib/newsletter.db."
        )
    return Path(name)
