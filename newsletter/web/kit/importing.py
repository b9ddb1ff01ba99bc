"""Files of subscribers that an owner sends to the desk: kept on the disk, worked on, and deleted afterwards."""

import os
import tempfile
from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

from newsletter.clock import DAY, monotonic, now
from newsletter.errors import BadInput, Conflict, Unavailable
from newsletter.settings import Settings
from newsletter.storage import Tx, engine_of, sqlite_path
from newsletter.subscribers import imports
from newsletter.web.kit.site import Site

KEPT = DAY
"""How long a file waits for its owner's next press."""

MOST_REFUSALS = 10_000
"""Rows that a dry run refused, and that are kept with their reasons: a megabyte of a row in the database, at most."""

EVERY = 0.5  # seconds between two notes of how far it has come
GONE = "The file isn’t here any more: it was kept for a day. Please send it again."
FULL = "The file can’t be kept here: the disk may be full. Please tell whoever runs this service."


def folder(settings: Settings) -> Path:
    """Where files wait: beside the database, or else where this machine keeps what is for a while."""
    if engine_of(settings.database_url) == "sqlite":
        path = sqlite_path(settings.database_url)
        return path.with_name(f"{path.name}.imports")
    return Path(tempfile.gettempdir()) / "newsletter-imports"


def place(settings: Settings, id: int) -> Path:
    return folder(settings) / str(id)


async def keep(settings: Settings, pieces: AsyncIterator[bytes]) -> Path:
    """Writes what comes to a file that only its owner can read. Raises Unavailable, and leaves nothing then."""
    try:
        await to_thread(folder(settings).mkdir, 0o700, exist_ok=True)
        path = await to_thread(_fresh, folder(settings))
    except OSError:
        raise Unavailable(FULL) from None
    try:
        with await to_thread(path.open, "wb") as file:
            async for piece in pieces:
                await to_thread(file.write, piece)
    except OSError:
        path.unlink(missing_ok=True)
        raise Unavailable(FULL) from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _fresh(where: Path) -> Path:
    descriptor, name = tempfile.mkstemp(dir=where, prefix="coming-")  # 0600
    os.close(descriptor)
    return Path(name)


async def keep_going(site: Site) -> None:
    """Works on what its owners asked for, and lets go what they left."""
    for one in await site.db.read(imports.uploads.waiting):
        if place(site.settings, one.id).exists():
            await _work(site, one)
        elif one.updated_at < now() - KEPT:
            await site.db.write(imports.uploads.fail, one.id, GONE)
    for one in await site.db.read(imports.uploads.left, now() - KEPT):
        await let_go(site, one.id)


Judge = Callable[[Tx], Coroutine[Any, Any, None]]
"""Raises where it is not to be let go."""


async def _whichever(_tx: Tx) -> None:
    """As it is."""


async def let_go(site: Site, id: int, judge: Judge = _whichever) -> None:
    """Raises what `judge` raises, and leaves all as it is then."""
    await site.db.write(_let_go, site.settings, id, judge)


async def _let_go(tx: Tx, settings: Settings, id: int, judge: Judge) -> None:
    """The file goes before its row does: what stays of it is found by that."""
    await judge(tx)
    place(settings, id).unlink(missing_ok=True)
    await imports.uploads.remove(tx, id)


async def _work(site: Site, one: imports.uploads.Upload) -> None:
    try:
        table = await to_thread(imports.open_table, place(site.settings, one.id), one.chosen.encoding)
        choice = one.chosen
        mapping = imports.Mapping(choice.targets, choice.preset)
        with closing(imports.Staged(table, mapping, [choice.tag] if choice.tag else [], now())) as staged:
            if await _read(site, one, staged):
                await _take_in(site, one, staged)
    except Conflict:
        return  # another process works on it
    except BadInput as error:
        await site.db.write(imports.uploads.fail, one.id, error.sentence)


class _Pace:
    """When to note again how far something has come."""

    def __init__(self) -> None:
        self._next = 0.0

    def is_due(self) -> bool:
        if monotonic() < self._next:
            return False
        self._next = monotonic() + EVERY
        return True


async def _read(site: Site, one: imports.uploads.Upload, staged: imports.Staged) -> bool:
    """False where its owner has let it go meanwhile."""
    pace, lines = _Pace(), staged.fill()
    while (line := await to_thread(next, lines, None)) is not None:
        if pace.is_due() and not await site.db.write(
            imports.uploads.reach, one.id, 0, max(line, staged.table.lines)
        ):
            return False
    return await site.db.write(imports.uploads.reach, one.id, 0, staged.people)


async def _take_in(site: Site, one: imports.uploads.Upload, staged: imports.Staged) -> None:
    dry = one.state == "checking"
    importing = imports.Importing(site.tokens, site.post)
    pace, refused = _Pace(), list(staged.refused[:MOST_REFUSALS])
    last = imports.Import(0, "")
    steps = imports.take_in(site.db, importing, staged, one.chosen.origin, dry=dry)
    async with aclosing(steps):
        async for last in steps:
            refused += last.refused[: max(0, MOST_REFUSALS - len(refused))]
            if pace.is_due() and not await site.db.write(
                imports.uploads.reach, one.id, last.position, staged.people
            ):
                return
    refused.sort(key=lambda row: row.line)
    after: imports.uploads.State = "checked" if dry else "done"
    await site.db.write(imports.uploads.settle, one.id, after, last.tally, last.id, refused if dry else ())
    if not dry:
        place(site.settings, one.id).unlink(missing_ok=True)


def look(path: Path, encoding: str = "") -> imports.Table:
    """Read in that encoding, or else in the one that is recognised. Raises BadInput."""
    try:
        return imports.open_table(path, encoding)
    except FileNotFoundError:
        raise BadInput(GONE) from None
