"""After an erasure and `scrub` the address is nowhere in the SQLite file, its log or its index."""

import asyncio
import random
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from newsletter.errors import Unavailable
from newsletter.storage import Database, Param, Tx, open_database, sqlite
from tests.storage.conftest import add, addresses

TABLES = """
CREATE TABLE people (id BIGINT PRIMARY KEY, email TEXT NOT NULL UNIQUE, note TEXT);
CREATE INDEX people_note ON people (email, note);
CREATE TABLE mails (
  id INTEGER PRIMARY KEY, recipient TEXT NOT NULL, context TEXT NOT NULL,
  person BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX mails_person ON mails (person);
CREATE INDEX mails_recipient ON mails (recipient);
CREATE TABLE wishes (
  id INTEGER PRIMARY KEY, person BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE, name TEXT NOT NULL
);
CREATE INDEX wishes_person ON wishes (person);
CREATE TABLE spread (key TEXT PRIMARY KEY, email TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
"""
SHORT_TO_OVERFLOWING = (0, 1, 2, 10, 90, 700)


def email(n: int) -> str:
    return f"person{n}x@example.org"


def name(n: int) -> str:
    """What somebody typed beside their address, kept in a row that has none."""
    return f"Name{n}x"


@pytest.fixture
async def db(sqlite_url: str) -> AsyncIterator[Database]:
    database = await open_database(sqlite_url)
    yield database
    await database.close()


class Crowd:
    """People who come, change and go at random, so that their rows grow, spill, move and are split."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.present: list[int] = []
        self.erased: list[int] = []
        self.came = 0

    async def move(self, tx: Tx) -> None:
        for _ in range(self.random.randint(1, 80)):
            choice = self.random.random()
            if choice < 0.45 or len(self.present) < 5:
                await self.come(tx)
            elif choice < 0.85:
                await self.change(tx, self.random.choice(self.present))
            else:
                await self.go(tx, self.random.choice(self.present))

    async def come(self, tx: Tx) -> None:
        self.came += 1
        n = self.came
        self.present.append(n)
        params: dict[str, Param] = {
            "n": n,
            "email": email(n),
            "text": self.text(n),
            "key": f"{self.random.random()}{email(n)}",
        }
        await tx.run("INSERT INTO people VALUES (:n, :email, :text)", **params)
        await tx.run("INSERT INTO spread VALUES (:key, :email, :text)", **params)
        for _ in range(self.random.randint(0, 3)):
            id = self.random.randrange(2**60)
            await tx.run("INSERT INTO mails VALUES (:id, :email, :text, :n)", id=id, **params)
            await tx.run("INSERT INTO wishes VALUES (:id, :n, :name)", id=id, n=n, name=name(n))

    async def change(self, tx: Tx, n: int) -> None:
        await tx.run("UPDATE people SET note = :text WHERE id = :n", n=n, text=self.text(n))
        await tx.run("UPDATE mails SET context = :text WHERE person = :n", n=n, text=self.text(n))
        await tx.run("UPDATE spread SET text = :text WHERE email = :email", email=email(n), text=self.text(n))

    async def go(self, tx: Tx, n: int) -> None:
        self.present.remove(n)
        self.erased.append(n)
        await tx.run("DELETE FROM people WHERE id = :n", n=n)
        await tx.run("DELETE FROM spread WHERE email = :email", email=email(n))

    def text(self, n: int) -> str:
        return email(n) * self.random.choice(SHORT_TO_OVERFLOWING)


async def make_tables(tx: Tx) -> None:
    for statement in TABLES.split(";")[:-1]:
        await tx.run(statement)


def found(url: str) -> set[str]:
    """The addresses and names that a thief of the folder would have."""
    path = Path(url.removeprefix("sqlite:///"))
    files = sorted(path.parent.glob("newsletter.db*"))
    assert len(files) == 3
    return {match.decode() for match in re.findall(rb"person\d+x@example\.org|Name\d+x", content(*files))}


def content(*files: Path) -> bytes:
    """Read by another process, to disturb no lock."""
    return subprocess.run(["cat", *map(str, files)], capture_output=True, check=True).stdout


@pytest.mark.parametrize("seed", range(4))
async def test_nobody_who_is_erased_is_in_the_files(db: Database, sqlite_url: str, seed: int) -> None:
    """At once nearly nobody, when the file was written anew nobody at all."""
    crowd = Crowd(seed)
    await db.write(make_tables)
    for _ in range(40):
        await db.write(crowd.move)
    assert len(crowd.erased) > 50
    erased = {text(n) for text in (email, name) for n in crowd.erased}
    logged = erased & found(sqlite_url)
    await db.scrub(*(email(n) for n in crowd.erased))
    assert len(erased & found(sqlite_url)) <= min(len(erased) * 0.05, len(logged) - 1)
    await db.scrub()
    assert not erased & found(sqlite_url)
    assert found(sqlite_url) >= {email(n) for n in crowd.present}


@pytest.fixture
async def crowded(notes: Database) -> Database:
    """More rows than a stream takes at a time: one that has begun still needs its snapshot."""

    async def fill(tx: Tx) -> None:
        rows: list[dict[str, Param]] = [{"id": n, "address": email(n)} for n in range(1, 3_000)]
        await tx.many("INSERT INTO notes (id, address) VALUES (:id, :address)", rows)

    await notes.write(fill)
    return notes


def free_pages(url: str) -> int:
    """Those that deletions left; a file that was written anew has none (SQLite's file format, 1.3)."""
    return int.from_bytes(content(Path(url.removeprefix("sqlite:///")))[36:40])


async def test_at_once_the_file_is_not_written_anew(crowded: Database, sqlite_url: str) -> None:
    """However common what was erased is among the others: a stranger could hold everybody up at will."""

    async def erase(tx: Tx) -> None:
        await tx.run("DELETE FROM notes WHERE id < 2000")

    await crowded.write(add, 3_000, f"sus{email(1)}", "Anna")
    await crowded.write(erase)
    await crowded.scrub(email(1), "Anna")
    assert content(Path(f"{sqlite_url.removeprefix('sqlite:///')}-wal")) == b""
    assert free_pages(sqlite_url) > 10
    await crowded.scrub()
    assert free_pages(sqlite_url) == 0


async def test_it_waits_for_readers(crowded: Database, sqlite_url: str) -> None:
    async def erase(tx: Tx) -> None:
        await tx.run("DELETE FROM notes WHERE id = 1")

    async with aclosing(crowded.stream("SELECT address FROM notes ORDER BY id")) as chunks:
        assert (await anext(chunks))[0] == (email(1),)
        await crowded.write(erase)
        scrubbing = asyncio.create_task(crowded.scrub(email(1)))
        await crowded.write(add, 3_000, email(3_000))  # others go on meanwhile
        assert not scrubbing.done()
    await scrubbing
    assert email(1) not in found(sqlite_url)
    assert len(await crowded.read(addresses)) == 2_999


async def test_it_says_when_readers_stay(crowded: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "SCRUB_SECONDS", 0.2)
    async with aclosing(crowded.stream("SELECT address FROM notes")) as chunks:
        await anext(chunks)
        await crowded.write(add, 3_000, email(3_000))
        with pytest.raises(Unavailable, match="traces may stay"):
            await crowded.scrub(email(1))
    await crowded.scrub("nobody@example.org")
