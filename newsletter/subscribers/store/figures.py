"""Counts and newcomers, for the desk."""

import msgspec

from newsletter.clock import DAY
from newsletter.storage import Tx
from newsletter.subscribers.model import Status


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


async def by_status(tx: Tx) -> dict[str, int]:
    rows = await tx.all(_Count, "SELECT status AS name, count(*) AS count FROM subscribers GROUP BY status")
    return {row.name: row.count for row in rows}


async def signed_up_by_day(tx: Tx, since: int) -> dict[int, int]:
    """How many signed up on each day (its first ms, UTC) from `since` on."""
    return await _by_day(tx, "SELECT created_at AS at FROM subscribers WHERE created_at >= :since", since)


async def confirmed_by_day(tx: Tx, since: int) -> dict[int, int]:
    """As `signed_up_by_day`, for those who confirmed."""
    return await _by_day(tx, "SELECT confirmed_at AS at FROM subscribers WHERE confirmed_at >= :since", since)


async def _by_day(tx: Tx, times: str, since: int) -> dict[int, int]:
    rows = await tx.all(
        _Day,
        f"SELECT at / {DAY} * {DAY} AS day, count(*) AS count FROM ({times}) AS t GROUP BY 1",
        since=since,
    )
    return {row.day: row.count for row in rows}


async def newest(tx: Tx, most: int) -> list[Newcomer]:
    return await tx.all(
        Newcomer,
        """SELECT p.id, p.email, p.name, p.status, p.created_at, coalesce(f.slug, '') AS form
           FROM subscribers p LEFT JOIN forms f ON f.id = p.form_id ORDER BY p.id DESC LIMIT :most""",
        most=most,
    )
