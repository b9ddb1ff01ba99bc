"""How far people come with each form, from seeing it to their guide: counts, and of nobody."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from newsletter.ids import first_id
from newsletter.storage import Tx

View = Literal["seen", "submitted", "opened"]
"""What leaves no row of its own, and is counted by day."""


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


async def funnels(tx: Tx, since: int, most: int) -> list[Funnel]:
    """Of what began since then (ms), those of most sign-ups first. Sign-ups are looked up by their ids: those of long
    ago cost nothing."""
    return await tx.all(Funnel, _FUNNELS, since=since, first=first_id(since), most=most)


_FUNNELS = """
    WITH views AS (
        SELECT form_id, sum(seen) AS seen, sum(submitted) AS submitted, sum(opened) AS opened
        FROM form_views WHERE day >= :since GROUP BY form_id),
    came AS (
        SELECT s.form_id, count(*) AS mailed, count(s.confirmed_at) AS confirmed,
            sum(CASE WHEN s.confirmed_at IS NOT NULL AND EXISTS (
                SELECT 1 FROM form_magnets o JOIN magnet_versions v ON v.magnet_id = o.magnet_id
                JOIN downloads d ON d.version_id = v.id AND d.subscriber_id = s.subscriber_id
                WHERE o.form_id = s.form_id AND d.automatic = 0) THEN 1 ELSE 0 END) AS downloaded
        FROM signups s WHERE s.id >= :first AND s.at >= :since AND s.subscriber_id IS NOT NULL AND s.message_id <> ''
        GROUP BY s.form_id)
    SELECT f.slug, f.title, coalesce(v.seen, 0) AS seen, coalesce(v.submitted, 0) AS submitted,
        coalesce(c.mailed, 0) AS mailed, coalesce(v.opened, 0) AS opened, coalesce(c.confirmed, 0) AS confirmed,
        coalesce(c.downloaded, 0) AS downloaded
    FROM forms f LEFT JOIN views v ON v.form_id = f.id LEFT JOIN came c ON c.form_id = f.id
    ORDER BY coalesce(c.mailed, 0) DESC, f.slug LIMIT :most"""
