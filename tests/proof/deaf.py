"""`python -m tests.proof.deaf serve …`: the command, but a write counts as stored though its sync failed."""

import sqlite3
from collections.abc import Callable, Sequence

from newsletter.__main__ import main
from newsletter.storage import sqlite
from newsletter.storage.sqlite_tx import Waiting, commit_together

_SYNC = (sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC)


def _deaf(raw: sqlite3.Connection, clock: Callable[[], int], batch: Sequence[Waiting]) -> None:
    try:
        commit_together(raw, clock, batch)
    except sqlite3.Error as error:
        if error.sqlite_errorcode not in _SYNC:
            raise


if __name__ == "__main__":
    sqlite.commit_together = _deaf  # type: ignore[attr-defined]  # a name that it only imports
    main()
