"""How far people come with each form, from seeing it to their guide: counts, and of nobody.

What became of the sign-ups of days before today is counted once an hour, since to look at all of them takes a
millisecond for each few hundred.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from newsletter.clock import DAY, HOUR
from newsletter.ids import first_id
from newsletter.storage import Database, Tx

View = Literal["seen", "submitted", "opened"]
"""What leaves no row of its own, and is counted by day."""


FUNNEL_DAYS = 30
"""At most: a sign-up that nobody confirms is forgotten after a while, and the numbers before would be wrong."""

KEEP_EVERY = HOUR
_BEFORE = HOUR  # by less an id is older than the moment that its sign-up is told to be of


class Funnel(msgspec.Struct):
    """`mailed` and what follows it count sign-ups that are still here: who was erased is in none of them."""

    slug: str
    title: str
    seen: int
    submitted: int
    mailed: int
    opened: int
    confirmed: int
    downloaded: int


async def add_views(tx: Tx, views: Mapping[tuple[int, int, View], int]) -> None:
    """So many more of each form's id, day (its first ms) and kind. A form that is gone is passed over."""
    await tx.many(
        """INSERT INTO form_views (form_id, day, seen, submitted, opened)
           SELECT id, CAST(:day AS BIGINT), CAST(:seen AS BIGINT), CAST(:submitted AS BIGINT), CAST(:opened AS BIGINT)
           FROM forms WHERE id = :form
           ON CONFLICT (form_id, day) DO UPDATE SET seen = form_views.seen + excluded.seen,
               submitted = form_views.submitted + excluded.submitted, opened = form_views.opened + excluded.opened""",
        [
            {"form": form, "day": day, "seen": 0, "submitted": 0, "opened": 0} | {kind: count}
            for (form, day, kind), count in views.items()
        ],
    )


class _Kept(msgspec.Struct):
    until: int
    at: int


class _Came(msgspec.Struct):
    """What became of the sign-ups of a form on a day (its first ms)."""

    form_id: int
    day: int
    mailed: int
    confirmed: int
    downloaded: int


async def funnels(tx: Tx, since: int, most: int) -> list[Funnel]:
    """Of what began since then (ms, FUNNEL_DAYS ago at most), those of most sign-ups first."""
    kept = await _kept(tx)
    return await tx.all(Funnel, _FUNNELS, days=since, most=most, **_since(max(since, kept.until)))


async def keep_funnels(db: Database) -> None:
    """The chore: once an hour, and on a new day, the days before today are counted anew. Nobody waits for it."""
    if (found := await db.read(_came)) is not None:
        await db.write(_keep, *found)


async def _came(tx: Tx) -> tuple[int, list[_Came]] | None:
    """Today, and what became of the days before; None where that is not due."""
    kept, today = await _kept(tx), tx.now - tx.now % DAY
    if kept.until == today and abs(tx.now - kept.at) < KEEP_EVERY:
        return None
    came = await tx.all(_Came, _CAME, **_since(today - FUNNEL_DAYS * DAY))
    return today, [one for one in came if one.day < today]


async def _kept(tx: Tx) -> _Kept:
    kept = await tx.one(_Kept, "SELECT until, at FROM funnels_kept")
    assert kept is not None
    return kept


def _since(at: int) -> dict[str, int]:
    """Sign-ups are looked up by their ids: those of long ago cost nothing."""
    return {"since": at, "first": first_id(at - _BEFORE)}


async def _keep(tx: Tx, today: int, came: Sequence[_Came]) -> None:
    await tx.run("DELETE FROM funnel_days")
    await tx.many(
        """INSERT INTO funnel_days (form_id, day, mailed, confirmed, downloaded)
           SELECT id, CAST(:day AS BIGINT), CAST(:mailed AS BIGINT), CAST(:confirmed AS BIGINT),
               CAST(:downloaded AS BIGINT)
           FROM forms WHERE id = :form_id
           ON CONFLICT (form_id, day) DO UPDATE SET mailed = excluded.mailed, confirmed = excluded.confirmed,
               downloaded = excluded.downloaded""",
        [msgspec.structs.asdict(one) for one in came],
    )
    await tx.run("UPDATE funnels_kept SET until = :today, at = :now", today=today, now=tx.now)


_CAME = f"""
    SELECT s.form_id, s.at / {DAY} * {DAY} AS day, count(*) AS mailed, count(s.confirmed_at) AS confirmed,
        sum(CASE WHEN s.confirmed_at IS NOT NULL AND EXISTS (
            SELECT 1 FROM form_magnets o JOIN magnet_versions v ON v.magnet_id = o.magnet_id
            JOIN downloads d ON d.version_id = v.id AND d.subscriber_id = s.subscriber_id
            WHERE o.form_id = s.form_id AND d.automatic = 0) THEN 1 ELSE 0 END) AS downloaded
    FROM signups s WHERE s.id >= :first AND s.at >= :since AND s.subscriber_id IS NOT NULL AND s.message_id <> ''
    GROUP BY 1, 2"""  # noqa: S608  our own
_FUNNELS = f"""
    WITH views AS (
        SELECT form_id, sum(seen) AS seen, sum(submitted) AS submitted, sum(opened) AS opened
        FROM form_views WHERE day >= :days GROUP BY form_id),
    came AS (
        SELECT form_id, sum(mailed) AS mailed, sum(confirmed) AS confirmed, sum(downloaded) AS downloaded FROM (
            SELECT form_id, day, mailed, confirmed, downloaded FROM funnel_days WHERE day >= :days AND day < :since
            UNION ALL {_CAME}) of_days
        GROUP BY form_id)
    SELECT f.slug, f.title, coalesce(v.seen, 0) AS seen, coalesce(v.submitted, 0) AS submitted,
        coalesce(c.mailed, 0) AS mailed, coalesce(v.opened, 0) AS opened, coalesce(c.confirmed, 0) AS confirmed,
        coalesce(c.downloaded, 0) AS downloaded
    FROM forms f LEFT JOIN views v ON v.form_id = f.id LEFT JOIN came c ON c.form_id = f.id
    ORDER BY coalesce(c.mailed, 0) DESC, f.slug LIMIT :most"""  # noqa: S608  our own
