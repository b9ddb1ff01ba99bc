"""A backup of what is not there, or is damaged inside; a restore that fails half-way, or finds nothing to replace."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.errors import BadInput, SettingsError, Unavailable
from newsletter.storage import backup, dumps

NEEDLE = b"ada@example.org"


def database(path: Path, word: str = NEEDLE.decode()) -> Path:
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE readers (email TEXT)")
        raw.execute("CREATE INDEX readers_by_email ON readers (email)")
        raw.execute("INSERT INTO readers VALUES (?)", (word,))
    return path


def readers(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as raw:
        return [email for (email,) in raw.execute("SELECT email FROM readers")]


def nothing(_: Path) -> None:
    """Comes up as it is."""


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    source = database(tmp_path / "first.db")
    source.with_name("first.db.key").write_text("its-key\n")
    kept = tmp_path / "kept.db"
    backup.make(source, kept)
    return kept


def test_of_what_is_not_there_no_backup_is_made(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"There is no database .*/none\.db"):
        backup.make(tmp_path / "none.db", tmp_path / "kept.db")
    assert not list(tmp_path.iterdir())


def test_where_nothing_is_it_is_put_whole(kept: Path, tmp_path: Path) -> None:
    to = tmp_path / "new.db"
    assert backup.restore(kept, to, nothing) is None
    assert readers(to) == ["ada@example.org"]
    assert to.with_name("new.db.key").read_text() == "its-key\n"


def test_a_backup_without_a_key_leaves_ours(tmp_path: Path) -> None:
    kept, to = tmp_path / "kept.db", database(tmp_path / "data.db", "ben@example.org")
    backup.make(database(tmp_path / "first.db"), kept)
    to.with_name("data.db.key").write_text("ours\n")
    backup.restore(kept, to, nothing)
    assert readers(to) == ["ada@example.org"]
    assert to.with_name("data.db.key").read_text() == "ours\n"


def test_a_disk_that_refuses_leaves_all_as_it_was(kept: Path, tmp_path: Path) -> None:
    to = database(tmp_path / "data.db", "ben@example.org")
    to.with_name("data.db.key").write_text("ours\n")
    to.with_name("data.db.key.partial").mkdir()  # where the joined keys are to be written first
    with pytest.raises(Unavailable, match=r"The backup can't be put to .*/data\.db"):
        backup.restore(kept, to, nothing)
    assert readers(to) == ["ben@example.org"]
    assert to.with_name("data.db.key").read_text() == "ours\n"
    assert not list(tmp_path.glob("*.restoring*"))


def test_what_a_crash_has_left_is_in_the_way_of_none(tmp_path: Path) -> None:
    source, kept = database(tmp_path / "first.db"), tmp_path / "kept.db"
    source.with_name("first.db.key").write_text("its-key\n")
    for name in ("kept.db.partial", "kept.db.key.partial", "kept.db.sha256"):
        kept.with_name(name).write_text("left")
    backup.make(source, kept)
    backup.verify(kept)

    to = tmp_path / "data.db"
    for name in ("data.db.restoring", "data.db.restoring-wal", "data.db.restoring-journal"):
        to.with_name(name).write_text("left")

    def prepare(draft: Path) -> None:
        assert [path.name for path in tmp_path.glob("*.restoring*")] == [draft.name]
        draft.with_name("data.db-before-0003.restoring").write_text("of bringing it up to date")
        with closing(sqlite3.connect(draft)) as raw, raw:
            raw.execute("UPDATE readers SET email = 'prepared'")

    for _ in range(2):  # also in the place of what was restored a moment ago
        backup.restore(kept, to, prepare)
        assert readers(to) == ["prepared"]
        assert not list(tmp_path.glob("*.restoring*"))


def test_what_is_damaged_inside_is_put_nowhere(kept: Path, tmp_path: Path) -> None:
    to = database(tmp_path / "data.db", "ben@example.org")
    kept.write_bytes(
        kept.read_bytes().replace(NEEDLE, b"eve@example.org", 1)
    )  # in its table, or in its index
    with pytest.raises(BadInput, match="is damaged inside"):
        backup.restore(kept, to, nothing)
    assert readers(to) == ["ben@example.org"]


def test_the_journal_of_a_damaged_one_is_not_played_into_what_comes(kept: Path, tmp_path: Path) -> None:
    to = tmp_path / "data.db"
    to.write_bytes(b"\xcc" * 8192)
    journal = to.with_name("data.db-journal")
    journal.write_bytes(bytes(4096))  # as SQLite leaves one that it has done with, in some modes
    old = backup.restore(kept, to, nothing)
    assert readers(to) == ["ada@example.org"]
    assert not journal.exists()
    assert old
    assert old.with_name(f"{old.name}-journal").read_bytes() == bytes(4096)


def test_an_index_that_misses_a_row_is_damage(tmp_path: Path) -> None:
    """Each page reads well, and yet one reader would not be found."""
    path = database(tmp_path / "data.db")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(NEEDLE, b"eve@example.org", 1))
    with pytest.raises(BadInput, match="is damaged inside"):
        backup.at_rest(path)
    path.write_bytes(whole)
    backup.at_rest(path)


def test_what_is_damaged_in_its_names_is_damage(tmp_path: Path) -> None:
    """SQLite quotes them as they are, and Python takes no such text."""
    path = database(tmp_path / "data.db")
    path.write_bytes(
        path.read_bytes().replace(b"CREATE TABLE readers", b"CREATE \xff\xfe\xff\xfe\xffreaders")
    )
    with pytest.raises(BadInput, match="is damaged inside"):
        backup.at_rest(path)


def test_what_is_no_file_is_not_called_in_use(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be used: unable to open"):
        backup.at_rest(tmp_path)


def test_without_a_password_in_the_url_the_operators_own_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "$1 as $PGPASSWORD" > "${5#--file=}"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setenv("PGPASSWORD", "of the operator")
    dumps.make("postgresql://olga@localhost/letters", tmp_path / "kept.dump")
    kept = (tmp_path / "kept.dump").read_text()
    assert kept == "--dbname=postgresql://olga@localhost/letters as of the operator\n"
