"""What is still to be done after an action, kept until it is: it survives a crash."""

from newsletter.storage import Tx

SCRUB = "scrub"


async def note(tx: Tx, name: str) -> None:
    await tx.run(
        """INSERT INTO chores (name, at) VALUES (:name, :now)
           ON CONFLICT (name) DO UPDATE SET at = excluded.at""",
        name=name,
        now=tx.now,
    )


async def waiting(tx: Tx, name: str, before: int) -> bool:
    """Whether it was noted before `before` (ms) and not done since."""
    found = await tx.value(
        "SELECT 1 FROM chores WHERE name = :name AND at < :before", name=name, before=before
    )
    return found is not None


async def done(tx: Tx, name: str, began: int) -> None:
    """Strikes it out, unless it was noted again after the work on it began (ms)."""
    await tx.run("DELETE FROM chores WHERE name = :name AND at <= :began", name=name, began=began)
