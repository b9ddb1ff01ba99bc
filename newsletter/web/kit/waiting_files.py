"""Where files of subscribers wait for what their owner does with them, and that none stays which nobody waits for."""

import hashlib
import logging
import os
import stat
import tempfile
from asyncio import to_thread
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from newsletter.clock import DAY, now
from newsletter.errors import Unavailable
from newsletter.settings import Settings
from newsletter.storage import engine_of, sqlite_path
from newsletter.subscribers import files_wanted
from newsletter.web.kit.site import Site

KEPT = DAY
"""How long a file waits for its owner's next press."""

COMING = "coming-"
"""So begin the names of files that are being written."""


FOREIGN = (
    "The file can’t be kept here: the folder for it is not this service’s own. Please tell whoever runs it."
)
_log = logging.getLogger(__name__)


def folder(settings: Settings) -> Path:
    """Beside the database, or else where this machine keeps what is for a while, by database and user."""
    if engine_of(settings.database_url) == "sqlite":
        path = sqlite_path(settings.database_url)
        return path.with_name(f"{path.name}.imports")
    url = urlsplit(settings.database_url)
    where = (
        f"{url.netloc.rpartition('@')[2]}{url.path}?{url.query}"  # who signs in there is nobody's business
    )
    digest = hashlib.sha256(where.encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"newsletter-imports-{os.getuid()}-{digest}"


def made(settings: Settings) -> Path:
    """The folder, made where there is none. Whoever else may write to a machine's temporary files can have made it
    before, to read what is put there (CWE-379). Raises Unavailable then, and OSError.
    """
    where = folder(settings)
    where.mkdir(0o700, exist_ok=True)
    if engine_of(settings.database_url) == "sqlite":  # as safe as the database is
        return where
    found = where.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        _log.error(
            "%s is not a folder that only the user of this service can open: files sent to the desk need one.",
            where,
        )
        raise Unavailable(FOREIGN)
    return where


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
