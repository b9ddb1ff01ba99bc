"""Lines of CSV: read back they are what went in, and no spreadsheet finds a formula in them."""

import csv
import io
import re
from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.subscribers import HEADER
from newsletter.subscribers.export import csv_lines

FORMULA = tuple("=+-@\0＝＋－＠")
CONTROL = tuple("\t\r\n")

anything = st.text(st.characters(exclude_categories=["Cs"]))
hostile = st.text(st.sampled_from("=+-@＝＠\t\r\n\0 \xa0;,'\"|ab"), max_size=8)
cells = st.one_of(hostile, anything)
free = [HEADER.index(name) for name in ("email", "name", "tags", "form", "fields", "consent_wording")]


def people(names: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(name if place in free else "2026" for place in range(len(HEADER))) for name in names]


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def unguarded(cell: str) -> str:
    """What an import does: takes one ' away wherever something follows that a spreadsheet would run."""
    return re.sub(r"""(^|[;\t\r\n])'(?=[ \xa0"'\t\r\n]*[-=+@\0＝＋－＠]|'*[\t\r\n])""", r"\1", cell)


@given(st.lists(cells, min_size=1, max_size=4))
@example(['"'])
@example(["a,b", "", "\r"])
@example(["\0"])
def test_raw_lines_are_read_back_to_the_letter(names: list[str]) -> None:
    assert read(csv_lines(people(names), guarded=False)) == [list(row) for row in people(names)]


@given(st.lists(cells, min_size=1, max_size=4))
@example(["=1+1", "'=1+1", "''=1+1"])
@example(["Ada;=1+1", "Ada;'=1+1", 'Ada;"=1+1'])
@example(["\t=1", "\n+1", "a\r\n@SUM(A1)"])
@example(["-a@example.org", "+1 555", "＝1"])
def test_no_guarded_cell_is_a_formula(names: list[str]) -> None:
    text = csv_lines(people(names), guarded=True)
    for row in read(text):
        for cell in row:
            assert not cell.startswith((*FORMULA, *CONTROL)), cell
    for piece in re.split(r"[;\t\r\n]", text):  # where commas don't split, and quotes don't hold together
        assert not piece.lstrip(' \xa0"').startswith(FORMULA), piece


@given(st.lists(cells, min_size=1, max_size=4))
@example(["=1+1", "'=1+1", "''=1+1", "'"])
@example(["Ada;=1+1", "Ada;'=1+1", "Ada;'1", "\t'\t=1"])
def test_the_guard_can_be_taken_off(names: list[str]) -> None:
    guarded = read(csv_lines(people(names), guarded=True))
    assert [[unguarded(cell) for cell in row] for row in guarded] == [list(row) for row in people(names)]


def test_who_is_harmless_looks_as_ever() -> None:
    names = ["Ada Lovelace", "ada+x@example.org", "O'Hara", "Schmidt-Rottluff", "Zoë", '{"a":1}', ""]
    assert read(csv_lines(people(names), guarded=True)) == [list(row) for row in people(names)]


def test_only_what_needs_quotes_has_them() -> None:
    (plain, quoted) = csv_lines(people(["Ada", 'Ada "A", Dr.']), guarded=True).splitlines()
    assert '"' not in plain
    assert '"Ada ""A"", Dr."' in quoted
