"""What the walks through states stand on: one database that is emptied for each walk, a clock, and how far they went.

The disk is not waited for: what survives a power cut has proofs of its own.
"""

import asyncio
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

import asyncpg
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

from newsletter.settings import Settings
from newsletter.storage import Database, Tx, engine_of, open_database, sqlite, sqlite_file, sqlite_path
from tests.cast import SETTINGS, House, build
from tests.conftest import NOON, Clock
from tests.figures import Figure
from tests.proof.conftest import SIZE

SHARES = 10
"""Tests that walk a tenth of them each: so one ends in time, on a busy machine too, to be told from one that hangs."""

WALKS = 1_000 // SHARES * SIZE
STEPS = 50
MOST_ROUNDS = 6  # of walks, until they have come as far as is said: some end sooner
SHRINKING = (Phase.shrink,) if os.environ.get("SHRINK") else ()
"""With SHRINK=1 a walk that fails is cut down to what it takes. It is for one's own machine: that lasts minutes."""

_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
    "postgres": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}
_SYNCED = sqlite_file.WRITER_PRAGMAS
_UNSYNCED = _SYNCED.replace("synchronous = FULL", "synchronous = OFF")
assert _UNSYNCED != _SYNCED

P = ParamSpec("P")
T = TypeVar("T")


class Ground:
    """The service on one database; what walks have left on it goes before the next. `went` counts what they did."""

    def __init__(self, url: str, clock: Clock, settings: Settings = SETTINGS) -> None:
        self.url = url
        self.clock = clock
        self.settings = settings
        self.went: Counter[str] = Counter()
        self.walks = 0
        self._loop = asyncio.new_event_loop()
        sqlite.WRITER_PRAGMAS = _UNSYNCED  # type: ignore[attr-defined]  # a name that it only imports
        self.db: Database = self.wait(open_database(url, clock=clock))
        self.house: House = self.wait(build(self.db, settings))
        self._eye = self._opened_eye()
        filled = {name: self.look(f"SELECT * FROM {name}") for (name,) in self.look(_TABLES[self.db.engine])}
        self._searches = [f"SELECT 1 FROM {name} WHERE {self._row(name)} LIKE '%{{}}%'" for name in filled]
        self._emptied = [f"DELETE FROM {name}" for name, rows in filled.items() if not rows]

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def do(
        self, action: Callable[Concatenate[Tx, P], Coroutine[Any, Any, T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return self.wait(self.db.write(action, *args, **kwargs))

    def look(self, sql: str) -> list[tuple[Any, ...]]:
        """Past the service, by a connection of its own."""
        if isinstance(self._eye, sqlite3.Connection):
            return self._eye.execute(sql).fetchall()
        return [tuple(row) for row in self.wait(self._eye.fetch(sql))]

    def begin(self, *back: str) -> None:
        """As new for the next walk; `back` is SQL for what the service itself had put there and a walk changes."""
        self.walks += 1
        self.clock.forward(NOON - self.clock.now())
        statements = ";".join((*self._emptied, *back))
        if isinstance(self._eye, sqlite3.Connection):
            self._eye.executescript(f"BEGIN IMMEDIATE;{statements};COMMIT")
        else:
            self.wait(self._eye.execute(statements))

    def holds(self, text: str) -> bool:
        """Whether any column of any table has it, in any of its bytes."""
        return any(self.look(sql.format(text)) for sql in self._searches)

    def open_again(self) -> None:
        """As after a crash: all that is not in the database is gone."""
        self.wait(self.db.close())
        self.db = self.wait(open_database(self.url, clock=self.clock))

    def close(self) -> None:
        if isinstance(self._eye, sqlite3.Connection):
            self._eye.close()
        else:
            self.wait(self._eye.close())
        self.wait(self.db.close())
        sqlite.WRITER_PRAGMAS = _SYNCED  # type: ignore[attr-defined]  # as above
        self._loop.close()

    def _row(self, table: str) -> str:
        """All of a row as one text."""
        if self.db.engine == "postgres":
            return f"{table}::text"
        return " || ' ' || ".join(
            f"ifnull({column[1]}, '')" for column in self.look(f"PRAGMA table_info({table})")
        )

    def _opened_eye(self) -> "sqlite3.Connection | asyncpg.Connection[Any]":
        if engine_of(self.url) == "postgres":
            eye = self.wait(asyncpg.connect(self.url))
            self.wait(eye.execute("SET session_replication_role = replica"))  # no order of tables matters
            return eye
        raw = sqlite3.connect(sqlite_path(self.url), isolation_level=None)
        raw.execute("PRAGMA synchronous = OFF")
        return raw


class Walk(RuleBasedStateMachine):
    def __init__(self, ground: Ground, *back: str) -> None:
        super().__init__()
        self.ground = ground
        self.went = ground.went
        self.site = ground.house.site
        ground.begin(*back)

    @property
    def now(self) -> int:
        """A moment that nothing else happens in."""
        self.ground.clock.forward(1)
        return self.ground.clock.now()

    @invariant()
    def all_is_as_promised(self) -> None:
        self.went["step"] += 1
        self.check()

    def check(self) -> None:
        """The model and the tables, after each step."""
        raise NotImplementedError


def walk(
    ground: Ground,
    machine: type[Walk],
    figure: Figure,
    *met: str,
    share: int = 0,
    walks: int = WALKS,
) -> None:
    """A share of the walks, the same each time; most of the moments `met` have to come in it."""

    def begun() -> Walk:
        return machine(ground)

    limits = settings(
        max_examples=walks,
        stateful_step_count=STEPS,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.reuse, Phase.generate, *SHRINKING),
    )
    steps = walks * STEPS
    try:
        for more in range(MOST_ROUNDS):
            first = seed(share + SHARES * more)(begun)
            run_state_machine_as_test(first, settings=limits)  # type: ignore[arg-type]  # it only calls it
            if ground.went["step"] >= steps:
                break
            limits = settings(limits, max_examples=max(5, walks // 4))
    finally:
        ground.close()
    went = ground.went["step"]
    figure(f"{machine.__name__.lower()}_states_{share}_steps", went, f">= {steps}", went >= steps)
    assert went >= steps, "These walks came to too few steps."
    missed = [moment for moment in met if not ground.went[moment]]
    assert len(missed) <= len(met) // 4, f"No walk came to what is to be shown: {missed}"
