"""The subscribers as an Excel sheet, streamed as it is made: every cell is text, so nothing in it can run as a formula.

A sheet is a ZIP of a few XML files (ECMA-376). All but one are the same for every list, and that one is written row by
row: a million rows take as little memory as ten, and no file.
"""

import re
from asyncio import to_thread
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from newsletter.errors import BadInput
from newsletter.storage import Database
from newsletter.subscribers.store.export import HEADER, Choice, count, query
from newsletter.xml_text import xml_text

MOST_ROWS = 1_048_575  # Excel's own limit, less the header
LONGEST = 32_767  # characters of a cell, as well; what is longer ends in an ellipsis
TOO_MANY = "Too many rows for one Excel sheet. Choose fewer, or take CSV."

_DAY = (2020, 1, 1, 0, 0, 0)  # the same list twice is the same file
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f"""<Types xmlns="{_PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>
<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/></Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="r2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>""",
    "xl/workbook.xml": f"""<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">
<sheets><sheet name="Subscribers" sheetId="1" r:id="r1"/></sheets></workbook>""",
    "xl/styles.xml": f"""<styleSheet xmlns="{_MAIN}">
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>
<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border/></borders>
<cellStyleXfs count="1"><xf/></cellStyleXfs>
<cellXfs count="2"><xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/></cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>""",
}
_BEGIN = f"""<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">
<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>
<cols><col min="1" max="{len(HEADER)}" width="22" customWidth="1"/></cols><sheetData>"""
_END = "</sheetData></worksheet>"
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # Excel reads _x0041_ as A
_TEXT = '<c t="inlineStr"{}><is><t xml:space="preserve">{}</t></is></c>'
_PLAIN = re.compile(r"[\w@.:+, -]*", re.ASCII)


async def export_xlsx(db: Database, choice: Choice) -> AsyncGenerator[tuple[int, bytes], None]:
    """Rows done so far, and the next bytes. Raises BadInput before the first where they are too many for a sheet."""
    if await db.read(count, choice) > MOST_ROWS:
        raise BadInput(TOO_MANY)
    out: Any = _Out()  # as much of a file as a ZIP needs
    archive = ZipFile(out, "w", ZIP_DEFLATED, compresslevel=3)
    for name, text in _PARTS.items():
        archive.writestr(_part(name), _XML + text)
    sheet = archive.open(_part("xl/worksheets/sheet1.xml"), "w")
    sheet.write((_XML + _BEGIN + row_of(HEADER, ' s="1"')).encode())
    done = 0
    yield done, out.taken()
    sql, params = query(db.engine, choice)
    async with aclosing(db.stream(sql, **params)) as chunks:
        async for rows in chunks:
            done += len(rows)
            if done > MOST_ROWS:  # some came meanwhile
                raise BadInput(TOO_MANY)
            await to_thread(_write, sheet, rows)
            yield done, out.taken()
    sheet.write(_END.encode())
    sheet.close()
    archive.close()
    yield done, out.taken()


class _Out:
    """What a ZIP is written to: it can't go back in it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None: ...

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _part(name: str) -> ZipInfo:
    part = ZipInfo(name, _DAY)
    part.compress_type = ZIP_DEFLATED
    return part


def _write(sheet: Any, rows: Sequence[Sequence[str]]) -> None:
    sheet.write("".join([row_of(row) for row in rows]).encode("utf-8", "replace"))


def row_of(cells: Sequence[str], style: str = "") -> str:
    return (
        "<row>" + "".join([_TEXT.format(style, _safe(cell)) if cell else "<c/>" for cell in cells]) + "</row>"
    )


def _safe(cell: str) -> str:
    if _PLAIN.fullmatch(cell) and "_x" not in cell and len(cell) <= LONGEST:
        return cell
    if len(cell) > LONGEST:
        cell = cell[: LONGEST - 1] + "…"
    return _ESCAPED.sub("_x005F_", xml_text(cell))
