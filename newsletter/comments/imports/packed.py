"""Opens an export, which may be compressed, to be read from its beginning a piece at a time."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from newsletter.errors import BadInput

_GZIP = b"\x1f\x8b"


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, decompressed where it is a gzip file by its content. Raises BadInput, OSError."""
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        if not packed:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            try:
                yield cast("BinaryIO", unpacked)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                raise BadInput(_damaged(unpacked)) from None


def _damaged(unpacked: gzip.GzipFile) -> str:
    return (
        f"The compressed file is damaged or incomplete: after {unpacked.tell():,} bytes of its content "
        "it can't be read on. Please download it again."
    )
