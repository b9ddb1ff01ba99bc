"""A table of the storage tests' own, so that they say nothing about the real schema."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from newsletter.storage import Database, Tx


class Note(msgspec.Struct):
    id: int
    address: str
    text: str
    pinned: bool


async def make_table(tx: Tx) -> None:
    await tx.run(
        "CREATE TABLE notes (id BIGINT PRIMARY KEY, address TEXT NOT NULL UNIQUE, text TEXT NOT NULL DEFAULT '',"
        " pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)), parent BIGINT REFERENCES notes (id),"
        " weight DOUBLE PRECISION, bytes BYTEA)"
    )


async def add(tx: Tx, id: int, address: str, text: str = "", *, pinned: bool = False) -> Note | None:
    return await tx.one(
        Note,
        "INSERT INTO notes (id, address, text, pinned) VALUES (:id, :address, :text, :pinned)"
        " RETURNING id, address, text, pinned",
        id=id,
        address=address,
        text=text,
        pinned=pinned,
    )


async def addresses(tx: Tx) -> list[str]:
    class Row(msgspec.Struct):
        address: str

    return [row.address for row in await tx.all(Row, "SELECT address FROM notes ORDER BY id")]


@pytest.fixture
async def notes(db: Database) -> Database:
    await db.write(make_table)
    return db


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


def start(program: str, *arguments: str) -> "subprocess.Popen[str]":
    """One of the small programs in programs/, as a process of its own."""
    command = [sys.executable, "-m", f"tests.storage.programs.{program}", *arguments]
    root = Path(__file__).parents[2]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=root, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
