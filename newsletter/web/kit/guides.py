"""The file of a guide, on its way from the disk to where it is kept: for the desk and for programs."""

import re
from asyncio import to_thread
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path

from newsletter.errors import BadInput
from newsletter.storage import CHUNK, StoredFile, Tx, arriving
from newsletter.web.kit.site import Site
from newsletter.web.kit.text import clean

PDF = "application/pdf"
NO_PDF = "A guide is a PDF file, and whole: this one isn’t."
_UNFIT = re.compile(r'[/\\:*?"<>|]+')
_BEGINS, _END, _TAIL = b"%PDF-", b"%%EOF", 2048  # ISO 32000: what it begins with, and has in its last bytes


def is_pdf(path: Path) -> bool:
    """By its bytes, whatever it is called."""
    with path.open("rb") as file:
        begins = file.read(len(_BEGINS)) == _BEGINS
        file.seek(max(0, path.stat().st_size - _TAIL))
        return begins and _END in file.read()


def file_name(name: str) -> str:
    """As readers get it: no folder, nothing that a disk or a header minds, and what it is at its end."""
    try:
        name = clean(name, max_length=200)
    except BadInput:
        name = ""
    stem = _UNFIT.sub("-", re.sub(r"\.pdf$", "", name, flags=re.IGNORECASE)).strip(" .-")[:80]
    return f"{stem or 'guide'}.pdf"


async def keep(site: Site, path: Path, name: str, offer: Callable[[Tx, StoredFile], Awaitable[None]]) -> None:
    """Takes in the file at `path`, and offers it in the transaction that makes it whole.

    Raises what `offer` raises, and leaves nothing then.
    """
    id = await site.db.write(arriving.begin, PDF)
    try:
        hashed, size, n = sha256(), 0, 0
        with await to_thread(path.open, "rb") as file:
            while piece := await to_thread(file.read, CHUNK):
                hashed.update(piece)
                size += len(piece)
                await site.db.write(arriving.add, id, n, piece)
                n += 1
        came = id, file_name(name), hashed.hexdigest(), size
        await site.db.write(_finish, came, offer)
    except BaseException:
        await site.db.write(arriving.drop, id)
        raise


async def _finish(
    tx: Tx, came: tuple[int, str, str, int], offer: Callable[[Tx, StoredFile], Awaitable[None]]
) -> None:
    await offer(tx, await arriving.finish(tx, *came))
