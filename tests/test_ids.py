"""Which digits can name a row."""

import pytest

from newsletter.ids import new_id, new_ids, read_id


@pytest.mark.parametrize("id", [0, 7, 2**55 + 1, 2**63 - 1])
def test_an_id_is_read_as_it_was_written(id: int) -> None:
    assert read_id(str(id)) == id


@pytest.mark.parametrize(
    "text", ["", " 7", "7\n", "-7", "+7", "7.0", "1_000", "\u0667", "\u00b2", str(2**63), "9" * 5_000]
)
def test_what_no_row_could_have_is_none(text: str) -> None:
    """Neither database is asked for a number that it can't hold."""
    assert read_id(text) is None


def test_ids_made_together_are_nobody_elses() -> None:
    before, many, after = new_id(), new_ids(3_000_000), new_id()
    assert before < many[0] < many[-1] < after
    assert len(many) == 3_000_000
    assert list(new_ids(0)) == []
    assert new_id() > after
