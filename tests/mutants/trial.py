"""Which tests a mutant is shown to, in which order: who noticed the last ones nearby has mostly noticed this one."""

from collections import defaultdict, deque

import msgspec

from tests.mutants.changes import Mutant
from tests.mutants.copies import Copy
from tests.mutants.guards import MARKERS
from tests.mutants.hand import OTHERWISE, Answer, Job, Map
from tests.mutants.kept import NOTICED

NEARBY = 3
"""Tests that are asked first, by themselves: of few files, which pytest has soon collected."""


class Trial:
    """Of the mutants of one part, by several threads."""

    def __init__(self, part: str, ways: Map, seconds: float) -> None:
        self._part = part
        self._ways = ways
        self._seconds = seconds
        self._noticed = defaultdict[str, deque[str]](
            lambda: deque(maxlen=NEARBY)
        )  # by file, and by place in it

    def answer(self, copy: Copy, mutant: Mutant) -> Answer:
        whole = job(self._part, mutant, self._ways, self._seconds)
        if near := self.near(mutant, whole):
            answer = copy.answer(mutant, near)
            if answer.end in NOTICED:
                self.heed(mutant, answer.by)
                return answer
        answer = copy.answer(mutant, whole)
        self.heed(mutant, answer.by)
        return answer

    def near(self, mutant: Mutant, whole: Job) -> Job | None:
        """Those who noticed the last ones in the same function; where there are none, in the same file."""
        ids = [*self._noticed[f"{mutant.path} {mutant.place}"]] or [*self._noticed[mutant.path]]
        wanted = {id: whole.wanted[id] for id in ids if id in whole.wanted}
        return _narrowed(whole, wanted) if wanted else None

    def heed(self, mutant: Mutant, by: str) -> None:
        for about in (mutant.path, f"{mutant.path} {mutant.place}"):
            if by and by not in self._noticed[about]:
                self._noticed[about].appendleft(by)


def job(part: str, mutant: Mutant, ways: Map, seconds: float) -> Job:
    """The tests that go through its line, then those that go elsewhere through its file, where an earlier test may have
    spared them the line; all of its part for a file that is read only. Each time the quickest first.
    """
    lines = ways.lines.get(mutant.path, {})
    file = {id for tests in lines.values() for id in tests} or set(ways.took)
    line = set(lines.get(mutant.line, ()))
    file = {id for id in file if not _says_the_same(id, line if id in line else file)}
    wanted: dict[str, float] = {}
    for id in sorted(file, key=lambda one: (one not in line, ways.took[one], one)):
        if sum(wanted.values()) < seconds:
            wanted[id] = ways.took[id]
    return _narrowed(Job([], markers=MARKERS.get(part, OTHERWISE)), wanted)


def _says_the_same(id: str, others: set[str]) -> bool:
    """That takes a server, and is the test of what is for both that was found on SQLite too."""
    return "[postgres" in id and id.replace("[postgres", "[sqlite") in others


def _narrowed(whole: Job, wanted: dict[str, float]) -> Job:
    paths = sorted({id.partition("::")[0] for id in wanted})
    return msgspec.structs.replace(whole, tests=paths, wanted=wanted, limit=60 + 10 * sum(wanted.values()))
