"""Where files of subscribers wait for what their owner does with them, and that none stays which nobody waits for."""

import tempfile
from asyncio import to_thread
from contextlib import suppress
from pathlib import Path

from newsletter.clock import DAY, now
from newsletter.settings import Settings
from newsletter.storage import engine_of, sqlite_path
from newsletter.subscribers import files_wanted
from newsletter.web.kit.site import Site

KEPT = DAY
"""How long a file waits for its owner's next press."""

COMING = "coming-"
"""So begin the names of files that are being written."""


def folder(settings: Settings) -> Path:
    """Beside the database, or else where this machine keeps what is for a while."""
    if engine_of(settings.database_url) == "sqlite":
        path = sqlite_path(settings.database_url)
        return path.with_name(f"{path.name}.imports")
    return Path(tempfile.gettempdir()) / "newsletter-imports"


async def sweep(site: Site) -> None:
    """Deletes what a process left that was killed: half a file, or one that no row leads to any more."""
    old = await to_thread(
        _older, folder(site.settings), now() - 2 * KEPT
    )  # who waits has let go of theirs by then
    if not old:
        return
    numbers = {path: _number(path) for path in old}
    wanted = await site.db.read(files_wanted, [number for number in numbers.values() if number])
    for path, number in numbers.items():
        if number not in wanted:
            await to_thread(path.unlink, missing_ok=True)


def _older(where: Path, than: int) -> list[Path]:
    with suppress(FileNotFoundError):  # no folder yet, or another process does the same
        ours = [path for path in where.iterdir() if path.name.startswith(COMING) or _number(path)]
        return [path for path in ours if path.stat().st_mtime_ns // 1_000_000 < than]
    return []


def _number(path: Path) -> int:
    """Of the upload that it belongs to; 0: of none."""
    name = path.name.removesuffix(".refused")
    return int(name) if name.isascii() and name.isdecimal() else 0
