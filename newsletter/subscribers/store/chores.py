"""What is still to leave the storage's files after an erasure: a note for each, which survives a crash.

A note is about the write-ahead log until that was emptied, and then about the file until that was written anew.
"""

from collections.abc import Iterable, Sequence

import msgspec

from newsletter.clock import DAY
from newsletter.storage import Tx
from newsletter.storage.lists import IDS, as_list

BULK_ASKED = DAY
"""How long an owner may think about what is to be done to many."""

BULK_KEPT = 30 * DAY
"""For so long it can be undone."""


class _Id(msgspec.Struct):
    id: int


async def note(tx: Tx, who: str) -> None:
    """`who` is a keyed hash of the address."""
    await tx.run(
        """INSERT INTO chores (name, at) VALUES (:name, :now)
           ON CONFLICT (name) DO UPDATE SET at = excluded.at""",
        name=_in_log(who),
        now=tx.now,
    )


async def left_over(tx: Tx, before: int) -> bool:
    """Whether the log was to be emptied since `before` (ms)."""
    sql = "SELECT 1 FROM chores WHERE at <= :before AND name LIKE 'log %'"
    return await tx.value(sql, before=before) is not None


async def waiting(tx: Tx, before: int) -> bool:
    """Whether anything was noted by `before` (ms) and not done since."""
    return await tx.value("SELECT 1 FROM chores WHERE at <= :before", before=before) is not None


async def files_wanted(tx: Tx, ids: Sequence[int]) -> set[int]:
    """Those uploads of `ids` whose file somebody still waits for."""
    sql = f"SELECT id FROM import_uploads WHERE state <> 'done' AND id IN ({IDS[tx.engine]})"
    return {row.id for row in await tx.all(_Id, sql, ids=as_list(ids))}


async def file_waits(tx: Tx) -> bool:
    """Whether a file that an owner sent has to be worked on, or let go one day."""
    return await tx.value("SELECT 1 FROM import_uploads WHERE state <> 'done' LIMIT 1") is not None


async def bulk_waits(tx: Tx) -> bool:
    """Whether something is to be done to many subscribers, or what was done to them has not to be kept any more."""
    sql = """SELECT 1 FROM bulk_changes WHERE state IN ('gathering', 'running', 'undoing') OR updated_at < :kept
             OR (state = 'asked' AND updated_at < :asked) LIMIT 1"""
    return await tx.value(sql, asked=tx.now - BULK_ASKED, kept=tx.now - BULK_KEPT) is not None


async def log_emptied(tx: Tx, began: int, only: Iterable[str]) -> None:
    """Of whoever of `only` was noted before the work on it began (ms), nothing is left but in the file.

    Each erasure keeps a note of its own there: of two within a day the later must not pass for the earlier.
    """
    for who in only:
        await tx.run(
            "UPDATE chores SET name = CAST(:file AS TEXT) || CAST(at AS TEXT) WHERE name = :log AND at <= :began",
            file=f"file {who} ",
            log=_in_log(who),
            began=began,
        )


async def all_done(tx: Tx, began: int) -> None:
    await tx.run("DELETE FROM chores WHERE at <= :began", began=began)


def _in_log(who: str) -> str:
    return f"log {who}"
