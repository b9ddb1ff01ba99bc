"""Pictures for tests."""

import zlib
from pathlib import Path


def png(path: Path, width: int, height: int) -> str:
    """The smallest that is one, all of it transparent."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    rows = zlib.compress(bytes(1 + 4 * width) * height)
    ends = chunk(b"IHDR", size + b"\x08\x06\0\0\0") + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + ends)
    return str(path)
