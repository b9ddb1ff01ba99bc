"""How many are taken in at once, and that reading some at a time loses and repeats nobody."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import pytest

from newsletter.clock import monotonic
from newsletter.storage import Tx
from newsletter.storage.sqlite_file import LOG_PAGES, LOG_PAGES_BETWEEN
from newsletter.subscribers import imports
from newsletter.subscribers.imports.actions import Import
from newsletter.subscribers.imports.coming import Coming, Readying
from newsletter.subscribers.imports.model import Person, Refused
from newsletter.subscribers.imports.run import AHEAD, FEWEST, LOGGED, LONGEST, MOST, _paced
from tests.cast import House
from tests.conftest import ON_ONE
from tests.subscribers.imports.conftest import Written
from tests.subscribers.imports.test_taking_in import ORIGIN, staged


def test_a_slice_that_took_too_long_is_followed_by_a_shorter_one() -> None:
    assert _paced(1_000, LONGEST * 1.25) == 800
    assert _paced(1_000, LONGEST * 100) == 500
    assert _paced(FEWEST, LONGEST * 100) == FEWEST
    assert _paced(1_000, LONGEST * 0.75) == 1_000
    assert _paced(1_000, LONGEST * 0.625) in (1_359, 1_360)
    assert _paced(1_000, 0.0) == 1_500
    assert _paced(MOST, 0.0) == MOST


@pytest.mark.parametrize("count", [AHEAD, AHEAD + 1])
@ON_ONE
async def test_more_than_is_read_at_once_comes_in_once(house: House, written: Written, count: int) -> None:
    path = written("email\n" + "".join(f"p{n}@example.org\n" for n in range(count)))
    importing = imports.Importing(house.site.tokens, house.site.post)
    with closing(staged(path)) as people:  # let go in the middle
        steps = imports.take_in(house.db, importing, people, ORIGIN, dry=False)
        assert [(await anext(steps)).position for _ in range(2)] == [0, FEWEST]
        await steps.aclose()
    with closing(staged(path)) as people:
        reached = [
            step.position async for step in imports.take_in(house.db, importing, people, ORIGIN, dry=False)
        ]
    assert reached == sorted(set(reached))
    assert (reached[0], reached[-1]) == (FEWEST, count)
    for table in ("subscribers", "consent_records"):
        assert await house.count(f"SELECT count(*) FROM {table}") == count


Span = tuple[float, float]


@contextmanager
def noted(spans: list[Span]) -> Iterator[None]:
    began = monotonic()
    yield
    spans.append((began, monotonic()))


class Watched(imports.Importing):
    """Notes when people are read, and when they are taken in."""

    def __init__(self, house: House) -> None:
        super().__init__(house.site.tokens, house.site.post)
        self.read, self.kept = list[Span](), list[Span]()
        self.reads, self.go_on = Event(), Event()
        self.go_on.set()

    def readying(self, origin: str) -> Readying:
        watched = self

        class Watching(Readying):
            def ready(self, items: Sequence[Person | Refused], now: int) -> list[Coming | Refused]:
                with noted(watched.read):
                    watched.reads.set()
                    watched.go_on.wait(20)
                    return super().ready(items, now)

        return Watching(self._tokens, origin)

    async def keep(self, tx: Tx, one: Import, items: Sequence[Coming | Refused]) -> Import:
        with noted(self.kept):
            return await super().keep(tx, one, items)


@ON_ONE
async def test_nothing_is_read_while_a_slice_is_taken_in(house: House, written: Written) -> None:
    """Each of its statements would ask for the interpreter, and who signs up would wait for that."""
    path = written("email\n" + "".join(f"p{n}@example.org\n" for n in range(4 * AHEAD)))
    importing = Watched(house)
    with closing(staged(path)) as people:
        async for _ in imports.take_in(house.db, importing, people, ORIGIN, dry=False):
            pass
    assert len(importing.read) == 5
    assert not [(r, k) for r in importing.read for k in importing.kept if r[0] < k[1] and k[0] < r[1]]


@ON_ONE
async def test_broken_off_while_it_reads_it_ends_when_that_has_ended(house: House, written: Written) -> None:
    """What it reads from is closed then."""
    path = written("email\n" + "".join(f"p{n}@example.org\n" for n in range(AHEAD)))
    importing = Watched(house)
    importing.go_on.clear()
    with closing(staged(path)) as people:
        steps = imports.take_in(house.db, importing, people, ORIGIN, dry=False)
        await anext(steps)
        going = asyncio.ensure_future(anext(steps))
        await asyncio.to_thread(importing.reads.wait, 20)
        going.cancel()
        await house.db.read(log_pages)  # many turns of the loop
        assert not going.done()
        importing.go_on.set()
        await asyncio.wait([going])
        assert going.cancelled()
        assert len(importing.read) == 1


@ON_ONE
async def test_the_log_goes_into_the_database_between_slices(
    house: House, written: Written, tmp_path: Path
) -> None:
    """A COMMIT does it by itself too, but after more pages than so few people fill."""
    path = written("email\n" + "".join(f"p{n}@example.org\n" for n in range(LOGGED + FEWEST)))
    importing = imports.Importing(house.site.tokens, house.site.post)
    with closing(staged(path)) as people:
        async for _ in imports.take_in(house.db, importing, people, ORIGIN, dry=False):
            pass
    alone = tmp_path / "alone.db"  # the log stays behind
    shutil.copy(await house.db.read(file_of), alone)
    with closing(sqlite3.connect(alone)) as raw:
        (count,) = raw.execute("SELECT count(*) FROM subscribers").fetchone()
    assert count >= LOGGED


@ON_ONE
async def test_no_commit_does_it_until_the_import_is_over_or_broken_off(
    house: House, written: Written
) -> None:
    path = written("email\n" + "".join(f"p{n}@example.org\n" for n in range(AHEAD)))
    importing = imports.Importing(house.site.tokens, house.site.post)
    for whole in (False, True):
        with closing(staged(path)) as people:
            steps = imports.take_in(house.db, importing, people, ORIGIN, dry=False)
            await anext(steps)
            await anext(steps)
            assert await house.db.write(log_pages) == LOG_PAGES_BETWEEN
            if whole:
                assert [step.position async for step in steps][-1] == AHEAD
            await steps.aclose()
        assert await house.db.write(log_pages) == LOG_PAGES


async def log_pages(tx: Tx) -> int:
    return int(await tx.value("PRAGMA wal_autocheckpoint"))


async def file_of(tx: Tx) -> str:
    return str(await tx.value("SELECT file FROM pragma_database_list WHERE name = 'main'"))
