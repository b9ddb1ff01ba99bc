"""A backup is whole although people write meanwhile, tells any bit that has flipped, and is put back whole or not."""

import random
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.errors import BadInput, NewsletterError, Unavailable
from newsletter.storage import Database, Tx, backup, migrate, open_database

FLIPS = random.Random(5)


@pytest.fixture
async def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/data.db"
    await migrate(url)
    (tmp_path / "data.db.key").write_text("first-key\n")
    return url


@pytest.fixture
def source(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept.db"


async def add(db: Database, name: str) -> None:
    async def act(tx: Tx) -> None:
        await tx.run(
            "INSERT INTO owners (id, email, email_key, created_at) VALUES (abs(random()), :n, :n, 1)", n=name
        )

    await db.write(act)


def owners(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as raw:
        return {name for (name,) in raw.execute("SELECT email FROM owners")}


def nothing(_: Path) -> None:
    """Comes up as it is."""


async def test_all_that_was_committed_before_is_in_it(url: str, source: Path, kept: Path) -> None:
    db = await open_database(url)
    for n in range(20):
        await add(db, f"owner{n}")
    backup.make(source, kept)  # in the middle of it: the log has not been moved into the file
    await add(db, "later")
    await db.close()
    assert owners(kept) == {f"owner{n}" for n in range(20)}
    assert {path.name for path in kept.parent.glob("kept*")} == {"kept.db", "kept.db.key", "kept.db.sha256"}
    assert {path.stat().st_mode & 0o777 for path in kept.parent.glob("kept*")} == {0o600}
    backup.verify(kept)
    subprocess.run(["sha256sum", "--check", "--strict", "kept.db.sha256"], cwd=kept.parent, check=True)


async def test_every_flipped_bit_is_found(source: Path, kept: Path) -> None:
    backup.make(source, kept)
    whole = kept.read_bytes()
    for _ in range(30):
        damaged = bytearray(whole)
        damaged[FLIPS.randrange(len(whole))] ^= 1 << FLIPS.randrange(8)
        kept.write_bytes(damaged)
        with pytest.raises(BadInput, match="is damaged"):
            backup.verify(kept)
    kept.write_bytes(whole)
    backup.verify(kept)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("kept.db.sha256", None, "There is no kept.db.sha256"),
        ("kept.db.sha256", "?", "is damaged, or belongs to another"),
        ("kept.db.sha256", f"{'0' * 64}  other.db\n", "is damaged, or belongs to another"),
        ("kept.db.sha256", f"{'0' * 64}  kept.db\n{'0' * 64}  ../data.db\n", "damaged|missing"),
        ("kept.db.key", None, "kept.db.key is missing"),
        ("kept.db.key", "other", "kept.db.key is damaged"),
    ],
)
async def test_what_is_no_backup_is_refused(
    source: Path, kept: Path, name: str, text: str | None, why: str
) -> None:
    backup.make(source, kept)
    file = kept.with_name(name)
    file.unlink() if text is None else file.write_text(text)
    with pytest.raises(BadInput, match=why):
        backup.verify(kept)


async def test_a_backup_replaces_none(source: Path, kept: Path) -> None:
    kept.write_text("mine")
    with pytest.raises(BadInput, match="already"):
        backup.make(source, kept)
    assert kept.read_text() == "mine"
    with pytest.raises(Unavailable, match="can't be made"):
        backup.make(source, kept.parent / "data.db.key" / "x.db")


async def test_restored_it_is_as_it_was_and_both_keys_open_links(url: str, source: Path, kept: Path) -> None:
    db = await open_database(url)
    await add(db, "ada")
    backup.make(source, kept)
    await add(db, "ben")
    await db.close()
    source.with_name("data.db.key").write_text("second-key, first-key\n")
    old = backup.restore(kept, source, nothing)
    assert owners(source) == {"ada"}
    assert old
    assert old.name == "data-before-0000.db"
    assert owners(old) == {"ada", "ben"}
    assert source.with_name("data.db.key").read_text() == "second-key,first-key\n"
    assert not [
        path.name for path in source.parent.iterdir() if "restoring" in path.name or "partial" in path.name
    ]


async def test_nothing_is_changed_while_the_service_runs(url: str, source: Path, kept: Path) -> None:
    backup.make(source, kept)
    db = await open_database(url)
    await add(db, "ada")
    with pytest.raises(Unavailable, match="is in use"):
        backup.restore(kept, source, nothing)
    await add(db, "ben")
    await db.close()
    assert owners(source) == {"ada", "ben"}


@pytest.mark.parametrize("begin", [0, 2_000])
async def test_what_is_damaged_is_replaced(url: str, source: Path, kept: Path, begin: int) -> None:
    db = await open_database(url)
    await add(db, "ada")
    await db.close()
    backup.make(source, kept)
    whole = source.read_bytes()
    source.write_bytes(whole[:begin] + b"\xcc" * 3_000 + whole[begin + 3_000 :])
    source.with_name("data.db-wal").write_bytes(b"of the damaged one")
    old = backup.restore(kept, source, nothing)
    assert owners(source) == {"ada"}
    assert old
    assert b"\xcc" * 2_000 in old.read_bytes()
    assert not source.with_name("data.db-wal").exists()
    with pytest.raises(NewsletterError, match=r"damaged|can't be used"):
        backup.at_rest(old)


async def test_of_a_folder_the_newest_whole_ones_are_kept(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    made = [folder / f"newsletter-2026-01-0{day}T000000Z.db" for day in (1, 2, 3)]
    for path in made:
        backup.make(source, path)
    (folder / "newsletter-2026-01-04T000000Z.db").write_text("without a manifest it is none")
    (folder / "mine.db").write_text("mine")
    gone = backup.thin(folder, 2)
    assert [path.name[11:21] for path in gone] == ["2026-01-01", "2026-01-04"]
    assert {path.name for path in folder.glob("*.db")} == {made[1].name, made[2].name, "mine.db"}
    assert len(list(folder.iterdir())) == 7
