"""A file as a table, whatever kind it is: named columns, the first rows, and all rows as often as one asks."""

import hashlib
import re
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

import msgspec

from newsletter.errors import BadInput
from newsletter.subscribers.imports import csv_file, xlsx
from newsletter.subscribers.imports.model import Refused, Row
from newsletter.words import gettext as _
from newsletter.words import number

SAMPLE = 200
_PIECE = 1_048_576  # bytes
MOST_COLUMNS = 1_000
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PACKED, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


class Table(msgspec.Struct, frozen=True):
    path: Path
    sha256: str
    columns: tuple[str, ...]
    headed: bool  # whether the first row names the columns
    sample: tuple[Row, ...]  # the first rows below it
    said: str  # what the owner should know of how it was read
    encoding: csv_file.Encoding | None  # None: XLSX
    lines: int  # about, for a progress bar; 0: not known
    asked: str = ""  # the encoding, where its owner said it

    def rows(self) -> Iterator[Row | Refused]:
        """All rows below the header, each as wide as that. Raises BadInput."""
        width = len(self.columns)
        first = self.headed
        for row in _rows(self.path, self.encoding):
            if isinstance(row, Refused):
                yield row
            elif first:
                first = False
            elif len(row.cells) == width:
                yield row
            else:
                yield _widened(row, width)


def open_table(path: Path, asked: str = "") -> Table:
    """`asked`: the encoding of a text file, which is found out without it.

    Raises BadInput for what is no table, for one without a row, and for an encoding that is none.
    """
    begin, sha256, lines = _looked_over(path)
    if begin == _OLD_EXCEL:
        raise BadInput("This is a file of an older Excel. Please save it as XLSX or CSV.")
    encoding = None
    if begin != _PACKED:
        encoding = csv_file.named(asked) if asked else csv_file.encoding_of(path)
    found = (row for row in _rows(path, encoding) if isinstance(row, Row))
    first = next(found, None)
    if first is None:
        raise BadInput("There is no row in this file.")
    if len(first.cells) > MOST_COLUMNS:
        raise BadInput(
            _("There are more than %(most)s columns in this file.") % {"most": number(MOST_COLUMNS)}
        )
    headed = not any(_ADDRESS.fullmatch(cell.strip()) for cell in first.cells)
    sample = islice(found if headed else chain([first], found), SAMPLE)
    return Table(
        path,
        sha256,
        _named(first.cells, headed=headed),
        headed,
        tuple(sample),
        encoding.said if encoding else "",
        encoding,
        lines if encoding else 0,
        asked,
    )


def _looked_over(path: Path) -> tuple[bytes, str, int]:
    """How the file begins, its hash, and its lines."""
    digest = hashlib.sha256()
    begin, lines = b"", 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            begin = begin or piece[:4]
            digest.update(piece)
            lines += piece.count(b"\n")
    return begin, digest.hexdigest(), lines


def _rows(path: Path, encoding: csv_file.Encoding | None) -> Iterator[Row | Refused]:
    return xlsx.rows(path) if encoding is None else csv_file.rows(path, encoding)


def _named(cells: list[str], *, headed: bool) -> tuple[str, ...]:
    """Each column by a name of its own."""
    names: list[str] = []
    for place, cell in enumerate(cells, 1):
        name = " ".join(cell.split())[:100] if headed else ""
        name = name or _("column %(n)d") % {"n": place}
        names.append(name if name not in names else f"{name} ({place})")
    return tuple(names)


def _widened(row: Row, width: int) -> Row | Refused:
    more = len(row.cells) - width
    if more <= 0:
        return Row(row.line, row.cells + [""] * -more)
    if any(row.cells[width:]):
        return Refused(
            row.line,
            _("It has %(cells)d cells, where the file has %(columns)d columns.")
            % {"cells": len(row.cells), "columns": width},
        )
    return Row(row.line, row.cells[:width])
