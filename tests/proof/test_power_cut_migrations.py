"""The power is cut while a database is brought up to date: it is at one version or the next, whole, and goes on."""

import asyncio
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from newsletter import paths
from newsletter.clock import monotonic
from newsletter.errors import NewsletterError
from newsletter.storage import migrate
from tests.figures import Figure
from tests.proof.conftest import SIZE
from tests.proof.power import Disk, disk

CUTS = 30 * SIZE
OLD = 6  # the version that each begins with

Schema = list[tuple[str, ...]]


def schema(path: Path) -> Schema:
    with closing(sqlite3.connect(path)) as raw:
        return sorted(
            raw.execute("SELECT type, name, tbl_name, COALESCE(sql, '') FROM sqlite_schema").fetchall()
        )


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        numbers = [number for (number,) in raw.execute("SELECT number FROM migrations ORDER BY number")]
    assert numbers == list(range(1, len(numbers) + 1))
    return len(numbers)


async def schemas(folder: Path) -> list[Schema]:
    """As each version's is, from 1 on."""
    steps = folder / "steps"
    steps.mkdir()
    url, made = f"sqlite:///{folder}/each.db", list[Schema]()
    files = sorted(path for path in paths.MIGRATIONS.glob("0*.sql"))
    for number in range(1, int(files[-1].name[:4]) + 1):
        for path in files:
            if int(path.name[:4]) == number:
                shutil.copy(path, steps)
        await migrate(url, folder=steps)
        made.append(schema(folder / "each.db"))
        if number == OLD:
            shutil.copy(folder / "each.db", folder / "old.db")
    return made


async def cut_off(made: Disk, folder: Path, seconds: float) -> int:
    """The version that it is at after a cut so many seconds from the start."""
    path = made.folder / "newsletter.db"
    for file in made.folder.glob("newsletter*"):
        file.unlink()
    shutil.copy(folder / "old.db", path)
    made.unmount()  # what was there before is on the disk
    made.mount()
    migrating = asyncio.create_task(migrate(f"sqlite:///{path}"))
    await asyncio.wait([migrating], timeout=seconds)
    made.cut()
    with suppress(NewsletterError, sqlite3.Error, OSError):
        await migrating
    made.unmount()
    made.mount()
    return version(path)


async def test_it_is_at_one_version_or_the_next(tmp_path: Path, figure: Figure) -> None:
    each = await schemas(tmp_path)
    wrong, reached = 0, list[int]()
    with disk(tmp_path / "disk", megabytes=64) as made:
        path = made.folder / "newsletter.db"
        begun = monotonic()
        shutil.copy(tmp_path / "old.db", path)
        await migrate(f"sqlite:///{path}")
        whole = monotonic() - begun
        for n in range(CUTS):
            reached.append(await cut_off(made, tmp_path, whole * (n + 0.5) / CUTS))
            wrong += schema(path) != each[reached[-1] - 1]
            await migrate(f"sqlite:///{path}")
            wrong += version(path) != len(each) or schema(path) != each[-1]
    midway = sum(OLD < one < len(each) for one in reached)
    figure("power_cut_migrations", CUTS)
    figure("power_cut_migrations_midway", midway, "> 0", midway > 0)
    figure("power_cut_migrations_wrong", wrong, "0", wrong == 0)
    assert not wrong
    assert midway
    assert min(reached) >= OLD
