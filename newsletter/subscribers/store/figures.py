"""Counts and newcomers, for the desk."""

import msgspec

from newsletter.clock import DAY
from newsletter.storage import Tx
from newsletter.subscribers.model import STATUSES, Status
from newsletter.subscribers.store.export import PEOPLE

NEWEST = 20


class _Count(msgspec.Struct):
    name: str
    count: int


class _Day(msgspec.Struct):
    day: int
    count: int


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
        await _by_status(tx),
        await _by_day(tx, "SELECT created_at AS at FROM subscribers WHERE created_at >= :since", since),
        await _by_day(tx, "SELECT confirmed_at AS at FROM subscribers WHERE confirmed_at >= :since", since),
        await _by_day(
            tx, "SELECT unsubscribed_at AS at FROM subscribers WHERE unsubscribed_at >= :since", since
        ),
        await _newest(tx),
    )


async def _by_status(tx: Tx) -> dict[Status, int]:
    rows = await tx.all(_Count, "SELECT status AS name, count(*) AS count FROM subscribers GROUP BY status")
    counts = {row.name: row.count for row in rows}
    return {status: counts.get(status, 0) for status in STATUSES}


async def _by_day(tx: Tx, times: str, since: int) -> dict[int, int]:
    rows = await tx.all(
        _Day,
        f"SELECT at / {DAY} * {DAY} AS day, count(*) AS count FROM ({times}) AS t GROUP BY 1",
        since=since,
    )
    return {row.day: row.count for row in rows}


async def _newest(tx: Tx) -> list[Newcomer]:
    return await tx.all(
        Newcomer,
        f"""SELECT p.id, p.email, p.name, p.status, p.created_at, coalesce(f.slug, '') AS form
            {PEOPLE} ORDER BY p.id DESC LIMIT :most""",
        most=NEWEST,
    )
