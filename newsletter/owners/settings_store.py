"""What an owner has set at the desk, as text by its name."""

from collections.abc import Sequence

import msgspec

from newsletter.storage import Tx

TOPIC = "settings"

ARCHIVE_ABOUT = "archive_about"
"""What stands above the public archive."""


class _Row(msgspec.Struct):
    name: str
    value: str


class _State(msgspec.Struct):
    rows: int
    sum: int


async def state(tx: Tx) -> tuple[int, int]:
    """Another one as soon as anything was set since."""
    (now,) = await tx.all(
        _State,
        """SELECT count(*) AS rows, CAST(COALESCE(sum(changed_at), 0) AS BIGINT) AS sum FROM owner_settings""",
    )
    return now.rows, now.sum


async def hold(tx: Tx) -> None:
    """Nobody else who holds them changes any until the transaction ends."""
    await put(tx, "held", "")


async def everything(tx: Tx) -> dict[str, str]:
    rows = await tx.all(_Row, "SELECT name, value FROM owner_settings ORDER BY name")
    return {row.name: row.value for row in rows}


async def one(tx: Tx, name: str) -> str:
    """'' where it is not set."""
    found: str | None = await tx.value("SELECT value FROM owner_settings WHERE name = :name", name=name)
    return found or ""


async def drop(tx: Tx, names: Sequence[str]) -> None:
    for name in names:
        await tx.run("DELETE FROM owner_settings WHERE name = :name", name=name)
    tx.wake(TOPIC)


async def put(tx: Tx, name: str, value: str) -> None:
    await tx.run(
        """INSERT INTO owner_settings (name, value, changed_at) VALUES (:name, :value, :now)
           ON CONFLICT (name) DO UPDATE SET value = :value, changed_at = :now""",
        name=name,
        value=value,
        now=tx.now,
    )
    tx.wake(TOPIC)
