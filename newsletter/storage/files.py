"""Files that mails and links deliver, kept in the database so that one file is all there is to back up.

In chunks, so that a download reads 256 KiB at a time and neither engine holds a large value in memory.
"""

import hashlib

import msgspec

from newsletter.errors import NotFound
from newsletter.ids import new_id
from newsletter.storage.db import Tx

CHUNK = 262_144  # bytes; fewer in a file's last chunk
_INSERT = """
    INSERT INTO files (id, sha256, name, media_type, size) VALUES (:id, :sha256, :name, :media_type, :size)
    ON CONFLICT (sha256) DO NOTHING RETURNING id, sha256, name, media_type, size
"""
_BY_ID = "SELECT id, sha256, name, media_type, size FROM files WHERE id = :id"
_BY_SHA256 = "SELECT id, sha256, name, media_type, size FROM files WHERE sha256 = :sha256"


class StoredFile(msgspec.Struct, frozen=True):
    id: int
    sha256: str
    name: str
    media_type: str
    size: int  # bytes


class _Chunk(msgspec.Struct, frozen=True):
    bytes: bytes


async def keep(tx: Tx, name: str, media_type: str, content: bytes) -> StoredFile:
    """Stores the file, or finds the one with the same bytes, which keeps the name it first came with."""
    sha256 = hashlib.sha256(content).hexdigest()
    fresh = await tx.one(
        StoredFile,
        _INSERT,
        id=new_id(),
        sha256=sha256,
        name=name,
        media_type=media_type,
        size=len(content),
    )
    if fresh is None:
        same = await tx.one(StoredFile, _BY_SHA256, sha256=sha256)
        assert same is not None
        return same
    pieces = [content[start : start + CHUNK] for start in range(0, len(content), CHUNK)]
    await tx.many(
        "INSERT INTO file_chunks (file_id, n, bytes) VALUES (:file_id, :n, :bytes)",
        [{"file_id": fresh.id, "n": n, "bytes": piece} for n, piece in enumerate(pieces)],
    )
    return fresh


async def find(tx: Tx, file_id: int) -> StoredFile | None:
    return await tx.one(StoredFile, _BY_ID, id=file_id)


async def chunk(tx: Tx, file_id: int, n: int) -> bytes:
    """The n-th CHUNK of the file, from 0. Raises NotFound."""
    found: bytes | None = await tx.value(
        "SELECT bytes FROM file_chunks WHERE file_id = :file_id AND n = :n", file_id=file_id, n=n
    )
    if found is None:
        raise NotFound("There is no such file.")
    return found


async def whole(tx: Tx, file_id: int) -> bytes:
    """The file in one piece, for an attachment. Raises NotFound."""
    if await find(tx, file_id) is None:
        raise NotFound("There is no such file.")
    chunks = await tx.all(
        _Chunk, "SELECT bytes FROM file_chunks WHERE file_id = :file_id ORDER BY n", file_id=file_id
    )
    return b"".join(chunk.bytes for chunk in chunks)
