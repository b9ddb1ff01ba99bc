"""Whose traces are still to leave the storage's files: a note for each, which survives a crash."""

from collections.abc import Iterable

from newsletter.storage import Tx


async def note(tx: Tx, who: str) -> None:
    """`who` is a keyed hash of the address."""
    await tx.run(
        """INSERT INTO chores (name, at) VALUES (:name, :now)
           ON CONFLICT (name) DO UPDATE SET at = excluded.at""",
        name=_name(who),
        now=tx.now,
    )


async def waiting(tx: Tx, before: int) -> bool:
    """Whether anything was noted before `before` (ms) and not done since."""
    return await tx.value("SELECT 1 FROM chores WHERE at < :before", before=before) is not None


async def done(tx: Tx, began: int, only: Iterable[str]) -> None:
    """Strikes out whoever of `only` was noted before the work on it began (ms)."""
    for who in only:
        await tx.run("DELETE FROM chores WHERE name = :name AND at <= :began", name=_name(who), began=began)


async def all_done(tx: Tx, began: int) -> None:
    await tx.run("DELETE FROM chores WHERE at <= :began", began=began)


def _name(who: str) -> str:
    return f"scrub {who}"
