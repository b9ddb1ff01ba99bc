"""600 clients that send a byte, or nothing, or headers without their body, and wait (slowloris)."""

import pytest

from tests.figures import Figure
from tests.web.crowd import crowd
from tests.web.wire import serving

pytestmark = pytest.mark.alone

COUNT = 600


async def test_all_are_closed_within_a_minute_while_another_is_served(figure: Figure) -> None:
    with serving() as (port, _):
        seen = await crowd(port, COUNT, within=70)

    latencies = sorted(seen.latencies)
    p99 = latencies[len(latencies) * 99 // 100]
    figure("stalled_last_closed_s", seen.last_closed, "<= 60", seen.last_closed <= 60)
    figure("stalled_meanwhile_p99_ms", p99 * 1000, "<= 200", p99 <= 0.2)
    figure("stalled_meanwhile_worst_ms", latencies[-1] * 1000)
    figure("stalled_meanwhile_served", seen.served)
    assert seen.still_open == 0
    assert seen.refused == COUNT * 2 // 3
    assert seen.last_closed <= 60
    assert p99 <= 0.2
