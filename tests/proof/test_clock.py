"""The clock of the machine is set, forward and back, while people come and a broadcast goes on.

In processes of their own, as they run, and of two processes the clocks are apart: nobody is lost, nobody waits for the
clock to come round again, nobody gets a mail twice. What each jump does to links and schedules is in
tests/web/test_clock_jumps.py.
"""

from pathlib import Path

import pytest

from newsletter.clock import SECOND, monotonic
from tests.figures import Figure
from tests.mail.conftest import eventually
from tests.proof.conftest import SIZE
from tests.proof.set_clock import FILE, set_to
from tests.proof.troubled import ROLES, Troubled

HOUR, DAY = 3_600, 86_400  # seconds
JUMPS = (HOUR, 0, -HOUR, 0, DAY, 0, -DAY, 1, 0) * SIZE
"""How far the clock is off, one after the other: an hour, a day, a leap second; each of them back as well."""
SLOW = 60.0  # seconds, under any load


@pytest.mark.parametrize("roles", ROLES)
async def test_the_clock_is_set(tmp_path: Path, compiled: Path, figure: Figure, roles: str) -> None:
    clock = tmp_path / "clock"
    set_to(clock, 0)
    scene = Troubled(tmp_path, tmp_path, compiled, ROLES[roles])
    await scene.prepare()
    scene.module = "tests.proof.set_clock"
    scene.machine.environment[FILE] = str(clock)
    longest = 0.0
    async with scene.running():
        scene.visitors.ahead = min(JUMPS) * SECOND  # their links are old, but of no time to come
        scene.visitors.come()
        for seconds in JUMPS:
            await scene.busy()
            await scene.heard(SLOW)
            set_to(clock, seconds)
            began = monotonic()
            await scene.heard(SLOW)
            longest = max(longest, monotonic() - began)
            await eventually(scene.is_ready, SLOW)
        await scene.visitors.go()
        await scene.comes_to_rest()
    wrong, resent = scene.wrong(), scene.resent()
    await scene.sink.close()

    name = f"clock_{roles.replace(' ', '_')}"
    figure(f"{name}_jumps", len(JUMPS))
    for kind, count in scene.visitors.counts().items():
        figure(f"{name}_{kind}s_answered", count)
    figure(f"{name}_mails", len(scene.sink.dotted))
    figure(f"{name}_until_everybody_was_served_again_s", longest)
    figure(f"{name}_resent_in_doubt", resent, "0", resent == 0)
    for what, count in wrong.items():
        figure(f"{name}_{what}", count, "0", count == 0)
    assert not any(wrong.values()), (wrong, scene.visitors.strange[:3])
    assert not resent
