"""What `make mutants` ends with: those that nobody noticed, and a figure for each part."""

import csv
from pathlib import Path

from tests.figures import line
from tests.mutants.changes import Mutant
from tests.mutants.guards import GOAL
from tests.mutants.kept import NOTICED, Kept

SURVIVORS = Path(__file__).with_name("survivors.csv")


def listed(path: Path = SURVIVORS) -> dict[str, str]:
    """The reason why no test can notice it, or need not, by `Mutant.name`."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            f"{row['file']} {row['place']}: {row['change']}": row["reason"] for row in csv.DictReader(file)
        }


def report(
    chosen: dict[str, list[Mutant]], kept: Kept, reasons: dict[str, str] | None = None, left: int = 0
) -> int:
    """1 where a part misses its goal, one that survived has no reason, or some are `left` for another time."""
    reasons = listed() if reasons is None else reasons
    figures, without = [], 0
    for part, some in chosen.items():
        alive = [mutant for mutant in some if kept.of(mutant).end not in NOTICED]
        for mutant in alive:
            print(f"{mutant.path}:{mutant.line} {mutant.place}: {mutant.change}")
            print(f"    {reasons.get(mutant.name, 'is not in tests/mutants/survivors.csv')}")
        without += sum(mutant.name not in reasons for mutant in alive)
        percent = (len(some) - len(alive)) * 10_000 // len(some) / 100 if some else 0.0
        figures.append((f"mutation_{part}_percent_of_{len(some)}", percent, f">= {GOAL}", percent >= GOAL))
    figures.append(("mutation_survivors_without_a_reason", without, "0", not without))
    figures.append(("mutation_left_for_another_time", left, "0", not left))
    print(*(line(*one) for one in figures), sep="\n")
    return 0 if all(holds for *_, holds in figures) else 1
