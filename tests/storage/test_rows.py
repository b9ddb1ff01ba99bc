"""A query's columns and a Struct's fields fit together, or it is said why not."""

from typing import Literal

import msgspec
import pytest

from newsletter.storage.db import row_maker


class Row(msgspec.Struct):
    id: int
    shown: bool
    hidden: bool | None
    kind: Literal["a", "b"] = "a"
    rest: list[str] = msgspec.field(default_factory=list)


class Plain(msgspec.Struct, frozen=True):
    id: int
    text: str | None


def test_it_works() -> None:
    assert row_maker(Plain, ("id", "text"))((1, None)) == Plain(1, None)
    assert row_maker(Plain, ("text", "id"))(("x", 1)) == Plain(1, "x")


@pytest.mark.parametrize(("stored", "wanted"), [(0, False), (1, True), (None, None), (True, True)])
def test_flags_are_stored_as_numbers(stored: int | None, wanted: bool | None) -> None:
    row = row_maker(Row, ("hidden", "shown", "id"))((stored, 1, 7))
    assert (row.hidden, row.shown) == (wanted, True)
    assert type(row.shown) is bool


def test_defaults_are_fresh() -> None:
    make = row_maker(Row, ("id", "shown", "hidden"))
    one, other = make((1, 0, 0)), make((2, 0, 0))
    assert [type(value) for value in (one.id, one.shown, one.hidden)] == [int, bool, bool]
    one.rest.append("x")
    assert other.rest == []
    assert other.kind == "a"


@pytest.mark.parametrize(
    "columns",
    [("id",), ("id", "text", "more"), ("id", "txt"), ("id", "id"), ("id", "text", "text"), ()],
)
def test_what_does_not_fit_is_named(columns: tuple[str, ...]) -> None:
    with pytest.raises(TypeError, match="Plain has id, text"):
        row_maker(Plain, columns)


def test_a_field_in_the_middle_can_not_be_left_out() -> None:
    with pytest.raises(TypeError, match="Row has"):
        row_maker(Row, ("id", "shown", "hidden", "rest"))
