"""Four processes start on one database at once, or one is killed: the schema is whole, each step once."""

from pathlib import Path

import pytest

from newsletter.storage import Tx, migrate, open_database, pending
from tests.storage.conftest import start

STEPS = 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Steps that can not be applied twice, each with something to do."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    for n in range(1, STEPS + 1):
        (folder / f"{n:04}_step.sql").write_text(
            f"CREATE TABLE t{n} (id BIGINT PRIMARY KEY, text TEXT); CREATE INDEX t{n}_text ON t{n} (text);"
            f"INSERT INTO t{n} (id, text) VALUES (1, 'x');"
        )
    return folder


async def rows(tx: Tx) -> list[int]:
    return [await tx.value(f"SELECT count(*) FROM t{n}") for n in range(1, STEPS + 1)]


async def test_four_at_once(empty_url: str, folder: Path) -> None:
    programs = [start("migrate_once", empty_url, str(folder)) for _ in range(4)]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    applied = []
    for program in programs:
        output, errors = program.communicate(timeout=60)
        assert program.returncode == 0, errors
        applied += output.split()
    assert sorted(applied) == sorted(path.name for path in folder.glob("*.sql"))
    db = await open_database(empty_url)
    assert await db.read(rows) == [1] * STEPS
    await db.close()


async def test_killed_in_the_middle(empty_url: str, folder: Path) -> None:
    """At each kill a step is there whole or not at all, and the next start completes."""
    left = STEPS
    kills = 0
    while left and kills < 40:
        with start("migrate_once", empty_url, str(folder)) as program:
            assert program.stdin is not None
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
            program.stdin.write("\n")
            program.stdin.flush()
            while program.poll() is None and len(await pending(empty_url, folder=folder)) == left:
                pass
            program.kill()
        kills += 1
        left = len(await pending(empty_url, folder=folder))
    await migrate(empty_url, folder=folder)
    db = await open_database(empty_url)
    assert await db.read(rows) == [1] * STEPS
    await db.close()
    assert kills > 1
