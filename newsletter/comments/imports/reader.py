"""Finds out whose export a file is, and reads it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from newsletter.comments.imports import disqus, isso, remark42, wxr, xml
from newsletter.comments.imports.model import Imported, Skipped
from newsletter.comments.imports.packed import opened
from newsletter.errors import BadInput

_Reader = Callable[[Path], Iterator[Imported | Skipped]]

_XML: dict[str, _Reader] = {"rss": wxr.comments, "disqus": disqus.comments}
_SQLITE = b"SQLite format 3\0"
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # byte order, before anything else

UNKNOWN = (
    "This is no export that can be read: neither WordPress' (WXR), Disqus' (XML), Isso's (its SQLite file, or "
    "JSON) nor a backup from Remark42."
)


def read(path: Path) -> Iterator[Imported | Skipped]:
    """All comments of an export in its own order; its content tells whose it is, not its name.

    Raises BadInput, as late as the damage stands in the file; OSError where it can't be opened.
    """
    yield from _reader(path)(path)


def _reader(path: Path) -> _Reader:
    with opened(path) as file:
        head = file.read(1024)
    if head.startswith(_SQLITE):
        return _isso_database
    for mark in _MARKS:
        head = head.removeprefix(mark)
    match head.replace(b"\0", b"").lstrip()[:1]:  # without the zeros of UTF-16
        case b"[":
            return isso.from_json
        case b"{":
            return remark42.comments
        case b"<" if reader := _XML.get(xml.root(path)):
            return reader
    raise BadInput(UNKNOWN)


def _isso_database(path: Path) -> Iterator[Imported | Skipped]:
    """Raises BadInput where it is compressed too: SQLite reads a file, not a stream."""
    with path.open("rb") as file:
        if file.read(len(_SQLITE)) != _SQLITE:
            raise BadInput("This is an SQLite file in a compressed one. Please unpack it first.")
    yield from isso.from_database(path)
