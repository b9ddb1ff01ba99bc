"""How much of the program the tests go through: `make coverage` ends with it, and fails where that is too little.

What others trust in is gone through whole, each line and each branch; of the program 95 %. A branch is a way from one
line to another where there are several: after an `if`, at the end of a loop. What an `except` catches is none, which is
why the lines of those parts are looked at as well.
"""

import json
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.figures import line

Files = dict[str, Any]
"""What `coverage json` says of each file, by its path."""

WHOLE = {
    "storage": ["newsletter/storage/*"],
    "mail": ["newsletter/mail/*"],
    "tokens": ["newsletter/tokens.py"],
    "sign_in": [
        "newsletter/owners/*",
        "newsletter/web/admin/door.py",
        "newsletter/web/admin/entering.py",
        "newsletter/web/admin/passkey*.py",
        "newsletter/web/admin/second_step.py",
        "newsletter/web/admin/sessions.py",
    ],
    "sanitiser": [f"newsletter/comments/{name}.py" for name in ("links", "markdown", "source", "text")],
}
OVERALL = 95


def figures(files: Files) -> list[tuple[str, float, str, bool]]:
    """Name, percent, goal, and whether it holds: of each part its branches and its lines."""
    goals = [(name, patterns, 100) for name, patterns in WHOLE.items()]
    found = []
    for name, patterns, goal in [*goals, ("overall", ["newsletter/*"], OVERALL)]:
        for kind, all_of_it in (("branch", "num_branches"), ("line", "num_statements")):
            part = _of(files, patterns)
            percent = _percent(part, "covered_branches" if kind == "branch" else "covered_lines", all_of_it)
            found.append(
                (f"coverage_{name}_{kind}", percent, f"{'>= ' * (goal < 100)}{goal}", percent >= goal)
            )
    return found


def missed(files: Files) -> list[str]:
    """Where no test goes through what has to be whole: `file:line`, and `file:line->line` for a branch."""
    found = []
    for path, seen in sorted(_of(files, [one for patterns in WHOLE.values() for one in patterns]).items()):
        lines = seen["missing_lines"]
        branches = [(start, end) for start, end in seen["missing_branches"] if start not in lines]
        found += [f"{path}:{number}" for number in lines]
        found += [f"{path}:{start}->{end if end > 0 else 'its end'}" for start, end in branches]
    return found


def _of(files: Files, patterns: list[str]) -> Files:
    return {path: seen for path, seen in files.items() if any(fnmatchcase(path, one) for one in patterns)}


def _percent(files: Files, covered: str, of: str) -> float:
    """Rounded down to two places: what is not whole is not called so. 0 where there is nothing to be gone through."""
    sums = [seen["summary"] for seen in files.values()]
    through, there = sum(one[covered] for one in sums), sum(one[of] for one in sums)
    return through * 10_000 // there / 100 if there else 0.0


def main(report: Path) -> int:
    """1 where a figure misses its goal. `report` is what `coverage json` wrote."""
    files = json.loads(report.read_text("utf-8"))["files"]
    seen = figures(files)
    print(*missed(files), sep="\n")
    print(*(line(*one) for one in seen), sep="\n")
    return 0 if all(holds for *_, holds in seen) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
