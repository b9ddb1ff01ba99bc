"""SQLite files that are somebody else's, damaged, held by another program, or where none can be made."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from newsletter.errors import MigrationError, SettingsError, Unavailable
from newsletter.storage import migrate, open_database, pending
from newsletter.storage.sqlite_file import WRITER_PRAGMAS, connect, make_file, require_log
from newsletter.storage.steps import Applied, load, outstanding
from tests.storage.conftest import add, addresses, make_table


def held(path: Path) -> sqlite3.Connection:
    """A file without a write-ahead log, which another program is reading."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("CREATE TABLE theirs (id)")
    raw.execute("BEGIN")
    raw.execute("SELECT * FROM theirs").fetchall()
    return raw


async def test_who_is_refused_at_once_tries_again_until_the_file_is_free(tmp_path: Path) -> None:
    """As SQLite refuses all but one who switch a new file to a log in the same moment."""
    path, tries = tmp_path / "data.db", tmp_path / "tries.db"
    tries.touch()
    note = f"""
        ATTACH '{tries}' AS tries;
        CREATE TABLE IF NOT EXISTS tries.page (full);
        INSERT INTO tries.page VALUES (zeroblob(100000));
        DETACH tries;
    """
    with closing(held(path)) as other:
        opening = asyncio.create_task(connect(path, f"PRAGMA busy_timeout = 0; {note} {WRITER_PRAGMAS}", 60))
        while tries.stat().st_size < 200_000 and not opening.done():
            await asyncio.sleep(0.001)
        assert not opening.done()
        other.execute("COMMIT")
        connection = await opening
    await connection.run(require_log)
    await connection.close()


async def test_who_waits_in_vain_is_told_why(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    with closing(held(path)), pytest.raises(Unavailable, match="is locked by another program"):
        await open_database(f"sqlite:///{path}", patience=0.1)


@pytest.mark.parametrize("look", [migrate, pending])
async def test_what_is_no_database_is_not_migrated(
    tmp_path: Path, look: Callable[[str], Coroutine[Any, Any, list[str]]]
) -> None:
    path = tmp_path / "data.db"
    path.write_bytes(b"a letter to ada\n" * 200)
    with pytest.raises(SettingsError, match="can't be used: file is not a database"):
        await look(f"sqlite:///{path}")
    assert path.read_bytes() == b"a letter to ada\n" * 200


@pytest.mark.parametrize("look", [migrate, pending])
async def test_another_programs_ledger_is_not_taken_for_ours(
    tmp_path: Path, look: Callable[[str], Coroutine[Any, Any, list[str]]]
) -> None:
    path = tmp_path / "data.db"
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE migrations (version TEXT)")
    with pytest.raises(SettingsError, match="can't be used: no such column: number"):
        await look(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as raw:
        assert [name for (name,) in raw.execute("SELECT name FROM sqlite_schema")] == ["migrations"]


def test_a_file_that_the_disk_takes_no_name_for(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be made: File name too long"):
        make_file(tmp_path / ("x" * 300))


def test_without_a_write_ahead_log_nothing_is_opened() -> None:
    with (
        closing(sqlite3.connect(":memory:")) as raw,
        pytest.raises(sqlite3.OperationalError, match="on a local disk"),
    ):
        require_log(raw)


async def test_a_damaged_page_is_not_read_as_if_it_were_whole(sqlite_url: str) -> None:
    db = await open_database(sqlite_url)
    await db.write(make_table)
    for n in range(200):
        await db.write(add, n, f"{n}@example.org", "x" * 500)
    await db.close()
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    whole = path.read_bytes()
    first = whole.index(b"x" * 500) // 4096 * 4096
    path.write_bytes(whole[:first] + b"\xcc" * 4096 + whole[first + 4096 :])
    db = await open_database(sqlite_url)
    with pytest.raises(Unavailable):
        await db.read(addresses)
    await db.close()


def test_a_step_that_was_passed_over_is_not_made_up_for(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"000{number}_words.sql").write_text(f";;\nCREATE TABLE t{number} (id BIGINT);;\n;")
    first, second = load(tmp_path, "sqlite")
    assert second.statements == ("CREATE TABLE t2 (id BIGINT);",)  # what is empty is none
    applied = Applied(second.number, second.name, second.sha256)
    with pytest.raises(MigrationError, match=r"0001_words.sql was never applied, but later ones were"):
        outstanding([first, second], [applied])


def test_its_thread_has_said_all_before_the_loop_is_closed(tmp_path: Path) -> None:
    heard: list[threading.ExceptHookArgs] = []
    hook, threading.excepthook = threading.excepthook, heard.append
    try:
        for _ in range(200):
            with closing(asyncio.new_event_loop()) as loop, pytest.raises(sqlite3.OperationalError):
                loop.run_until_complete(connect(tmp_path / "gone" / "data.db", WRITER_PRAGMAS, 0.1))
    finally:
        threading.excepthook = hook
    assert not heard


async def test_a_machine_that_has_no_thread_left(tmp_path: Path) -> None:
    make_file(tmp_path / "data.db")
    before = threading.stack_size(2**46)  # as much as no machine has for one
    try:
        with pytest.raises(RuntimeError, match="thread"):
            await connect(tmp_path / "data.db", WRITER_PRAGMAS, 0.1)
    finally:
        threading.stack_size(before)
