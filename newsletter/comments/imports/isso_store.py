"""The rows of Isso's own database, which is anybody's file: a column may hold anything."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from newsletter.errors import BadInput
from newsletter.storage.foreign import reading

# Real tables alone: a view could be made to run for ever.
_TABLES = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('threads', 'comments')"
_COMMENTS = """
    SELECT c.id, c.parent, c.created, c.mode, t.uri, t.title, c.text, c.author, c.email, c.website
    FROM comments c LEFT JOIN threads t ON t.id = c.tid ORDER BY c.id
"""


class Row(msgspec.Struct):
    id: object
    parent: object
    created: object  # epoch seconds, with a fraction
    mode: object  # 1 shown, 2 waiting, 4 deleted but answered
    uri: str | None  # None: its thread is gone
    title: str
    text: str
    author: str
    email: str
    website: str


def comments(path: Path) -> Iterator[Row]:
    """In the order of their ids, that is of their writing. Raises BadInput."""
    with reading(path) as rows:
        ((tables,),) = rows(_TABLES)
        if tables != 2:
            raise BadInput("This SQLite file isn't Isso's: it has no tables “threads” and “comments”.")
        for id, parent, created, mode, uri, *words in rows(_COMMENTS):
            yield Row(id, parent, created, mode, None if uri is None else _text(uri), *map(_text, words))


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)
