"""Who writes much moves the log into the database between two transactions, so that nobody's COMMIT has to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from newsletter.storage import Database, Tx, migrate, open_database
from newsletter.storage.db import own_checkpoints, touch
from newsletter.storage.sqlite_file import LOG_PAGES

PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.db"


@pytest.fixture
async def db(path: Path) -> AsyncIterator[Database]:
    await migrate(f"sqlite:///{path}")
    db = await open_database(f"sqlite:///{path}")
    yield db
    await db.close()


async def test_the_log_is_moved_when_its_writer_says_so(db: Database, path: Path) -> None:
    n = 0

    async def much(tx: Tx) -> None:
        nonlocal n
        n += 1
        await tx.run(
            "INSERT INTO files (id, sha256, name, media_type, size) VALUES (:id, :id, '', '', 0)", id=n
        )
        await tx.run(
            "INSERT INTO file_chunks (file_id, n, bytes) VALUES (:id, 0, zeroblob(:size))",
            id=n,
            size=LOG_PAGES * PAGE,
        )

    async with own_checkpoints(db):
        before = path.stat().st_size
        await db.write(much)
        assert path.stat().st_size == before
        await db.checkpoint(again=True)
        assert path.stat().st_size >= before + LOG_PAGES * PAGE
        await db.write(much)
        between = path.stat().st_size
    assert path.stat().st_size >= between + LOG_PAGES * PAGE
    after = path.stat().st_size
    await db.write(much)
    assert path.stat().st_size >= after + LOG_PAGES * PAGE


async def test_what_is_written_to_see_whether_it_can_be_is_in_the_log(db: Database, path: Path) -> None:
    await db.checkpoint(again=False)
    log = path.with_name(f"{path.name}-wal")
    before = log.read_bytes()
    await db.write(touch)
    assert log.read_bytes() != before
