"""`python -m tests.proof.set_clock serve …`: the command, by a clock that is as far off as a file says, and may be set.

All of the service reads its clock through one door (newsletter/clock.py), which is moved; what never jumps is left
alone. A worker of its own is on another machine, whose clock stands `APART` ahead; `SECONDS` in the environment says
it of any other machine.
"""

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from newsletter import clock
from newsletter.__main__ import main

FILE = "CLOCK_OF_TESTS"  # names the file, in the environment
APART = 20  # seconds
SECONDS = "CLOCK_OF_TESTS_APART"


def set_to(file: Path, seconds: int) -> None:
    """At once: a file that is written over could be read in between."""
    new = file.with_suffix(".new")
    new.write_text(str(seconds))
    new.replace(file)


if __name__ == "__main__":
    wrong = Path(os.environ[FILE])
    apart = int(os.environ.get(SECONDS, APART if sys.argv[1] == "worker" else 0))

    def time_ns() -> int:
        return time.time_ns() + (int(wrong.read_text()) + apart) * 1_000_000_000

    clock.time = SimpleNamespace(time_ns=time_ns)  # type: ignore[attr-defined, assignment]  # what is moved
    main()
