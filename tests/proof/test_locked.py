"""Another program holds the database, while people come and a broadcast goes on.

As long as the service has patience everybody just waits. After that they are told to come again, with nothing
changed; pages are still read, the worker waits, and all goes on once the lock is gone.
"""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.clock import monotonic
from newsletter.storage import PATIENCE
from tests.figures import Figure
from tests.mail.conftest import eventually
from tests.proof.conftest import SIZE
from tests.proof.troubled import CONNECTIONS, ROLES, Troubled, hold
from tests.web.wire import status

SHORT = (0.1, 1.0)  # seconds
SLOW = 60.0  # seconds, under any load
HOLDS = 2 * SIZE  # of longer than its patience


@pytest.mark.parametrize("roles", ROLES)
async def test_a_lock_that_is_kept(tmp_path: Path, compiled: Path, figure: Figure, roles: str) -> None:
    scene = Troubled(tmp_path, tmp_path, compiled, ROLES[roles])
    await scene.prepare()
    sent, longest = 0, 0.0
    async with scene.running():
        scene.visitors.come()
        await scene.busy()
        await scene.heard()
        for seconds in SHORT:
            with closing(hold(scene.file)):
                await asyncio.sleep(seconds)
            await scene.heard()
        assert not scene.visitors.refused, "a short lock is waited out"
        for _ in range(HOLDS):
            await scene.busy()
            with closing(hold(scene.file)):
                took, mails = await held_up(scene)
            longest, sent = max(longest, took), max(sent, mails)
            await scene.heard(SLOW)
            await eventually(scene.is_ready, SLOW)
        await scene.visitors.go()
        await scene.comes_to_rest()
    wrong, resent = scene.wrong(), scene.resent()
    await scene.sink.close()

    name = f"locked_{roles.replace(' ', '_')}"
    for kind, count in scene.visitors.counts().items():
        figure(f"{name}_{kind}s_answered", count)
        refused = scene.visitors.refused[kind]
        figure(f"{name}_{kind}s_refused", refused, f">= {HOLDS}", refused >= HOLDS)
    figure(f"{name}_until_it_says_why_s", longest)
    figure(f"{name}_mails_meanwhile", sent, f"<= {4 * CONNECTIONS}", sent <= 4 * CONNECTIONS)
    figure(f"{name}_resent_in_doubt", resent, "0", resent == 0)
    for what, count in wrong.items():
        figure(f"{name}_{what}", count, "0", count == 0)
    assert not any(wrong.values()), (wrong, scene.visitors.strange[:3])
    assert not resent
    assert sent <= 4 * CONNECTIONS
    assert all(scene.visitors.refused[kind] >= HOLDS for kind in scene.visitors.answered)


async def held_up(scene: Troubled) -> tuple[float, int]:
    """Until everybody was refused. Seconds until the service says why, and how many mails left in all."""
    began, mails, refused = monotonic(), len(scene.sink.dotted), dict(scene.visitors.refused)
    answered = scene.visitors.counts()
    for path in ("/health", "/forms/guide", "/threads?url=https%3A%2F%2Fblog.example.org%2Fpage-1"):
        assert status(await scene.get(path)) == 200, path

    async def says_why() -> bool:
        scene.all_live()
        ready = await scene.get("/ready")
        return status(ready) == 503 and b"another program holds the database" in ready

    await eventually(says_why, SLOW)
    took = monotonic() - began
    assert took >= PATIENCE

    async def all_refused() -> bool:
        return all(scene.visitors.refused[kind] > refused.get(kind, 0) for kind in answered)

    await eventually(all_refused, SLOW)
    return took, len(scene.sink.dotted) - mails
