from collections.abc import Callable
from pathlib import Path

import pytest

Written = Callable[[str | bytes], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Makes a file of these words."""

    def write(words: str | bytes) -> Path:
        path = tmp_path / "people.csv"
        path.write_bytes(words.encode() if isinstance(words, str) else words)
        return path

    return write
