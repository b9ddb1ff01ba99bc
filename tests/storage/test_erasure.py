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
from newsletter.storage.sqlite_file import holds
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
CREATE TABLE spread (key TEXT PRIMARY KEY, email TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
"""
SHORT_TO_OVERFLOWING = (0, 1, 2, 10, 90, 700)


def email(n: int) -> str:
    return f"person{n}x@example.org"


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
    """The addresses that a thief of the folder would have; read by another process, to disturb no lock."""
    folder = Path(url.removeprefix("sqlite:///")).parent
    files = sorted(map(str, folder.glob("newsletter.db*")))
    assert len(files) == 3
    content = subprocess.run(["cat", *files], capture_output=True, check=True).stdout
    return {match.decode() for match in re.findall(rb"person\d+x@example\.org", content)}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("told", [True, False])
async def test_nobody_who_is_erased_is_in_the_files(
    db: Database, sqlite_url: str, seed: int, told: bool
) -> None:
    crowd = Crowd(seed)
    await db.write(make_tables)
    for _ in range(40):
        await db.write(crowd.move)
    assert len(crowd.erased) > 50
    erased = {email(n) for n in crowd.erased}
    assert erased & found(sqlite_url)
    await db.scrub(*(erased if told else ()))
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


@pytest.mark.parametrize("at", [0, 1, (1 << 20) - 5, 1 << 20, (1 << 21) - 1])
def test_a_trace_is_found_wherever_it_lies(tmp_path: Path, at: int) -> None:
    """The file is read a mebibyte at a time: a needle may lie across two."""
    needle, haystack = "needle@example.org", tmp_path / "haystack"
    haystack.write_bytes(b"-" * at + needle.encode() + b"-" * 100)
    with haystack.open("rb") as file:
        assert holds(file.fileno(), [needle])
        assert holds(file.fileno(), ["", "nobody@example.org", needle])
        assert not holds(file.fileno(), ["nobody@example.org", "needle@example.com", ""])
