"""Exports as other systems give them out, and what is read in them."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.comments.imports import Imported, Skipped, read

SAMPLES = Path(__file__).parent / "samples"
NOON = 1_614_686_400_000  # 2021-03-02T12:00:00Z

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Puts text or bytes into a file whose name says nothing."""

    def put(content: str | bytes) -> Path:
        path = tmp_path / "export"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


@pytest.fixture
def isso(tmp_path: Path) -> Path:
    """A database as Isso 0.13 leaves it."""
    path = tmp_path / "comments"
    with sqlite3.connect(path) as connection:
        connection.executescript("""
            CREATE TABLE threads (id INTEGER PRIMARY KEY, uri VARCHAR(256) UNIQUE, title VARCHAR(256));
            CREATE TABLE comments (tid REFERENCES threads(id), id INTEGER PRIMARY KEY, parent INTEGER,
                created FLOAT NOT NULL, modified FLOAT, mode INTEGER, remote_addr VARCHAR, text VARCHAR,
                author VARCHAR, email VARCHAR, website VARCHAR, likes INTEGER DEFAULT 0,
                dislikes INTEGER DEFAULT 0, voters BLOB NOT NULL, notification INTEGER DEFAULT 0);
            INSERT INTO threads VALUES (1, '/structure/', 'Structure'), (2, '/late/', NULL);
            INSERT INTO comments (tid, id, parent, created, mode, text, author, email, website, voters) VALUES
                (1, 1, NULL, 1614686400.25, 1, 'I **agree**.', 'Ada', 'ada@example.com',
                    'https://ada.example.com', x''),
                (1, 2, 1, 1614686401.0, 2, 'Me too', NULL, NULL, NULL, x'00'),
                (1, 3, 1, 1614686402.0, 4, '', NULL, 'cleo@example.com', NULL, x''),
                (9, 4, NULL, 1614686403.0, 1, 'Lost', 'Ben', NULL, NULL, x''),
                (2, 5, NULL, 'once', 1, 'Undated', 'Ben', NULL, NULL, x''),
                (2, 6, NULL, 1614686404.0, 1, x'ff41', 'Ben', NULL, 7, x'');
        """)
    connection.close()
    return path


def comments(path: Path) -> dict[str, Imported]:
    return {one.source_id: one for one in read(path) if isinstance(one, Imported)}


def reasons(path: Path) -> dict[str, str]:
    return {one.source_id: one.reason for one in read(path) if isinstance(one, Skipped)}
