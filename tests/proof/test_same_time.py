"""Promise 6: the time of an answer tells a stranger no more than its bytes do. On both engines."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from itertools import product
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest

from tests.conftest import Clock
from tests.figures import Figure
from tests.proof.conftest import SIZE
from tests.web.conftest import set_clock
from tests.web.doors import Doors, opened
from tests.web.stage import serving
from tests.web.standings import KINDS, REFUSED, UNKNOWN, address, settle_in, sign_ups

pytestmark = pytest.mark.alone

TIMED = tuple(kind for kind in KINDS if kind != REFUSED)  # which stands as `erased` does
TIMES = 400
ROUNDS = 5 * SIZE
FAIR = (0.45, 0.55)
"""Of an area under the curve. Chance keeps 400 of each within 0.05 in 98 of 100 rounds, 2,000 nearly always."""

LATE = 0.005  # seconds, half of what an answer waits by chance


@pytest.fixture
async def doors(
    database_url: str, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Doors]:
    set_clock(monkeypatch, clock)
    async with serving(database_url, tmp_path, clock, worker=False) as running:
        yield await opened(running)


async def timed(doors: Doors, kinds: Sequence[str], numbers: range, late: str = "") -> dict[str, list[float]]:
    """Seconds until the answer, in an order that nothing else follows; `late` get 5 ms more."""
    order = list(product(kinds, numbers))
    random.Random(7).shuffle(order)
    reader, writer = await asyncio.open_connection("127.0.0.1", doors.service.port)
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    for kind, n in order:
        asked = sign_ups(address(kind, n), doors.tokens["form"])[-1]
        began = perf_counter()
        if kind == late:
            await asyncio.sleep(LATE)
        writer.write(asked)
        await reader.readuntil(b"}")
        took[kind].append(perf_counter() - began)
    writer.close()
    await writer.wait_closed()
    return took


def auc(left: list[float], right: list[float]) -> float:
    """How often one of `left` is larger than one of `right`; 0.5 when they can't be told apart.

    It goes by ranks (Mann and Whitney 1947), so that a busy machine moves both alike.
    """
    ranked = sorted([(seconds, True) for seconds in left] + [(seconds, False) for seconds in right])
    ranks = sum(rank for rank, (_, is_left) in enumerate(ranked, 1) if is_left)
    return (ranks - len(left) * (len(left) + 1) / 2) / (len(left) * len(right))


def told_apart(took: dict[str, list[float]]) -> dict[str, float]:
    """By kind, where the time says more than a coin."""
    seen = {kind: auc(seconds, took[UNKNOWN]) for kind, seconds in took.items()}
    return {kind: area for kind, area in seen.items() if not FAIR[0] <= area <= FAIR[1]}


async def test_who_is_known_answers_like_who_is_not(doors: Doors, figure: Figure) -> None:
    """Rounds are added up for as long as one kind stands out: chance levels out, a real difference stays."""
    site = doors.service.site
    took: dict[str, list[float]] = {kind: [] for kind in TIMED}
    for numbers in (range(n * TIMES, (n + 1) * TIMES) for n in range(ROUNDS)):
        await site.db.write(settle_in, site.post, numbers)
        for kind, seconds in (await timed(doors, TIMED, numbers)).items():
            took[kind] += seconds
        if not told_apart(took):
            break
    for kind in TIMED[1:]:
        area = auc(took[kind], took[UNKNOWN])
        figure(f"same_time_{site.db.engine}_{kind}_auc", area, "0.45 to 0.55", FAIR[0] <= area <= FAIR[1])
    figure(f"same_time_{site.db.engine}_median_ms", median(took[UNKNOWN]) * 1000)
    assert not told_apart(took)


async def test_five_milliseconds_would_be_seen(doors: Doors) -> None:
    site, numbers = doors.service.site, range(TIMES)
    await site.db.write(settle_in, site.post, numbers)
    assert told_apart(await timed(doors, (UNKNOWN, "active"), numbers, late="active"))
