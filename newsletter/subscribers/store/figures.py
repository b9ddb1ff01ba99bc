"""Counts, for the desk."""

import msgspec

from newsletter.storage import Tx
from newsletter.subscribers.model import Status
from newsletter.subscribers.store import counts


class Overview(msgspec.Struct):
    """How many there are of each status; how many came and left on each day (its first ms, UTC)."""

    by_status: dict[Status, int]
    signed_up: dict[int, int]
    confirmed: dict[int, int]
    left: dict[int, int]


async def overview(tx: Tx, since: int) -> Overview:
    return Overview(
        await counts.by_status(tx),
        await counts.by_day(tx, "joined", since),
        await counts.by_day(tx, "confirmed", since),
        await counts.by_day(tx, "left", since),
    )
