"""Other programs' SQLite files, to be read and never touched: not even a lock is left beside them."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from newsletter.errors import BadInput

Rows = Callable[[str], Iterator[tuple[Any, ...]]]

_LONGEST = 16 * 1024 * 1024  # bytes of one value or row; a file made to harm could name 1 GB
# Nothing that the file's own schema brings along is run, and no cell is believed about its size.
_CAREFUL = ("PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON", "PRAGMA query_only = ON")


@contextmanager
def reading(path: Path) -> Iterator[Rows]:
    """Gives what runs a SELECT on the file and streams its rows. Raises BadInput where the file is damaged.

    As nothing is locked, nobody may write to it meanwhile: with a log beside it, it is refused.
    """
    _check_at_rest(path)
    try:
        with closing(_open(path)) as connection:
            yield connection.execute
    except sqlite3.Error as error:
        raise BadInput(f"The SQLite file can't be read: {error}.") from None
    except UnicodeDecodeError:  # Python's own reading of SQLite's message, where that quotes what is damaged
        raise BadInput("The SQLite file can't be read: it is damaged.") from None


def _check_at_rest(path: Path) -> None:
    for suffix in ("-wal", "-journal"):
        beside = path.with_name(path.name + suffix)
        if beside.exists() and beside.stat().st_size:
            raise BadInput(
                f"{beside.name} lies beside the file: the program that it belongs to is running, or was "
                "stopped hard. Please stop it properly, or make a copy with sqlite3's .backup, and try again."
            )


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None
    )
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    for pragma in _CAREFUL:
        connection.execute(pragma)
    return connection
