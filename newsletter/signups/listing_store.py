"""Which forms there are."""

import msgspec

from newsletter.storage import Tx


class Listed(msgspec.Struct):
    id: int
    slug: str
    title: str


async def all_forms(tx: Tx) -> list[Listed]:
    """By their slugs."""
    return await tx.all(Listed, "SELECT id, slug, title FROM forms ORDER BY slug")
