"""Rows put aside for as long as somebody works on them: sorted on the disk, in constant memory, in nobody's database.

The file behind it has no name from the start, so whatever ends the process also deletes it. Each piece of it is on the
disk before the next one is begun: left to the system, hundreds of megabytes go there half a minute later all at once,
and a COMMIT that comes in between waits for them (up to 204 ms while a million people were taken in).
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from heapq import merge
from tempfile import TemporaryFile

import msgspec

from newsletter.errors import Unavailable

Row = tuple[str, int, int, bytes]

HELD = 10_000
"""Rows that are sorted in memory, and then go to the file as a run. A million are a hundred of those."""
TOGETHER = 50
"""Rows of each run that are in memory while all are read side by side."""


class Scratch:
    """Rows of bytes under a key, a rank and a number, given back in that order. For one thread at a time."""

    def __init__(self) -> None:
        """Raises Unavailable where no file can be made."""
        with _told():
            self._file = TemporaryFile()  # noqa: SIM115  closed by close()
        self._runs = list[list[tuple[int, int]]]()  # of each where its blocks begin, and how long they are
        self._held: list[Row] = []
        self._end = 0  # of the file
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(list[Row]).decode

    def add(self, rows: Iterable[Row]) -> None:
        """Raises Unavailable where the disk is full."""
        self._held += rows
        if len(self._held) >= HELD:
            self._put_down()

    def sorted(self) -> Iterator[tuple[str, bytes]]:
        """Key and row."""
        runs = map(self._read, self._runs)
        return ((key, row) for key, _, _, row in merge(*runs, sorted(self._held)))

    def close(self) -> None:
        with suppress(OSError):  # what found no room is still in its buffer
            self._file.close()

    def _put_down(self) -> None:
        self._held.sort()
        blocks = [self._encode(self._held[at : at + TOGETHER]) for at in range(0, len(self._held), TOGETHER)]
        run = []
        for block in blocks:
            run.append((self._end, len(block)))
            self._end += len(block)
        with _told():
            self._file.write(b"".join(blocks))
            self._file.flush()
            os.fsync(self._file.fileno())
        self._runs.append(run)
        self._held = []

    def _read(self, run: list[tuple[int, int]]) -> Iterator[Row]:
        for at, length in run:
            self._file.seek(at)
            yield from self._decode(self._file.read(length))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = (
            tempfile.tempdir or "any folder for temporary files"
        )  # None: it found none that it can write to
        raise Unavailable(
            f"What has to be sorted can't be put into {where}: {error.strerror}. "
            "Nothing was changed. Make room, or name another folder by TMPDIR, and begin again."
        ) from None
