"""What a migration leaves beside the database is rid of again, and nothing else is."""

import os
from pathlib import Path

import pytest

from newsletter.clock import DAY, HOUR, now
from newsletter.storage import Tx, copies, delete_old_copies, migrate, open_database

ADA = "ada.once@example.org"
OURS = (
    "our (letters)-before-0003.db",
    "our (letters)-before-0002.db",
    "our (letters)-before-0002.db-wal",
    "our (letters)-before-0001.db.partial",
)
OTHERS = (
    "our (letters)-before-lunch.db",
    "our (letters)-before-0003.db.key",
    "our (letters)-before-0003.db.mine",
    "newsletter-before-0003.db",
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    (tmp_path / "data").mkdir()
    return f"sqlite:///{tmp_path}/data/our (letters).db"


def leave(url: str, *names: str, age: int = 0) -> None:
    """Puts files of that age (ms) beside the database."""
    for name in names:
        path = Path(url.removeprefix("sqlite:///")).with_name(name)
        path.write_text(ADA)
        os.utime(path, ((now() - age) / 1000,) * 2)


def names(url: str) -> set[str]:
    folder = Path(url.removeprefix("sqlite:///")).parent
    return {path.name for path in folder.iterdir()} & {*OURS, *OTHERS}


async def test_who_is_erased_is_in_no_copy(url: str, tmp_path: Path) -> None:
    migrations = tmp_path / "migrations"
    migrations.mkdir()
    (migrations / "0001_people.sql").write_text("CREATE TABLE people (email TEXT);")
    await migrate(url, folder=migrations)
    db = await open_database(url)

    async def joins(tx: Tx) -> None:
        await tx.run("INSERT INTO people VALUES (:email)", email=ADA)

    async def goes(tx: Tx) -> None:
        await tx.run("DELETE FROM people")

    await db.write(joins)
    (migrations / "0002_more.sql").write_text("CREATE TABLE more (id BIGINT PRIMARY KEY);")
    await migrate(url, folder=migrations)
    leave(url, *OTHERS)
    copy = tmp_path / "data" / "our (letters)-before-0002.db"
    assert ADA.encode() in copy.read_bytes()

    await db.write(goes)
    await db.scrub(ADA, copies=False)
    assert copy.exists()
    await db.scrub(ADA)
    assert names(url) == set(OTHERS)
    leave(url, *OURS)
    await db.scrub()
    assert names(url) == set(OTHERS)
    await db.close()


async def test_every_copy_goes_after_a_week(url: str) -> None:
    leave(url, *OURS, *OTHERS, age=7 * DAY - HOUR)
    delete_old_copies(url)
    assert names(url) == {*OURS, *OTHERS}
    leave(url, *OURS, *OTHERS, age=7 * DAY + HOUR)
    delete_old_copies(url)
    assert names(url) == set(OTHERS)


async def test_it_goes_by_the_millisecond_and_what_a_crash_left_is_in_the_way_of_none(tmp_path: Path) -> None:
    path, copy = tmp_path / "data.db", tmp_path / "data-before-0001.db"
    await migrate(f"sqlite:///{path}")
    copy.with_name(f"{copy.name}.partial").write_text("left")
    copies.make(path, 1)
    assert copy.read_bytes()[:6] == b"SQLite"
    made = 1_234_567_890_123
    os.utime(copy, ns=(made * 1_000_000,) * 2)
    copies.delete(path, older_than=made)
    assert copy.exists()
    copies.delete(path, older_than=made + 1)
    assert not copy.exists()


def test_elsewhere_there_are_none() -> None:
    delete_old_copies("postgresql://localhost/newsletter")
