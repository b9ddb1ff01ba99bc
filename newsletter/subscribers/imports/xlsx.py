"""The first sheet of an XLSX file, row by row, in constant memory: XML in a ZIP (ECMA-376), read with expat.

The file may come from anybody: it is measured before any of it is unpacked, and a document type is refused. `zipfile`
hands out no more of a part than it says of itself.
"""

import re
import zlib
from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from posixpath import join, normpath
from tempfile import TemporaryFile
from typing import IO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from newsletter.errors import BadInput
from newsletter.subscribers.imports.model import Row
from newsletter.words import gettext, number

LONGEST_CELL = 32_767  # characters; Excel's own limits
MOST_COLUMNS = 16_384
LARGEST = 2 * 1024**3  # bytes, all parts together, unpacked
MOST_PARTS = 10_000
_PIECE = 65_536
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d+)")
_DATES = frozenset({*range(14, 23), *range(45, 48)})  # ECMA-376 §18.8.30
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_UNREADABLE = "The XLSX file can’t be read. Please open it, and save it anew or as CSV."
_FIRST_DAY = datetime(1899, 12, 30, tzinfo=UTC)  # serial 0, with Lotus' leap day of 1900 in it
_MAC_DAYS = 1_462  # from there to 1904-01-01


def rows(path: Path) -> Iterator[Row]:
    """Each row that isn't blank, as Excel would show its texts, with dates as ISO. Raises BadInput."""
    try:
        with ZipFile(path) as book, TemporaryFile() as spool:
            _measure(book)
            yield from _Sheet(book, spool).rows()
    except (BadZipFile, zlib.error, KeyError, expat.ExpatError, EOFError, RuntimeError, ValueError):
        raise BadInput(_UNREADABLE) from None


def _measure(book: ZipFile) -> None:
    """Raises BadInput."""
    parts = book.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST:
        raise BadInput("The XLSX file is larger than any sheet. Please save it as CSV.")


class _Sheet:
    def __init__(self, book: ZipFile, spool: IO[bytes]) -> None:
        self._book = book
        self._part, self._mac = _first_sheet(book)
        self._strings = _Strings(book, spool)
        self._dated = _dated(book)

    def rows(self) -> Iterator[Row]:
        reader = _Cells(self._text)
        for _ in _fed(self._book, self._part, reader.start, reader.end, reader.characters):
            yield from reader.done
            reader.done.clear()

    def _text(self, kind: str, style: str, value: str) -> str:
        if kind == "s":
            return self._strings[int(value or -1)]
        if kind == "b":
            return "true" if value == "1" else "false"
        if kind != "n" or not value:
            return "" if kind == "e" else value
        try:
            number = float(value)
        except ValueError:
            return value
        if style in self._dated:
            return _date(number + _MAC_DAYS * self._mac)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else value


class _Cells:
    """expat's handlers for a sheet: rows that are complete stand in `done`."""

    def __init__(self, text: Callable[[str, str, str], str]) -> None:
        self.done: list[Row] = []
        self._text = text
        self._cells: list[str] = []
        self._line = self._column = 0
        self._kind = self._style = ""
        self._value: list[str] | None = None
        self._length = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._line = int(attributes.get("r", self._line + 1))
            self._cells, self._column = [], 0
        elif name == "c":
            self._column = _column(attributes.get("r", "")) or self._column + 1
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            if self._column > MOST_COLUMNS:
                raise BadInput(_UNREADABLE)
            self._cells.extend([""] * (self._column - len(self._cells)))
        elif name in ("v", "t"):
            self._value, self._length = [], 0

    def characters(self, text: str) -> None:
        if self._value is not None:
            self._length += len(text)
            if self._length > LONGEST_CELL:
                raise BadInput(
                    gettext("Row %(line)d has a cell of more than %(most)s characters.")
                    % {"line": self._line, "most": number(LONGEST_CELL)}
                )
            self._value.append(text)

    def end(self, name: str) -> None:
        if name in ("v", "t") and self._value is not None and self._cells:
            self._cells[self._column - 1] += self._text(self._kind, self._style, "".join(self._value))
            self._value = None
        elif name == "row" and any(self._cells):
            self.done.append(Row(self._line, self._cells))


class _Strings:
    """Texts that cells share: in a file that nobody else sees, since a million of them are too many for memory."""

    def __init__(self, book: ZipFile, spool: IO[bytes]) -> None:
        self._spool = spool
        self._ends = array("q", [0])
        self._pieces: list[str] | None = None
        self._taken = self._sounds = False
        self._length = 0
        if "xl/sharedStrings.xml" in book.namelist():
            for _ in _fed(book, "xl/sharedStrings.xml", self._start, self._end, self._characters):
                pass

    def __getitem__(self, place: int) -> str:
        if not 0 <= place < len(self._ends) - 1:
            raise BadInput(_UNREADABLE)
        self._spool.seek(self._ends[place])
        return self._spool.read(self._ends[place + 1] - self._ends[place]).decode()

    def _start(self, name: str, _: dict[str, str]) -> None:
        if name == "si":
            self._pieces, self._length = [], 0
        elif name == "rPh":  # how it sounds, in Japanese
            self._sounds = True
        self._taken = name == "t" and not self._sounds

    def _characters(self, text: str) -> None:
        if self._pieces is not None and self._taken:
            self._length += len(text)
            if self._length > LONGEST_CELL:
                raise BadInput(
                    gettext("It has a cell of more than %(most)s characters.")
                    % {"most": number(LONGEST_CELL)}
                )
            self._pieces.append(text)

    def _end(self, name: str) -> None:
        self._taken = False
        if name == "rPh":
            self._sounds = False
        elif name == "si" and self._pieces is not None:
            self._ends.append(self._ends[-1] + self._spool.write("".join(self._pieces).encode()))
            self._pieces = None


def _first_sheet(book: ZipFile) -> tuple[str, bool]:
    """Where it is, and whether its days are counted from 1904 on."""
    found = {"sheet": "", "target": "", "mac": ""}

    def of_book(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet" and not found["sheet"] and attributes.get("state", "visible") == "visible":
            found["sheet"] = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")
        elif name == "workbookPr":
            found["mac"] = attributes.get("date1904", "")

    def of_links(_: str, attributes: dict[str, str]) -> None:
        if attributes.get("Id") == found["sheet"]:
            found["target"] = attributes.get("Target", "")

    for part, handler in (("xl/workbook.xml", of_book), ("xl/_rels/workbook.xml.rels", of_links)):
        for _ in _fed(book, part, handler, _nothing, _nothing):
            pass
    target = found["target"]
    part = target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
    return part, found["mac"] in ("1", "true")


def _dated(book: ZipFile) -> frozenset[str]:
    """The styles, by number, that show a number as a date."""
    formats: dict[str, bool] = {}
    styles: list[bool] = []
    inside = [False]

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            code = _QUOTED.sub("", attributes.get("formatCode", "")).lower()
            formats[attributes.get("numFmtId", "")] = any(letter in code for letter in "ymdhs")
        elif name == "cellXfs":
            inside[0] = True
        elif name == "xf" and inside[0]:
            number = attributes.get("numFmtId", "0")
            styles.append(formats.get(number, number.isdecimal() and int(number) in _DATES))

    def end(name: str) -> None:
        if name == "cellXfs":
            inside[0] = False

    if "xl/styles.xml" in book.namelist():
        for _ in _fed(book, "xl/styles.xml", start, end, _nothing):
            pass
    return frozenset(str(number) for number, dated in enumerate(styles) if dated)


def _fed(
    book: ZipFile,
    part: str,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    characters: Callable[[str], None],
) -> Iterator[None]:
    """Comes back after each piece that was parsed. Names come without their prefix."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    parser.CharacterDataHandler = characters
    with book.open(part) as file:
        while piece := file.read(_PIECE):
            parser.Parse(piece, False)
            yield
    parser.Parse(b"", True)
    yield


def _refuse(*_: object) -> None:
    raise BadInput(_UNREADABLE)


def _nothing(*_: object) -> None:
    pass


def _column(reference: str) -> int:
    """1 for A; 0 where nothing is said."""
    found = _REFERENCE.fullmatch(reference)
    number = 0
    for letter in found[1] if found else "":
        number = number * 26 + ord(letter) - 64
    return number


def _date(serial: float) -> str:
    if not 0 <= serial < 2_958_466:  # the year 10000
        return ""
    at = _FIRST_DAY + timedelta(seconds=round(serial * 86_400))
    return at.strftime("%Y-%m-%d") if serial.is_integer() else at.strftime("%Y-%m-%dT%H:%M:%S")
