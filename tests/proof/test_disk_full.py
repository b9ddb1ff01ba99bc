"""The disk fills up while people sign up, confirm and comment, and a broadcast goes on; then there is room again.

What had been answered is there. Who can't be served is told so, and that nothing was changed; pages are still read.
Nobody gets a mail twice, the service says why it is not ready, and goes on by itself.
"""

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from newsletter.clock import monotonic
from newsletter.storage import migrate
from tests.cli.machine import Machine
from tests.figures import Figure
from tests.mail.conftest import eventually
from tests.proof.conftest import SIZE
from tests.proof.power import disk
from tests.proof.troubled import CONNECTIONS, ROLES, Troubled
from tests.proof.visitors import rows_of
from tests.web.wire import status

FILLS = 4 * SIZE
MEGABYTES = 64
UNTOLD = 3 * CONNECTIONS  # as after a kill: of each connection to many two, of the others one
SOON = 30.0  # seconds until all goes on, under any load


class Filler:
    """A file that takes all that is free."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "filler"
        self._size = 0

    def take_all(self) -> None:
        with self._file.open("ab") as file:
            for piece in (1 << 22, 1 << 18, 1 << 12):
                with suppress(OSError):
                    while True:
                        os.posix_fallocate(file.fileno(), self._size, piece)
                        self._size += piece

    def leave(self, room: int) -> None:
        os.truncate(self._file, self._size - room)

    def give_back(self) -> None:
        self._file.unlink()
        self._size = 0


@pytest.mark.parametrize("roles", ROLES)
async def test_a_disk_that_fills_up(tmp_path: Path, compiled: Path, figure: Figure, roles: str) -> None:
    with disk(tmp_path / "disk", MEGABYTES) as small:
        filler = Filler(small.folder)
        scene = Troubled(small.folder, tmp_path, compiled, ROLES[roles])
        await scene.prepare()
        untold, back = 0, 0.0
        async with scene.running():
            scene.visitors.come()
            for _ in range(FILLS):
                await scene.busy()
                await scene.heard()
                filler.take_all()
                await full(scene, filler)
                untold = max(untold, scene.untold())
                filler.give_back()
                began = monotonic()
                await scene.heard(SOON)
                await eventually(scene.is_ready, SOON)
                back = max(back, monotonic() - began)
            await scene.visitors.go()
            await scene.comes_to_rest()
        wrong = scene.wrong()
        resent = scene.resent()
        await scene.sink.close()

    name = f"disk_full_{roles.replace(' ', '_')}"
    figure(f"{name}_fills", FILLS)
    for kind, count in scene.visitors.counts().items():
        figure(f"{name}_{kind}s_answered", count)
        refused = scene.visitors.refused[kind]
        figure(f"{name}_{kind}s_refused", refused, f">= {FILLS}", refused >= FILLS)
    figure(f"{name}_mails", len(scene.sink.dotted))
    figure(f"{name}_mails_that_no_row_tells_of", untold, f"<= {UNTOLD}", untold <= UNTOLD)
    figure(f"{name}_until_all_went_on_s", back)
    figure(f"{name}_resent_in_doubt", resent, "0", resent == 0)
    for what, count in wrong.items():
        figure(f"{name}_{what}", count, "0", count == 0)
    assert not any(wrong.values()), (wrong, scene.visitors.strange[:3])
    assert not resent
    assert untold <= UNTOLD
    assert all(scene.visitors.refused[kind] >= FILLS for kind in scene.visitors.answered)


async def full(scene: Troubled, filler: Filler) -> None:
    """Until the service has said that the disk is full, nobody is served any more, and no mail leaves."""

    async def says_why() -> bool:
        scene.all_live()
        filler.take_all()  # also what a log that was cut short has given back
        ready = await scene.get("/ready")
        return status(ready) == 503 and b"the disk is full" in ready

    await eventually(says_why, SOON)
    seen = scene.visitors.counts(), len(scene.sink.dotted)
    last = time.monotonic()

    async def nobody_is_served() -> bool:
        nonlocal seen, last
        filler.take_all()
        now = scene.visitors.counts(), len(scene.sink.dotted)
        if now != seen:
            seen, last = now, time.monotonic()
        return time.monotonic() > last + 1.0

    await eventually(nobody_is_served, SOON)
    for path in ("/health", "/forms/guide", "/threads?url=https%3A%2F%2Fblog.example.org%2Fpage-1"):
        assert status(await scene.get(path)) == 200, path
    assert not any(scene.visitors.lost().values())
    scene.all_live()


async def test_a_start_on_a_full_disk(tmp_path: Path, compiled: Path) -> None:
    """It says so in a sentence, changes nothing, and starts once there is room."""
    with disk(tmp_path / "disk", MEGABYTES) as small:
        scene = Troubled(small.folder, tmp_path, compiled, ROLES["one process"])
        await scene.prepare()
        before = scene.file.read_bytes()
        filler = Filler(small.folder)
        filler.take_all()
        done = await asyncio.to_thread(scene.machine.run, "serve", "--port", str(scene.port), code=1)
        assert "disk" in done.err
        assert done.err.count("\n") == 1, done.err
        assert scene.file.read_bytes() == before
        filler.give_back()
        async with scene.running():
            pass
        await scene.sink.close()


async def test_an_import_on_a_full_disk(tmp_path: Path, compiled: Path) -> None:
    """What it puts aside finds no room: it says where, and has changed nothing; with room it goes through."""
    machine = Machine(tmp_path, f"sqlite:///{tmp_path}/newsletter.db", compiled)
    await migrate(machine.url)
    people = tmp_path / "people.csv"
    people.write_text("email\n" + "".join(f"reader{n}@example.org\n" for n in range(30_000)))
    words = (
        "import",
        "subscribers",
        str(people),
        "--consent-origin",
        "They asked for it at a talk.",
        "--yes",
    )
    with disk(tmp_path / "disk", MEGABYTES) as small:
        machine.environment["TMPDIR"] = str(small.folder)
        filler = Filler(small.folder)
        filler.take_all()
        filler.leave(1 << 18)  # where there is no room at all, Python looks for another folder by itself
        done = await asyncio.to_thread(machine.run, *words, code=1)
        assert f"can't be put into {small.folder}: No space left on device." in done.err
        assert rows_of(tmp_path / "newsletter.db")("SELECT count(*) FROM subscribers") == [(0,)]
        filler.give_back()
        await asyncio.to_thread(machine.run, *words)
        assert rows_of(tmp_path / "newsletter.db")("SELECT count(*) FROM subscribers") == [(30_000,)]
