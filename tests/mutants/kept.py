"""What became of each mutant that was tried, and whether that still holds."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tests.house.source import ROOT
from tests.mutants.changes import Mutant
from tests.mutants.known import Source

NOTICED = ("failed", "too long")


class Tried(msgspec.Struct):
    end: str  # Answer.end
    seconds: float
    source: str = ""  # digest of what was changed
    tests: str = ""  # digest of what looked at it


class Kept:
    """`guards` has the tests of each part, those that look at it this time; `known` what was found of whole sources,
    with the `reasons` of those of their mutants that nobody noticed.
    """

    def __init__(
        self,
        path: Path,
        tried: dict[str, Tried],
        guards: dict[str, list[str]],
        known: Mapping[str, Source] | None = None,
        reasons: Mapping[str, str] | None = None,
    ) -> None:
        self._path = path
        self._tried = tried
        self._known = known or {}
        self._reasons = reasons or {}
        self._tests = {part: digest(_tests(tests)) for part, tests in guards.items()}
        self._sources: dict[str, str] = {}

    @classmethod
    def read(
        cls,
        path: Path,
        guards: dict[str, list[str]],
        known: Mapping[str, Source] | None = None,
        reasons: Mapping[str, str] | None = None,
    ) -> "Kept":
        tried = msgspec.json.decode(path.read_bytes(), type=dict[str, Tried]) if path.exists() else {}
        return cls(path, tried, guards, known, reasons)

    def of(self, mutant: Mutant) -> Tried:
        if self._is_known(mutant):
            return Tried("passed" if mutant.name in self._reasons else "failed", 0.0)
        return self._tried[mutant.name]

    def _is_known(self, mutant: Mutant) -> bool:
        source = self._known.get(mutant.path)
        return source is not None and source.digest == self.source(mutant)

    def knows(self, part: str, mutant: Mutant) -> bool:
        if self._is_known(mutant):
            return True
        tried = self._tried.get(mutant.name)
        if tried is None or tried.source != self.source(mutant):
            return False
        return tried.end in NOTICED or tried.tests == self._tests[part]

    def add(self, part: str, mutant: Mutant, tried: Tried) -> None:
        tried.source, tried.tests = self.source(mutant), self._tests[part]
        self._tried[mutant.name] = tried
        whole = self._path.with_suffix(".new")
        whole.write_bytes(msgspec.json.encode(self._tried))
        whole.replace(self._path)

    def map(self, part: str) -> Path:
        """Where the ways of its tests are kept, as they and its sources are now."""
        sources = digest(sorted(ROOT.glob("newsletter/**/*.py")))
        return self._path.with_name(f"mutants-{part}-{self._tests[part]}-{sources}.json")

    def whole(self, part: str, every: list[Mutant]) -> dict[str, Source]:
        """The sources of which each mutant was tried, and each that survived has its reason."""
        found = {}
        for path in dict.fromkeys(mutant.path for mutant in every):
            some = [mutant for mutant in every if mutant.path == path]
            if not all(self.knows(part, mutant) for mutant in some):
                continue
            alive = [mutant for mutant in some if self.of(mutant).end not in NOTICED]
            if all(mutant.name in self._reasons for mutant in alive):
                found[path] = Source(self.source(some[0]), len(some), len(some) - len(alive))
        return found

    def source(self, mutant: Mutant) -> str:
        """A digest of it, as it is now."""
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
