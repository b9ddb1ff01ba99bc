"""A disk that fails now and then: to write, to sync, to read (libfiu stands in for it), and then the power goes.

What was answered is there, after every kind of failure: a sync that has failed is never taken for done, since what it
was to write may be gone from memory as well (PostgreSQL learned that in 2018). The service lives through all of it.
"""

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.figures import Figure
from tests.mail.conftest import eventually
from tests.proof.conftest import SIZE
from tests.proof.power import Disk, disk
from tests.proof.tools import program
from tests.proof.troubled import ROLES, Troubled

EIO, ENOSPC = 5, 28
WRITE, SYNC, READ = "posix/io/rw/pwrite", "posix/io/sync/fdatasync", "posix/io/rw/pread"
FAULTS: dict[str, list[tuple[str, float, int]]] = {
    "no room": [(WRITE, 0.02, ENOSPC)],
    "no writing": [(WRITE, 0.02, EIO)],
    "no syncing": [(SYNC, 0.05, EIO), ("posix/io/sync/fsync", 0.05, EIO)],
    "no reading": [(READ, 0.03, EIO)],
    "all of it": [(WRITE, 0.01, ENOSPC), (SYNC, 0.02, EIO), (READ, 0.01, EIO)],
}
ENOUGH = 5 * SIZE  # who are refused in each round
OURS = "newsletter"
DEAF = 200 * SIZE  # who are answered, where none is refused
SLOW = 120.0  # seconds, under any load
ROOM = 2_048  # megabytes: while reads fail no checkpoint comes to its end, and the log grew by 180 MB in 22 s


class Failing:
    """A disk's failures, switched on and off in the midst of a service."""

    def __init__(self, folder: Path) -> None:
        self._ctrl = program("fiu-ctrl", "fiu-utils")
        self._pipes = str(folder / "fiu")
        self.before = [program("fiu-run", "fiu-utils"), "-x", "-f", self._pipes]

    async def fail(self, pid: int, faults: list[tuple[str, float, int]]) -> None:
        words = [
            word
            for name, chance, error in faults
            for word in ("-c", f"enable_random name={name},probability={chance},failinfo={error}")
        ]
        done = await asyncio.to_thread(
            subprocess.run, [self._ctrl, "-f", self._pipes, *words, str(pid)], capture_output=True, check=True
        )
        assert b"rror" not in done.stdout + done.stderr, done


async def fails_and_goes_dark(scene: Troubled, failing: Failing, disk: Disk, faults: str) -> None:
    """One round: it starts, people come, its disk fails often, and the power goes."""
    async with scene.running():
        lost_before = scene.visitors.lost()
        await scene.busy()
        scene.visitors.come()
        await scene.heard()
        refused = scene.visitors.refused.total()
        await failing.fail(scene.processes[0].pid, FAULTS[faults])
        before = scene.visitors.counts()

        async def enough() -> bool:
            scene.all_live()
            answered = scene.visitors.counts()["sign-up"] - before["sign-up"]
            if scene.module != OURS:  # it refuses nobody
                return answered >= DEAF
            return answered > 0 and scene.visitors.refused.total() >= refused + ENOUGH

        await eventually(enough, SLOW)
        scene.all_live()
        whole = len(scene.sink.dotted)
        heard = {kind: set(keys) for kind, keys in scene.visitors.answered.items()}
        disk.cut()
        scene.kill()
        await scene.visitors.go()
    await scene.sink.close()
    del scene.sink.dotted[whole:]
    scene.visitors.answered = heard
    disk.unmount()
    disk.mount()
    await scene.sink.open()
    assert not any(lost_before.values())


async def through_all(folder: Path, compiled: Path, faults: list[str], module: str) -> Troubled:
    failing = Failing(folder)
    with disk(folder / "disk", ROOM) as made:
        scene = Troubled(made.folder, folder, compiled, ROLES["one process"])
        scene.module = module
        scene.before = failing.before
        await scene.prepare()
        for each in faults:
            await fails_and_goes_dark(scene, failing, made, each)
        scene.before = ()
        if module == OURS:
            async with scene.running():
                scene.half_a_minute_passes()
                await scene.comes_to_rest()
        scene.found = scene.wrong()
        await scene.sink.close()
    return scene


@pytest.mark.parametrize("part", range(SIZE))
async def test_a_disk_that_fails(tmp_path: Path, compiled: Path, figure: Figure, part: int) -> None:
    scene = await through_all(tmp_path, compiled, list(FAULTS), OURS)
    for kind, count in scene.visitors.counts().items():
        figure(f"io_errors_{kind}s_answered", count)
        figure(f"io_errors_{kind}s_refused", scene.visitors.refused[kind])
    figure("io_errors_mails", len(scene.sink.dotted))
    for what, count in scene.found.items():
        figure(f"io_errors_{what}", count, "0", count == 0)
    assert not any(scene.found.values()), (scene.found, scene.visitors.strange[:3])


async def test_a_failed_sync_that_is_taken_for_done_is_found_out(
    tmp_path: Path, compiled: Path, figure: Figure
) -> None:
    """Else the proof above proves nothing."""
    scene = await through_all(tmp_path, compiled, ["no syncing"], "tests.proof.deaf")
    lost = sum(scene.found[f"{kind}_lost"] for kind in scene.visitors.answered)
    figure("io_errors_control_answered_and_lost", lost, "> 0", lost > 0)
    assert lost
