"""Files in the database: in chunks, each content once."""

import asyncio
import hashlib

import pytest

from newsletter.errors import NotFound
from newsletter.storage import CHUNK, Database, StoredFile, files

GUIDE = bytes(range(256)) * 3_000  # three chunks


async def test_it_works(db: Database) -> None:
    kept = await db.write(files.keep, "guide.pdf", "application/pdf", GUIDE)
    sha256 = hashlib.sha256(GUIDE).hexdigest()
    assert kept == StoredFile(kept.id, sha256, "guide.pdf", "application/pdf", len(GUIDE))
    assert await db.read(files.find, kept.id) == kept
    assert await db.read(files.whole, kept.id) == GUIDE
    chunks = [await db.read(files.chunk, kept.id, n) for n in range(3)]
    assert [len(chunk) for chunk in chunks] == [CHUNK, CHUNK, len(GUIDE) - 2 * CHUNK]
    assert b"".join(chunks) == GUIDE


async def test_the_same_bytes_are_one_file(db: Database) -> None:
    kept = await asyncio.gather(
        *(db.write(files.keep, f"{n}.pdf", "application/pdf", GUIDE) for n in range(8))
    )
    assert len({file.id for file in kept}) == 1
    assert await db.write(files.keep, "later.pdf", "text/plain", GUIDE) == kept[0]
    other = await db.write(files.keep, "other.pdf", "application/pdf", GUIDE + b"!")
    assert other.id != kept[0].id


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1])
async def test_every_size(db: Database, size: int) -> None:
    kept = await db.write(files.keep, "a", "text/plain", b"x" * size)
    assert await db.read(files.whole, kept.id) == b"x" * size
    with pytest.raises(NotFound):
        await db.read(files.chunk, kept.id, (size + CHUNK - 1) // CHUNK)


async def test_what_is_not_there(db: Database) -> None:
    assert await db.read(files.find, 1) is None
    for look in (db.read(files.whole, 1), db.read(files.chunk, 1, 0)):
        with pytest.raises(NotFound, match="no such file"):
            await look
