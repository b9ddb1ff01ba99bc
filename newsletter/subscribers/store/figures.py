"""Counts and newcomers, for the desk."""

import msgspec

from newsletter.storage import Tx
from newsletter.subscribers.model import Status
from newsletter.subscribers.store import counts
from newsletter.subscribers.store.export import PEOPLE

NEWEST = 20


class Newcomer(msgspec.Struct):
    id: int
    email: str
    name: str
    status: Status
    created_at: int
    form: str


class Overview(msgspec.Struct):
    """How many there are of each status; how many came and left on each day (its first ms, UTC); who came last."""

    by_status: dict[Status, int]
    signed_up: dict[int, int]
    confirmed: dict[int, int]
    left: dict[int, int]
    newest: list[Newcomer]


async def overview(tx: Tx, since: int) -> Overview:
    return Overview(
        await counts.by_status(tx),
        await counts.by_day(tx, "joined", since),
        await counts.by_day(tx, "confirmed", since),
        await counts.by_day(tx, "left", since),
        await _newest(tx),
    )


async def _newest(tx: Tx) -> list[Newcomer]:
    return await tx.all(
        Newcomer,
        f"""SELECT p.id, p.email, p.name, p.status, p.created_at, coalesce(f.slug, '') AS form
            {PEOPLE} ORDER BY p.id DESC LIMIT :most""",
        most=NEWEST,
    )
