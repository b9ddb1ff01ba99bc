"""A copy of the tree with one mutant in it at a time; nothing is ever changed in the tree itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType

import msgspec

from tests.house.source import ROOT, tracked
from tests.mutants.changes import Mutant
from tests.mutants.hand import Answer, Job

BEGAN = 1_000_000_000
"""What was changed first is of this second, the next of one later: Python goes by that to see what is new."""


class Copy:
    """Used by one thread. Tests that start the program get the mutant as well: PYTHONPATH begins with the copy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._changes = 0
        for source in tracked():
            path = folder / source.path
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / source.path, path)
        (folder / ".venv").mkdir()
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)  # some tests ask it for the files

    def __enter__(self) -> "Copy":
        self._hand = subprocess.Popen(
            [sys.executable, "-m", "tests.mutants.hand"],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._in, self._out = self._hand.stdin, self._hand.stdout
        assert self._out
        self._out.readline()  # it has imported what it needs: from now on a mutant may be written
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._in
        assert self._out
        self._in.close()
        self._hand.wait()
        self._out.close()

    def run(self, job: Job) -> Answer:
        assert self._in
        assert self._out
        self._in.write(msgspec.json.encode(job) + b"\n")
        self._in.flush()
        return msgspec.json.decode(self._out.readline(), type=Answer)

    def answer(self, mutant: Mutant, job: Job) -> Answer:
        path = self.folder / mutant.path
        whole = path.read_text("utf-8")
        try:
            self._write(path, mutant.text)
            return self.run(job)
        finally:
            self._write(path, whole)

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text, "utf-8")
        self._changes += 1
        os.utime(path, (BEGAN + self._changes,) * 2)

    def log(self) -> str:
        """What the last run said."""
        return (self.folder / ".venv/mutant.log").read_text("utf-8", "replace")
