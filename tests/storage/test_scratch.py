"""Rows put aside and sorted."""

import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.errors import Unavailable
from newsletter.storage import Scratch


def test_rows_come_back_sorted_by_key_rank_and_number() -> None:
    with closing(Scratch()) as scratch:
        scratch.add([("é", 0, 1, b"5"), ("b", 1, 2, b"4"), ("b", 1, 1, b"3")])
        scratch.add([("b", 0, 9, b"2"), ("B", 5, 1, b"1")])
        assert [row for _, row in scratch.sorted()] == [b"1", b"2", b"3", b"4", b"5"]
        assert next(scratch.sorted())[0] == "B"


def test_more_than_memory_shall_hold_is_sorted_too() -> None:
    with closing(Scratch()) as scratch:
        for start in range(0, 30_000, 1_000):
            scratch.add((f"{n * 7_919 % 30_000:05}", 0, n, b"x" * 900) for n in range(start, start + 1_000))
        assert [key for key, _ in scratch.sorted()] == [f"{n:05}" for n in range(30_000)]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(Unavailable, match=r"can't be put into .*/gone: No such file or directory"):
        Scratch()
