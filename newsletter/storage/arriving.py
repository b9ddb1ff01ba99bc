"""A file that comes in pieces: each piece is a transaction of its own, so that nobody waits for all of a large one.

Until it is whole it goes by a name that no hash has. What a crash leaves of one is taken away by the next.
"""

from newsletter.clock import DAY
from newsletter.ids import new_id
from newsletter.storage.db import Tx
from newsletter.storage.files import StoredFile

_COMING = "coming-"


async def begin(tx: Tx, media_type: str) -> int:
    """The id that its pieces belong to."""
    await tx.run(
        "DELETE FROM files WHERE substr(sha256, 1, 7) = :coming AND size < :before",
        coming=_COMING,
        before=tx.now - DAY,
    )
    id = new_id()
    await tx.run(
        "INSERT INTO files (id, sha256, name, media_type, size) VALUES (:id, :name, '', :media_type, :began)",
        id=id,
        name=f"{_COMING}{id}",
        media_type=media_type,
        began=tx.now,  # while it comes: when that began
    )
    return id


async def add(tx: Tx, id: int, n: int, piece: bytes) -> None:
    """The n-th CHUNK, from 0."""
    await tx.run(
        "INSERT INTO file_chunks (file_id, n, bytes) VALUES (:id, :n, :piece)", id=id, n=n, piece=piece
    )


async def finish(tx: Tx, id: int, name: str, sha256: str, size: int) -> StoredFile:
    """The whole file, or the one with the same bytes, which keeps the name it first came with."""
    same = await tx.one(
        StoredFile,
        "SELECT id, sha256, name, media_type, size FROM files WHERE sha256 = :sha256",
        sha256=sha256,
    )
    if same:
        await drop(tx, id)
        return same
    whole = await tx.one(
        StoredFile,
        """UPDATE files SET sha256 = :sha256, name = :name, size = :size WHERE id = :id
           RETURNING id, sha256, name, media_type, size""",
        id=id,
        sha256=sha256,
        name=name,
        size=size,
    )
    assert whole is not None
    return whole


async def drop(tx: Tx, id: int) -> None:
    await tx.run("DELETE FROM files WHERE id = :id", id=id)
