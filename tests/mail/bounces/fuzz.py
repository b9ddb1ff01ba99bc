"""What comes back, as libFuzzer makes it up from the samples: `python -m tests.mail.bounces.fuzz -max_total_time=600`.

Whatever breaks the reader, or keeps it busy for long, is left in a file where it was started. Where there is no
atheris for the machine (pyproject.toml), nothing is tried.
"""

import sys
import tempfile
import time
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # it has no types

with atheris.instrument_imports(include=["newsletter.mail.bounces"]):
    from newsletter.mail.bounces.model import Report
    from newsletter.mail.bounces.report import read

SAMPLES = Path(__file__).parent / "samples"
LARGEST = 100 * 1024
LONGEST = 1.0
"""Processor seconds for the largest: ten times what is allowed, since each branch is watched."""


def once(raw: bytes) -> None:
    began = time.process_time()
    report = read(raw)
    assert isinstance(report, Report)
    assert "@" not in report.words
    assert time.process_time() - began < LONGEST


def main() -> None:
    with tempfile.TemporaryDirectory() as found:
        atheris.Setup([*sys.argv, f"-max_len={LARGEST}", found, str(SAMPLES)], once)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
