"""`make mutants`: makes every small mistake in the parts that others trust in, and sees whether a test notices.

Fails where too few are noticed, and where one that is not has no reason in tests/mutants/survivors.csv. What was tried
is kept in `.venv/mutants.json`: a run that was stopped goes on there. A mistake in a source that has not changed since
is not tried again, one that was not noticed only once a test has changed. What was found of whole sources is written to
tests/mutants/known.csv, which goes along with them (`--anew` looks at nothing of all that).
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

import msgspec

from tests.house.source import ROOT
from tests.mutants import known
from tests.mutants.changes import Mutant, mutants
from tests.mutants.copies import Copy
from tests.mutants.guards import GUARDS, MARKERS, files, guarding
from tests.mutants.hand import OTHERWISE, Job, Map
from tests.mutants.kept import Kept, Tried
from tests.mutants.report import listed, report
from tests.mutants.trial import Trial


def main(words: list[str]) -> int:
    asked = _asked(words)
    guards = {part: asked.by or guarding(part) for part in asked.parts}
    file, reasons = ROOT / ".venv/mutants.json", listed()
    if asked.anew:
        file.unlink(missing_ok=True)
    kept = Kept.read(file, guards, {} if asked.anew else known.read(), reasons)
    chosen, all_of = {}, {}
    for part in asked.parts:
        paths = [path for path in files(part) if not asked.of or path in asked.of]
        every = [m for path in paths for m in mutants(path, (ROOT / path).read_text("utf-8"))]
        chosen[part], all_of[part] = sampled(every, asked.sample, asked.seed), every
        print(f"# {part}: {len(chosen[part])} of {len(every)} mutants", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mutants-")))
        copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(asked.jobs):
            (folder / str(number)).mkdir()
            copies.put(stack.enter_context(Copy(folder / str(number))))
        for part, some in chosen.items():
            if time.monotonic() > asked.until:
                break
            if todo := [mutant for mutant in some if not kept.knows(part, mutant)]:
                _try(part, todo, copies, kept, asked)
    tried = {part: [one for one in some if kept.knows(part, one)] for part, some in chosen.items()}
    left = sum(len(some) - len(tried[part]) for part, some in chosen.items())
    ended = report(tried, kept, reasons, left)
    found = {path: one for part, every in all_of.items() for path, one in kept.whole(part, every).items()}
    known.write({path: one for path, one in known.read().items() if (ROOT / path).exists()} | found)
    return ended


def _asked(words: list[str]) -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    asked.add_argument("parts", nargs="*", choices=[[], *GUARDS], help="all of them where none is named")
    asked.add_argument("--sample", type=int, metavar="N", help="so many of each part, by chance")
    asked.add_argument("--seed", type=int, default=1, help="which they are")
    asked.add_argument("--jobs", type=int, default=2, help="how many at a time")
    asked.add_argument(
        "--seconds", type=float, default=60, help="of tests for each mutant, the quickest first"
    )
    asked.add_argument("--of", nargs="+", metavar="FILE", help="of these sources only")
    asked.add_argument(
        "--by", nargs="+", metavar="TESTS", help="noticed by these, in place of all that guard it"
    )
    asked.add_argument(
        "--minutes", type=float, default=float("inf"), help="then the rest is for another time"
    )
    asked.add_argument("--anew", action="store_true", help="also what was tried before")
    found = asked.parse_args(words)
    found.parts = found.parts or list(GUARDS)
    found.until = time.monotonic() + found.minutes * 60
    return found


def sampled(every: list[Mutant], number: int | None, seed: int) -> list[Mutant]:
    """In the order of the sources. The same ones for the same seed, and the first of a larger sample."""
    if number is None or number >= len(every):
        return every
    some = random.Random(seed).sample(range(len(every)), len(every))[:number]
    return [every[at] for at in sorted(some)]


def _try(
    part: str, todo: list[Mutant], copies: SimpleQueue[Copy], kept: Kept, asked: argparse.Namespace
) -> None:
    trial = Trial(part, _ways(part, asked.by or guarding(part), copies, kept), asked.seconds)
    lock, left = threading.Lock(), len(todo)

    def one(mutant: Mutant) -> None:
        nonlocal left
        if time.monotonic() > asked.until:
            return
        copy = copies.get()
        try:
            answer = trial.answer(copy, mutant)
        finally:
            copies.put(copy)
        with lock:
            left -= 1
            kept.add(part, mutant, Tried(answer.end, answer.seconds))
            print(f"{left:5} {answer.end:8} {answer.seconds:6.1f} s  {mutant.name}", flush=True)

    with ThreadPoolExecutor(asked.jobs) as pool:
        list(pool.map(one, todo))


def _ways(part: str, tests: list[str], copies: SimpleQueue[Copy], kept: Kept) -> Map:
    """Which tests go through which lines: all are run once, on what is not changed."""
    path = kept.map(part)
    if not path.exists():
        copy = copies.get()
        answer = copy.run(Job(tests, map=str(path), markers=MARKERS.get(part, OTHERWISE)))
        copies.put(copy)
        if not path.exists():
            sys.exit(f"The tests of {part} could not be run:\n{copy.log()[-3000:]}")
        print(f"# {part}: its tests took {answer.seconds} s", flush=True)
    ways = msgspec.json.decode(path.read_bytes(), type=Map)
    for id in ways.failed:
        print(f"# fails before anything is changed, and is left out: {id}", flush=True)
    return ways


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
