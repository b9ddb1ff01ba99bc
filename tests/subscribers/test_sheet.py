"""The export as an Excel sheet: what is typed stays what was typed, whatever it looks like."""

from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from newsletter.errors import BadInput
from newsletter.subscribers import HEADER, Choice, export_xlsx
from newsletter.subscribers.sheet import LONGEST
from tests.cast import House
from tests.conftest import ON_ONE

TYPED = ["=1+1", "a < b & c", " two  spaces ", "_x0041_", "Żółć 🎈", "one\ntwo", '"', "'0012", "1e5"]

pytestmark = ON_ONE


async def sheet_of(house: House, choice: Choice = Choice()) -> bytes:  # noqa: B008  it is frozen
    return b"".join([piece async for _, piece in export_xlsx(house.db, choice)])


async def test_every_cell_is_the_text_that_was_typed(house: House) -> None:
    for n, name in enumerate(TYPED):
        person = await house.joins(f"reader{n}@example.org")
        await house.db.write(house.site.subscribers.prefer, person.id, person.epoch, name, [], None)
    content = await sheet_of(house)
    header, *rows = load_workbook(BytesIO(content)).active.iter_rows()
    assert tuple(cell.value for cell in header) == HEADER
    assert [unescape(row[1].value) for row in rows] == TYPED  # as Excel does
    assert {cell.data_type for row in rows for cell in row if cell.value is not None} == {"s"}
    assert content == await sheet_of(house)


async def test_it_is_well_formed_and_whole(house: House) -> None:
    person = await house.joins("ada@example.org")
    await house.db.write(
        house.site.subscribers.prefer, person.id, person.epoch, "x" * LONGEST + "yz", [], None
    )
    with ZipFile(BytesIO(await sheet_of(house))) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        text = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "x" * (LONGEST - 1) + "…<" in text


async def test_nobody_is_a_sheet_with_a_header(house: House) -> None:
    sheet = load_workbook(BytesIO(await sheet_of(house, Choice(tag="none")))).active
    assert [row[0].value for row in sheet.iter_rows()] == ["email"]


async def test_more_than_a_sheet_holds_is_said_first(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.joins("ada@example.org")
    await house.joins("ben@example.org")
    monkeypatch.setattr("newsletter.subscribers.sheet.MOST_ROWS", 1)
    with pytest.raises(BadInput, match="one Excel sheet"):
        await anext(export_xlsx(house.db, Choice()))
