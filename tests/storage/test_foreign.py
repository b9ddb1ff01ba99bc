"""Other programs' files that are damaged where even what is said of it can't be read."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.errors import BadInput
from newsletter.storage.foreign import reading


def test_a_schema_that_is_no_text(tmp_path: Path) -> None:
    """SQLite names what it can't read, and Python can't read that name."""
    path = tmp_path / "comments.db"
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE mallory (id)")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"CREATE TABLE", b"CREATE FABLE").replace(b"mallory", b"mallor\xff"))
    with pytest.raises(BadInput, match="it is damaged"), reading(path) as rows:
        rows("SELECT id FROM threads")
