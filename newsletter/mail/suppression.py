"""The suppression list as its owner looks after it: keyed hashes of addresses, with a reason and sometimes an end.

Nobody can be read out of it. `Post` puts people on it and asks it.
"""

import re
from typing import get_args

import msgspec

from newsletter.clock import DAY
from newsletter.mail.outbox import Reason
from newsletter.storage import Tx

REASONS: tuple[Reason, ...] = get_args(Reason)
EXPIRED_KEPT = 30 * DAY
_KEY = re.compile(r"[0-9a-f]{64}")


class Suppressed(msgspec.Struct, frozen=True):
    key: str
    reason: Reason
    created_at: int
    expires_at: int | None


def is_key(text: str) -> bool:
    return bool(_KEY.fullmatch(text))


async def page(tx: Tx, after: str, limit: int) -> list[Suppressed]:
    """Those that count now, by key, after one of them ('': from the first)."""
    return await tx.all(
        Suppressed,
        """SELECT key, reason, created_at, expires_at FROM suppressions
           WHERE key > :after AND (expires_at IS NULL OR expires_at > :now) ORDER BY key LIMIT :limit""",
        after=after,
        now=tx.now,
        limit=limit,
    )


async def newest(tx: Tx, before: tuple[int, str], limit: int) -> list[Suppressed]:
    """Those that count now, the newest first, before one's time and key ((0, ''): from the first)."""
    return await tx.all(
        Suppressed,
        """SELECT key, reason, created_at, expires_at FROM suppressions
           WHERE (expires_at IS NULL OR expires_at > :now)
             AND (CAST(:at AS BIGINT) = 0 OR created_at < :at OR (created_at = :at AND key > :key))
           ORDER BY created_at DESC, key LIMIT :limit""",
        now=tx.now,
        at=before[0],
        key=before[1],
        limit=limit,
    )


class _Count(msgspec.Struct):
    reason: Reason
    count: int


async def counts(tx: Tx) -> dict[Reason, int]:
    """How many count now, by reason."""
    rows = await tx.all(
        _Count,
        """SELECT reason, count(*) AS count FROM suppressions
           WHERE expires_at IS NULL OR expires_at > :now GROUP BY reason ORDER BY reason""",
        now=tx.now,
    )
    return {row.reason: row.count for row in rows}


async def find(tx: Tx, exact: str, mailbox: str) -> list[Suppressed]:
    """Why an address, or its mailbox, is on the list now; the oldest reason first."""
    return await tx.all(
        Suppressed,
        """SELECT key, reason, created_at, expires_at FROM suppressions
           WHERE key IN (:exact, :mailbox) AND (expires_at IS NULL OR expires_at > :now) ORDER BY created_at""",
        exact=exact,
        mailbox=mailbox,
        now=tx.now,
    )


async def remove(tx: Tx, exact: str, mailbox: str) -> bool:
    """Takes an address off, and its mailbox. Whether either was on the list."""
    gone = await tx.run(
        "DELETE FROM suppressions WHERE key IN (:exact, :mailbox)", exact=exact, mailbox=mailbox
    )
    return bool(gone)


async def forget_expired(tx: Tx) -> None:
    """What has ended counts no more, and in a month nobody asks since when."""
    await tx.run("DELETE FROM suppressions WHERE expires_at < :before", before=tx.now - EXPIRED_KEPT)


async def put(tx: Tx, row: Suppressed) -> bool:
    """A row of an export, by its key. Whether it was news: what stands here for longer stays."""
    made = await tx.run(
        """
        INSERT INTO suppressions (key, reason, created_at, expires_at) VALUES (:key, :reason, :created_at, :expires_at)
        ON CONFLICT (key) DO UPDATE SET reason = excluded.reason, expires_at = excluded.expires_at
        WHERE suppressions.expires_at IS NOT NULL
          AND (excluded.expires_at IS NULL OR excluded.expires_at > suppressions.expires_at)
        """,
        key=row.key,
        reason=row.reason,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
    return bool(made)
