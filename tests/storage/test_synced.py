"""What is said to be kept is on the disk: a backup, what is put back, a copy; and the folders they are in."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.storage import backup, copies


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what was synced, in turn."""
    names: list[str] = []
    sync = os.fsync

    def heard(descriptor: int) -> None:
        names.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", heard)
    return names


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "here").mkdir()
    path = tmp_path / "here/data.db"
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE readers (email TEXT)")
    path.with_name("data.db.key").write_text("its-key\n")
    return path


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_backup_and_then_what_says_that_it_is_whole(source: Path, synced: list[str]) -> None:
    before = open_files()
    backup.make(source, source.with_name("kept.db"))
    assert synced[-4:] == ["kept.db.partial", "kept.db.key.partial", "kept.db.sha256", "here"]
    assert open_files() == before


def test_what_is_put_back(source: Path, synced: list[str]) -> None:
    kept = source.with_name("kept.db")
    backup.make(source, kept)
    synced.clear()
    backup.restore(kept, source, lambda _: None)
    assert synced == ["data.db.restoring", "data.db.key.partial", "here", "here"]


def test_a_copy(source: Path, synced: list[str]) -> None:
    copies.whole(source, source.with_name("copy.db"))
    assert synced == ["copy.db"]
