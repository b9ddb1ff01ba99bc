"""Sign-ups a second with everything stored, beside the same handler that stores nothing."""

import statistics
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from tests.bench._service import ROUNDS, load, postgres, service, slow_disk, sqlite
from tests.figures import Figure


def main(figure: Figure) -> None:
    with tempfile.TemporaryDirectory() as folder:
        slow = slow_disk(Path(folder))
        Path(folder).chmod(0o755)
        for engine in ("sqlite", "postgres"):
            for disk, preload, goal in (("plain", "", 0.6), ("2ms_fsync", slow, 0.4)):
                ratio, rate = measure(engine, preload)
                figure(f"signup_{engine}_{disk}_per_second", rate)
                figure(f"signup_{engine}_{disk}_ratio", ratio, f">= {goal}", ratio >= goal)


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
            rates.append(load(stored, "signup"))
            ratios.append(rates[-1] / load(bare, "signup"))
    return statistics.median(ratios), statistics.median(rates)


def opened(engine: str, preload: str) -> AbstractContextManager[str]:
    return sqlite() if engine == "sqlite" else postgres(preload)
