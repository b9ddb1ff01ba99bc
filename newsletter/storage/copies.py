"""The copies of a SQLite file that migrations leave beside it: `<name>-before-<number>.db`.

A copy holds everybody who was there: an erasure deletes it at once, and who never confirmed is in it for a week more
at most.
"""

import logging
import os
import re
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from newsletter.clock import DAY, now
from newsletter.errors import MigrationError
from newsletter.storage.db import engine_of, sqlite_path
from newsletter.storage.sqlite_file import make_file

_log = logging.getLogger(__name__)
KEPT = 7 * DAY
_WITH = r"(\.partial|-journal|-wal|-shm)?"  # what a crash leaves of one, or somebody's look into it


def make(path: Path, number: int) -> None:
    """The database as it is before migration `number`, whole and synced to the disk, for its owner only.

    Raises MigrationError.
    """
    copy = path.with_name(f"{path.stem}-before-{number:04}{path.suffix}")
    unfinished = copy.with_name(f"{copy.name}.partial")
    try:
        whole(path, unfinished)
        unfinished.replace(copy)
    except (sqlite3.Error, OSError) as error:
        with suppress(OSError):
            unfinished.unlink()
        raise MigrationError(f"The database can't be copied to {copy} before migrating: {error}.") from None
    _log.info("copied the database to %s, which goes after %d days or the next erasure", copy, KEPT // DAY)


def whole(path: Path, to: Path) -> None:
    """The database at `path`, which may be in use, as one new file, synced. Raises sqlite3.Error, OSError."""
    to.unlink(missing_ok=True)
    make_file(to)
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=30)) as reader:
        reader.execute("VACUUM INTO ?", (str(to),))
    with to.open("rb+") as file:
        os.fsync(file.fileno())


def delete(path: Path, *, older_than: int | None = None) -> None:
    """Deletes the copies of the database at `path`: all, or those made before `older_than` (ms). Raises OSError."""
    name = re.compile(rf"{re.escape(path.stem)}-before-\d{{4,}}{re.escape(path.suffix)}{_WITH}")
    for found in path.parent.iterdir():
        if not name.fullmatch(found.name) or not found.is_file():
            continue
        with suppress(FileNotFoundError):  # another process does the same
            if older_than is None or found.stat().st_mtime_ns // 1_000_000 < older_than:
                found.unlink()
                _log.info("deleted %s, a copy of the database made before a migration", found)


def delete_old(url: str) -> None:
    """Deletes the copies whose time is over. Raises OSError."""
    if engine_of(url) == "sqlite":
        delete(sqlite_path(url), older_than=now() - KEPT)
