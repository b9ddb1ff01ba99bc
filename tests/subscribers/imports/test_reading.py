"""Tables as they come from anywhere, and what is none."""

import tracemalloc
from datetime import date, datetime
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest

from newsletter.errors import BadInput
from newsletter.subscribers.imports import Refused, Row, open_table, xlsx
from tests.subscribers.imports.conftest import Written

PLAIN = "email,name\r\nada@example.org,Zoë\r\nben@example.org,Ben\r\n"
CELLS = [["ada@example.org", "Zoë"], ["ben@example.org", "Ben"]]


def cells(path: Path) -> list[list[str]]:
    rows = list(open_table(path).rows())
    assert all(isinstance(row, Row) for row in rows), rows
    return [row.cells for row in rows if isinstance(row, Row)]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_any_encoding_is_read(written: Written, codec: str) -> None:
    assert cells(written(PLAIN.encode(codec))) == CELLS


def test_a_guessed_encoding_is_said(written: Written) -> None:
    assert "Windows-1252" in open_table(written(PLAIN.encode("cp1252"))).said
    assert open_table(written(PLAIN)).said == ""


def test_an_encoding_can_be_said(written: Written) -> None:
    path = written("email,name\nada@example.org,Ада\n".encode("windows-1251"))
    table = open_table(path, "windows-1251")
    assert (list(table.rows()), table.said) == ([Row(2, ["ada@example.org", "Ада"])], "")
    for wrong in ("klingon", "hex", "idna"):
        with pytest.raises(BadInput, match=f"No encoding '{wrong}'"):
            open_table(path, wrong)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_delimiter_and_end_of_line_is_read(written: Written, delimiter: str, end: str) -> None:
    assert cells(written(PLAIN.replace(",", delimiter).replace("\r\n", end))) == CELLS


def test_excel_may_name_the_delimiter(written: Written) -> None:
    table = open_table(written("sep=#\r\n" + PLAIN.replace(",", "#")))
    assert table.columns == ("email", "name")
    assert [row.line for row in table.rows()] == [3, 4]


def test_cells_in_quotes_hold_delimiters_quotes_and_lines(written: Written) -> None:
    table = open_table(written('email,name\nada@example.org,"By""ron,\r\nAda"\nben@example.org,\n'))
    assert list(table.rows()) == [
        Row(2, ["ada@example.org", 'By"ron,\r\nAda']),
        Row(4, ["ben@example.org", ""]),
    ]


def test_a_table_without_a_header_has_its_first_row(written: Written) -> None:
    table = open_table(written("ada@example.org\nben@example.org\n"))
    assert table.columns == ("column 1",)
    assert [row.line for row in table.rows()] == [1, 2]


def test_columns_of_one_name_are_told_apart(written: Written) -> None:
    assert open_table(written("email,,Note,Note\na@example.org,,,\n")).columns == (
        "email",
        "column 2",
        "Note",
        "Note (4)",
    )


def test_ragged_rows_are_widened_or_refused(written: Written) -> None:
    table = open_table(
        written("email,name\nada@example.org\nben@example.org,Ben,,\n\ncleo@example.org,C,x\n")
    )
    short, trimmed, refused = table.rows()
    assert short == Row(2, ["ada@example.org", ""])
    assert trimmed == Row(3, ["ben@example.org", "Ben"])
    assert refused == Refused(5, "It has 3 cells, where the file has 2 columns.")


def test_a_quote_that_is_never_closed_refuses_its_rows_only(written: Written) -> None:
    swallowed = "x" * 60_000
    words = f'email,name\nada@example.org,"{swallowed}\n{swallowed}\n{swallowed}\nben@example.org,Ben\n'
    refused, after = open_table(written(words)).rows()
    assert isinstance(refused, Refused)
    assert refused.line == 2
    assert "Up to line 4" in refused.reason
    assert after == Row(5, ["ben@example.org", "Ben"])


def test_zero_bytes_are_left_out(written: Written) -> None:
    assert cells(written("email,name\na\0da@example.org,\0Zoë\0\n")) == [["ada@example.org", "Zoë"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (b"", "There is no row"),
        (b"\n\n\n", "There is no row"),
        (b"x" * 2_000_000, "Line 1 is longer than"),
        (b"\xd0\xcf\x11\xe0rest", "older Excel"),
        (b"PK\x03\x04rest", "can’t be read"),
        (b",".join([b"a"] * 1_001), "more than 1,000 columns"),
    ],
)
def test_what_is_no_table_is_said_to_be_none(written: Written, words: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        open_table(written(words))


def test_a_long_file_takes_no_more_memory_than_a_short_one(written: Written) -> None:
    path = written("email,name\n" + "ada@example.org,Ada Byron of somewhere\n" * 20_000)
    table = open_table(path)
    tracemalloc.start()
    assert sum(1 for _ in table.rows()) == 20_000
    assert tracemalloc.get_traced_memory()[1] < 500_000
    tracemalloc.stop()


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["email", "name", "joined", "number", "really", "day"])
    page.append(
        ["ada@example.org", "Zoë", datetime.fromisoformat("2024-02-29T18:30:05"), 7, True, date(2024, 3, 1)]
    )
    page.append([])
    page.append(["ben@example.org", None, None, 1.5])
    book.create_sheet("another").append(["nothing"])
    book.save(tmp_path / "people.xlsx")
    return tmp_path / "people.xlsx"


def test_excel_is_read_as_it_shows(sheet: Path) -> None:
    table = open_table(sheet)
    assert table.columns == ("email", "name", "joined", "number", "really", "day")
    assert list(table.rows()) == [
        Row(2, ["ada@example.org", "Zoë", "2024-02-29T18:30:05", "7", "true", "2024-03-01"]),
        Row(4, ["ben@example.org", "", "", "1.5", "", ""]),
    ]


def test_excel_without_its_parts_or_with_a_document_type_is_refused(sheet: Path, tmp_path: Path) -> None:
    for part, words in {
        "xl/workbook.xml": None,
        "xl/worksheets/sheet1.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet>&b;</worksheet>',
    }.items():
        bad = tmp_path / "bad.xlsx"
        with ZipFile(sheet) as old, ZipFile(bad, "w") as new:
            for name in old.namelist():
                if name != part:
                    new.writestr(name, old.read(name))
                elif words:
                    new.writestr(name, words)
        with pytest.raises(BadInput, match="can’t be read"):
            open_table(bad)


def test_excel_is_measured_before_it_is_unpacked(tmp_path: Path) -> None:
    large, many = tmp_path / "large.xlsx", tmp_path / "many.xlsx"
    with ZipFile(large, "w") as book:
        for half in ("xl/workbook.xml", "xl/styles.xml"):
            book.writestr(half, "<a/>")
            book.filelist[-1].file_size = xlsx.LARGEST // 2 + 1
    with ZipFile(many, "w") as book:
        for number in range(xlsx.MOST_PARTS + 1):
            book.writestr(f"xl/{number}.xml", "")
    for bomb in (large, many):
        with pytest.raises(BadInput, match="larger than any sheet"):
            open_table(bomb)
