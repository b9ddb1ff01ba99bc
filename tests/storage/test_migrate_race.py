"""Several processes start on one database at once, or one is killed: the schema is whole, each step once."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from newsletter.storage import Tx, migrate, open_database, pending
from tests.storage.conftest import start

STEPS = 10
MANY_ROWS = (
    "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 5000)"
    " INSERT INTO t{n} (id, text) SELECT id, 'x' FROM n;"
)

Program = subprocess.Popen[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Steps that can not be applied twice, each with enough to do to be killed in the middle of it."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    for n in range(1, STEPS + 1):
        (folder / f"{n:04}_step.sql").write_text(
            f"CREATE TABLE t{n} (id BIGINT PRIMARY KEY, text TEXT); CREATE INDEX t{n}_text ON t{n} (text);"
            + MANY_ROWS.format(n=n)
        )
    return folder


@pytest.fixture
def four(folder: Path) -> Iterator[list[Program]]:
    with ExitStack() as stack:
        programs = [stack.enter_context(ready(folder)) for _ in range(4)]
        yield programs
        for program in programs:
            assert program.communicate(timeout=60) == ("", "")


def ready(folder: Path) -> Program:
    program = start("migrate_at_a_word", str(folder))
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    return program


def begin(program: Program, url: str) -> None:
    assert program.stdin is not None
    program.stdin.write(f"{url}\n")
    program.stdin.flush()


def applied(program: Program) -> list[str]:
    assert program.stdout is not None
    assert program.stderr is not None
    return (program.stdout.readline() or program.stderr.read()).split()


async def rows(tx: Tx) -> list[int]:
    return [await tx.value(f"SELECT count(*) FROM t{n}") for n in range(1, STEPS + 1)]


async def test_four_at_once(empty_url: str, folder: Path, four: list[Program]) -> None:
    for program in four:
        begin(program, empty_url)
    names = [name for program in four for name in applied(program)]
    assert sorted(names) == sorted(path.name for path in folder.glob("*.sql"))
    db = await open_database(empty_url)
    assert await db.read(rows) == [5_000] * STEPS
    await db.close()


def test_four_at_once_on_new_files(tmp_path: Path, folder: Path, four: list[Program]) -> None:
    """The switch to a write-ahead log is the one moment when SQLite lets nobody wait."""
    for path in folder.glob("000[2-9]*.sql"):
        path.unlink()
    (folder / "0010_step.sql").unlink()
    for n in range(60):
        for program in four:
            begin(program, f"sqlite:///{tmp_path}/{n}.db")
        assert sorted(map(applied, four)) == [[], [], [], ["0001_step.sql"]]


async def test_killed_in_the_middle(empty_url: str, folder: Path) -> None:
    """After each kill a step is there whole or not at all, and the next start completes."""
    kills = 0
    left = STEPS
    while left and kills < STEPS:
        with ready(folder) as program:
            begin(program, empty_url)
            while len(await pending(empty_url, folder=folder)) == left:
                pass
            program.kill()
        kills += 1
        left = len(await pending(empty_url, folder=folder))
    await migrate(empty_url, folder=folder)
    db = await open_database(empty_url)
    assert await db.read(rows) == [5_000] * STEPS
    await db.close()
    assert kills > 1
