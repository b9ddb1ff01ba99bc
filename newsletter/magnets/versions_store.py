"""The versions of magnets, for their owner. One text for both engines."""

import msgspec

from newsletter.storage import Tx


class Version(msgspec.Struct):
    magnet_id: int
    number: int
    notes: str
    created_at: int
    name: str
    sha256: str
    size: int  # bytes
    people: int  # who downloaded it themselves


async def all_versions(tx: Tx) -> list[Version]:
    """Of every magnet the newest first."""
    return await tx.all(
        Version,
        """SELECT v.magnet_id, v.number, v.notes, v.created_at, f.name, f.sha256, f.size,
               coalesce(took.people, 0) AS people
           FROM magnet_versions v JOIN files f ON f.id = v.file_id
           LEFT JOIN (SELECT version_id, count(*) AS people FROM downloads WHERE automatic = 0 GROUP BY version_id) took
             ON took.version_id = v.id
           ORDER BY v.magnet_id, v.number DESC""",
    )
