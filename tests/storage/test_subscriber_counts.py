"""Who was there before their numbers were kept."""

from pathlib import Path

import msgspec

from newsletter.clock import DAY
from newsletter.storage import Tx, migrate, open_database
from tests.fixtures.make import steps

STATUSES = ("active", "active", "pending", "unsubscribed", "bounced")
COUNTS = {
    ("recounted", 0): 0,
    ("active", 0): 2, ("pending", 0): 1, ("unsubscribed", 0): 1, ("bounced", 0): 1,
    ("joined", 0): 2, ("joined", DAY): 2, ("joined", 2 * DAY): 1,
    ("confirmed", 0): 2, ("confirmed", DAY): 1, ("confirmed", 2 * DAY): 1, ("left", 8 * DAY): 1,
}  # fmt: skip
ADD = """INSERT INTO subscribers (id, email, email_key, status, created_at, confirmed_at, unsubscribed_at)
    VALUES (:id, :email, :email, :status, :at, :confirmed, :left)"""


class Count(msgspec.Struct):
    kind: str
    day: int
    people: int


async def fill(tx: Tx) -> None:
    for n, status in enumerate(STATUSES):
        at = n // 2 * DAY + n
        confirmed = None if status == "pending" else at
        left = 9 * DAY - 1 if status == "unsubscribed" else None
        email = f"reader-{n}@example.org"
        await tx.run(ADD, id=n + 1, email=email, status=status, at=at, confirmed=confirmed, left=left)


async def kept(tx: Tx) -> dict[tuple[str, int], int]:
    rows = await tx.all(Count, "SELECT kind, day, people FROM subscriber_counts")
    return {(row.kind, row.day): row.people for row in rows}


async def test_they_are_counted_by_the_migration(empty_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "before"
    folder.mkdir()
    await migrate(empty_url, folder=steps(36, folder))
    db = await open_database(empty_url)
    await db.write(fill)
    await db.close()
    assert await migrate(empty_url)
    db = await open_database(empty_url)
    try:
        assert await db.read(kept) == COUNTS
    finally:
        await db.close()
