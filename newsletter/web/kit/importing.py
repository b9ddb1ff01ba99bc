"""Files of subscribers that an owner sends to the desk: kept on the disk, worked on, and deleted afterwards."""

import os
import tempfile
from asyncio import to_thread
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import aclosing, closing, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec

from newsletter.clock import monotonic, now
from newsletter.errors import BadInput, Conflict, NotFound, Unavailable
from newsletter.settings import Settings
from newsletter.storage import Tx
from newsletter.subscribers import imports
from newsletter.web.kit.site import Site
from newsletter.web.kit.waiting_files import COMING, KEPT, folder, made

MOST_REFUSALS = 10_000
"""Rows that a dry run refused, and that are kept in the database too, for other machines: a megabyte, at most."""

EVERY = 0.5  # seconds between two notes of how far it has come
GONE = "The file isn’t here any more: it was kept for a day. Please send it again."
FULL = "The file can’t be kept here: the disk may be full. Please tell whoever runs this service."


def place(settings: Settings, id: int) -> Path:
    return folder(settings) / str(id)


def listed(settings: Settings, id: int) -> Path:
    """All that a dry run refused, where the database keeps a part of it: each in a line of JSON, in their order."""
    return folder(settings) / f"{id}.refused"


async def keep(settings: Settings, pieces: AsyncIterator[bytes]) -> Path:
    """Writes what comes to a file that only its owner can read. Raises Unavailable, and leaves nothing then."""
    try:
        path = await to_thread(_fresh, await to_thread(made, settings))
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
    descriptor, name = tempfile.mkstemp(dir=where, prefix=COMING)  # 0600
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
        with suppress(Conflict):
            await let_go(site, one.id, partial(still_left, id=one.id))


Judge = Callable[[Tx], Coroutine[Any, Any, None]]
"""Raises where it is not to be let go."""


async def _whichever(_tx: Tx) -> None:
    """As it is."""


async def still_left(tx: Tx, id: int) -> None:
    """Raises Conflict where its owner has come back to it."""
    one = await imports.uploads.hold(tx, id)
    if one is None or one.moves or one.updated_at >= tx.now - KEPT:
        raise Conflict("Somebody has come back to this file.")


async def let_go(site: Site, id: int, judge: Judge = _whichever) -> None:
    """Raises what `judge` raises, and leaves all as it is then.

    Broken off in between, it is found among what its owners left, and let go the next day.
    """
    await site.db.write(_give_up, id, judge)
    await to_thread(_delete, site.settings, id)
    await site.db.write(imports.uploads.remove, id)


async def _give_up(tx: Tx, id: int, judge: Judge) -> None:
    await judge(tx)
    await imports.uploads.give_up(tx, id)


def _delete(settings: Settings, id: int) -> None:
    for path in (place(settings, id), listed(settings, id)):
        path.unlink(missing_ok=True)


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
    pace, last = _Pace(), imports.Import(0, "")
    steps = imports.take_in(site.db, importing, staged, one.chosen.origin, dry=dry)
    with closing(imports.Refusals()) as refused:
        if dry:
            await to_thread(refused.add, staged.refused.by_line())
        async with aclosing(steps):
            async for last in steps:
                if dry and last.refused:
                    await to_thread(refused.add, last.refused)
                if pace.is_due() and not await site.db.write(
                    imports.uploads.reach, one.id, last.position, staged.people
                ):
                    return
        kept = await to_thread(_listed, refused, listed(site.settings, one.id)) if dry else []
    settled = await site.db.write(
        imports.uploads.settle, one.id, "checked" if dry else "done", last.tally, last.id, kept
    )
    if not (dry and settled):
        await to_thread(_delete, site.settings, one.id)


def _listed(refused: imports.Refusals, path: Path) -> list[imports.Refused]:
    """The first of them. Where there are more, all are written there, if there is room for them."""
    path.unlink(missing_ok=True)
    first = list(islice(refused.by_line(), MOST_REFUSALS + 1))
    if len(first) > MOST_REFUSALS:
        with suppress(OSError):
            _write(refused.by_line(), path)
    return first[:MOST_REFUSALS]


def _write(rows: Iterator[imports.Refused], path: Path) -> None:
    """Raises OSError, and leaves nothing then."""
    fresh = _fresh(path.parent)
    try:
        with fresh.open("wb") as file:
            file.writelines(msgspec.json.encode(row) + b"\n" for row in rows)
    except OSError:
        fresh.unlink()
        raise
    fresh.rename(path)


async def refusals(site: Site, one: imports.uploads.Upload) -> AsyncGenerator[imports.Refused, None]:
    """Of what was taken in, or of a check what would be refused: by their line, all that this machine knows of."""
    if one.import_id:
        async with aclosing(imports.refusals(site.db, one.import_id)) as rows:
            async for row in rows:
                yield row
    elif not _has_list(site.settings, one):
        for row in one.dry_refused:
            yield row
    else:
        read = msgspec.json.Decoder(imports.Refused).decode
        with await to_thread(_opened, site.settings, one.id) as file:
            while lines := await to_thread(lambda: list(islice(file, 1_000))):
                for line in lines:
                    yield read(line)


def _opened(settings: Settings, id: int) -> IO[bytes]:
    """Raises NotFound where it was let go in this moment."""
    try:
        return listed(settings, id).open("rb")
    except FileNotFoundError:
        raise NotFound(GONE) from None


async def has_all(site: Site, one: imports.uploads.Upload) -> bool:
    """Whether `refusals` are all that there were."""
    if one.import_id:
        return await site.db.read(imports.is_there, one.import_id)
    return len(one.dry_refused) == one.came.refused or _has_list(site.settings, one)


def _has_list(settings: Settings, one: imports.uploads.Upload) -> bool:
    return one.state == "checked" and listed(settings, one.id).exists()


def look(path: Path, encoding: str = "") -> imports.Table:
    """Read in that encoding, or else in the one that is recognised. Raises BadInput."""
    try:
        return imports.open_table(path, encoding)
    except FileNotFoundError:
        raise BadInput(GONE) from None
