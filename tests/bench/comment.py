"""Comments a second with everything stored and a mail for each, beside the same handler that stores nothing."""

import statistics
import tempfile
from pathlib import Path

from tests.bench._service import load, service, slow_disk
from tests.bench.signup import opened
from tests.figures import Figure

ROUNDS = 5
GOAL = 0.4


def main(figure: Figure) -> None:
    with tempfile.TemporaryDirectory() as folder:
        slow = slow_disk(Path(folder))
        Path(folder).chmod(0o755)
        for engine in ("sqlite", "postgres"):
            for disk, preload in (("plain", ""), ("2ms_fsync", slow)):
                ratio, rate = measure(engine, preload)
                figure(f"comment_{engine}_{disk}_per_second", rate)
                figure(f"comment_{engine}_{disk}_ratio", ratio, f">= {GOAL}", ratio >= GOAL)


def measure(engine: str, preload: str) -> tuple[float, float]:
    """The median ratio of `ROUNDS` pairs, and the median rate with everything stored."""
    ratios, rates = [], []
    own = preload if engine == "sqlite" else ""
    with (
        opened(engine, preload) as url,
        service(url, preload=own) as (stored, _),
        service(url, bare=True) as (bare, _),
    ):
        for _ in range(ROUNDS):
            rates.append(load(stored, "comment"))
            ratios.append(rates[-1] / load(bare, "comment"))
    return statistics.median(ratios), statistics.median(rates)
