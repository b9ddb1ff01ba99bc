"""PostgreSQL's own disk fills up while people sign up, confirm and comment, and a broadcast goes on.

First its tables can't grow; then its log can't either, and the server itself goes down until there is room, and is
started again, as by what looks after services. What had been answered is there, who can't be served is told that
nothing was changed, sending stands still and goes on by itself, and nobody gets a mail twice.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.clock import monotonic
from tests.figures import Figure
from tests.mail.conftest import eventually
from tests.proof.conftest import SIZE
from tests.proof.small_server import SmallServer, small_server
from tests.proof.test_disk_full import SOON, Filler
from tests.proof.troubled import LEFT, ROLES, Troubled
from tests.web.wire import status

pytestmark = pytest.mark.postgres
FILLS = ("tables", "log") * SIZE


@pytest.fixture
def server() -> Iterator[SmallServer]:
    with small_server() as server:
        yield server


async def test_a_disk_that_fills_up(
    tmp_path: Path, compiled: Path, server: SmallServer, figure: Figure
) -> None:
    filler = Filler(server.folder)
    scene = Troubled(tmp_path, tmp_path, compiled, ROLES["two processes"], server)
    await scene.prepare()
    down, paused, back = 0, 0, 0.0
    async with scene.running():
        scene.visitors.come()
        for kind in FILLS:
            await scene.busy()
            await scene.heard()
            filler.take_all()
            await full(scene, filler, server, kind)
            filler.give_back()
            down += not server.lives()
            await eventually(server.is_back, 2 * SOON)
            paused += server.rows(LEFT)[0][0] > 0
            began = monotonic()
            await scene.heard(SOON)
            await eventually(scene.is_ready, SOON)
            back = max(back, monotonic() - began)
        await scene.visitors.go()
        await scene.comes_to_rest()
    wrong, resent = scene.wrong(), scene.resent()
    await scene.sink.close()

    name = "disk_full_postgres"
    figure(f"{name}_fills", len(FILLS))
    figure(f"{name}_server_went_down", down, f"{SIZE}", down == SIZE)
    for kind, count in scene.visitors.counts().items():
        figure(f"{name}_{kind}s_answered", count)
        refused = scene.visitors.refused[kind]
        figure(f"{name}_{kind}s_refused", refused, f">= {len(FILLS)}", refused >= len(FILLS))
    figure(f"{name}_mails", len(scene.sink.dotted))
    figure(f"{name}_sending_stood_still", paused, f"{len(FILLS)}", paused == len(FILLS))
    figure(f"{name}_until_all_went_on_s", back)
    figure(f"{name}_resent_in_doubt", resent, "0", resent == 0)
    for what, count in wrong.items():
        figure(f"{name}_{what}", count, "0", count == 0)
    assert not any(wrong.values()), (wrong, scene.visitors.strange[:3])
    assert not resent
    assert (down, paused) == (SIZE, len(FILLS))
    assert all(scene.visitors.refused[kind] >= len(FILLS) for kind in scene.visitors.answered)


async def test_the_server_is_started_though_another_process_has_its_number(server: SmallServer) -> None:
    lock = server.folder / "data/postmaster.pid"
    number, *rest = lock.read_text("utf-8").splitlines()
    os.kill(int(number), signal.SIGQUIT)

    async def has_ended() -> bool:
        return not lock.exists()

    await eventually(has_ended, SOON)
    with subprocess.Popen(["sleep", "600"]) as other:
        lock.write_text("\n".join([str(other.pid), *rest, ""]), "utf-8")
        try:
            await eventually(server.is_back, SOON)
        finally:
            other.kill()


async def full(scene: Troubled, filler: Filler, server: SmallServer, kind: str) -> None:
    """Until the service has said so, nobody is served any more, and no mail leaves."""
    said, last = False, time.monotonic()
    seen: tuple[dict[str, int], int] = ({}, 0)

    async def all_stands_still() -> bool:
        nonlocal said, seen, last
        scene.all_live()
        filler.take_all()
        if kind == "log":
            server.log_ends()
        said = said or status(await scene.get("/ready")) == 503
        now = scene.visitors.counts(), len(scene.sink.dotted)
        if now != seen or not said:
            seen, last = now, time.monotonic()
        return time.monotonic() > last + 1.0

    await eventually(all_stands_still, SOON)
    assert status(await scene.get("/health")) == 200
    if server.lives():
        for path in ("/forms/guide", "/threads?url=https%3A%2F%2Fblog.example.org%2Fpage-1"):
            assert status(await scene.get(path)) == 200, path
