"""The command with `synchronous = NORMAL`, which is often recommended for SQLite: a power cut then loses commits."""

from newsletter.__main__ import main
from newsletter.storage import sqlite, sqlite_file

NORMAL = sqlite_file.WRITER_PRAGMAS.replace("synchronous = FULL", "synchronous = NORMAL")
assert NORMAL != sqlite_file.WRITER_PRAGMAS

if __name__ == "__main__":
    sqlite.WRITER_PRAGMAS = NORMAL  # type: ignore[attr-defined]  # a name that it only imports
    main()
