"""What became of each mutant that was tried, and whether that still holds."""

import hashlib
from pathlib import Path

import msgspec

from tests.house.source import ROOT
from tests.mutants.changes import Mutant

NOTICED = ("failed", "too long")


class Tried(msgspec.Struct):
    end: str  # Answer.end
    seconds: float
    source: str = ""  # digest of what was changed
    tests: str = ""  # digest of what looked at it


class Kept:
    """`guards` has the tests of each part, those that look at it this time."""

    def __init__(self, path: Path, tried: dict[str, Tried], guards: dict[str, list[str]]) -> None:
        self._path = path
        self._tried = tried
        self._tests = {part: digest(_tests(tests)) for part, tests in guards.items()}
        self._sources: dict[str, str] = {}

    @classmethod
    def read(cls, path: Path, guards: dict[str, list[str]]) -> "Kept":
        tried = msgspec.json.decode(path.read_bytes(), type=dict[str, Tried]) if path.exists() else {}
        return cls(path, tried, guards)

    def of(self, mutant: Mutant) -> Tried:
        return self._tried[mutant.name]

    def knows(self, part: str, mutant: Mutant) -> bool:
        tried = self._tried.get(mutant.name)
        if tried is None or tried.source != self._source(mutant):
            return False
        return tried.end in NOTICED or tried.tests == self._tests[part]

    def add(self, part: str, mutant: Mutant, tried: Tried) -> None:
        tried.source, tried.tests = self._source(mutant), self._tests[part]
        self._tried[mutant.name] = tried
        whole = self._path.with_suffix(".new")
        whole.write_bytes(msgspec.json.encode(self._tried))
        whole.replace(self._path)

    def map(self, part: str) -> Path:
        """Where the ways of its tests are kept, as they and its sources are now."""
        sources = digest(sorted(ROOT.glob("newsletter/**/*.py")))
        return self._path.with_name(f"mutants-{part}-{self._tests[part]}-{sources}.json")

    def _source(self, mutant: Mutant) -> str:
        if mutant.path not in self._sources:
            self._sources[mutant.path] = digest([ROOT / mutant.path])
        return self._sources[mutant.path]


def digest(paths: list[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def _tests(names: list[str]) -> list[Path]:
    paths = [ROOT / name for name in names]
    return sorted({one for path in paths for one in (path.rglob("*.py") if path.is_dir() else [path])})
