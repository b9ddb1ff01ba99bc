"""Text files with delimiters, as they come from anywhere: their encoding, their delimiter, their rows. Streamed."""

import codecs
import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

import msgspec

from newsletter.errors import BadInput
from newsletter.subscribers.imports.model import Refused, Row
from newsletter.words import gettext
from newsletter.words import number as said_number

LONGEST_LINE = 1_048_576  # characters
LONGEST_CELL = 131_072
DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT = 50  # rows, to find the delimiter
_BYTES = 65_536
_SEP = re.compile(r'"?sep=(.)"?[\r\n]*')
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", ""),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)


class Encoding(msgspec.Struct, frozen=True):
    codec: str
    said: str  # what the owner should know of it; often nothing


def encoding_of(path: Path) -> Encoding:
    """By its mark, else UTF-8 where all of the file is that, else Windows-1252, which any bytes are."""
    with path.open("rb") as file:
        first = file.read(4_096)
        for mark, codec, name in _MARKS:
            if first.startswith(mark):
                return Encoding(codec, gettext("It is in %(name)s.") % {"name": name} if name else "")
        if (wide := _wide(first)) is not None:
            return Encoding(wide, "It is in UTF-16, without a mark.")
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while piece := file.read(_BYTES):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return Encoding(
                "cp1252", "It isn’t UTF-8, so it was read as Windows-1252. Please look at names with accents."
            )
    return Encoding("utf-8", "")


def named(encoding: str) -> Encoding:
    """The one that its owner says. Raises BadInput for none."""
    try:
        b"a".decode(encoding, "replace")
    except (LookupError, UnicodeError):
        raise BadInput(
            gettext("No encoding %(name)s is known here. One is windows-1251, another shift_jis.")
            % {"name": repr(encoding)}
        ) from None
    return Encoding(encoding, "")


def _wide(first: bytes) -> str | None:
    """UTF-16 without a mark: of Latin text every other byte is zero."""
    even, odd = first[0::2], first[1::2]
    if len(first) >= 4 and odd.count(0) > len(odd) * 0.7 and even.count(0) < len(even) * 0.3:
        return "utf-16-le"
    if len(first) >= 4 and even.count(0) > len(even) * 0.7 and odd.count(0) < len(odd) * 0.3:
        return "utf-16-be"
    return None


def rows(path: Path, encoding: Encoding) -> Iterator[Row | Refused]:
    """Every row that isn't blank, the header too. Raises BadInput for a line without end."""
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding=encoding.codec, errors="replace", newline="") as file:
        delimiter, skipped = _delimiter(file)
        file.seek(0)
        lines = _lines(file)
        for _ in range(skipped):
            next(lines)
        yield from _read(lines, delimiter, skipped)


def _read(lines: Iterator[str], delimiter: str, skipped: int) -> Iterator[Row | Refused]:
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        line = reader.line_num + skipped + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            last = reader.line_num + skipped
            said = gettext("There is a cell without end: a quote may have been opened and not closed.")
            if last > line:
                said = gettext(
                    "Up to line %(line)d there is a cell without end: a quote may have been opened and not closed."
                ) % {"line": last}
            yield Refused(line, said)
            continue
        if any(cells):
            yield Row(line, cells)


def _lines(file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise BadInput(
                gettext("Line %(line)d is longer than %(most)s characters: this is no table.")
                % {"line": number, "most": said_number(LONGEST_LINE)}
            )
        yield line.replace("\0", "") if "\0" in line else line


def _delimiter(file: TextIO) -> tuple[str, int]:
    """The delimiter, and how many lines stand before the table: Excel's ``sep=;`` is one."""
    lines = list(islice(_lines(file), _LOOKED_AT))
    if lines and (said := _SEP.fullmatch(lines[0])):
        return said[1], 1
    return max(DELIMITERS, key=lambda delimiter: _fit(lines, delimiter)), 0


def _fit(lines: list[str], delimiter: str) -> tuple[float, int]:
    """How many rows are as wide as the first, and how wide that is."""
    try:
        widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter) if any(cells)]
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] == 1:
        return 0.0, 0
    return round(widths.count(widths[0]) / len(widths), 1), widths[0]
