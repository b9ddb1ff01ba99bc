"""The topic by which readers say that they stay."""

from newsletter.ids import new_id
from newsletter.storage import Tx

PREFIX = "stays-"


async def offer(tx: Tx, name: str, title: str) -> None:
    await tx.run(
        "INSERT INTO tags (id, name, title, public) VALUES (:id, :name, :title, 1)",
        id=new_id(),
        name=name,
        title=title,
    )


async def offered(tx: Tx) -> str:
    """The name of the newest; '' where there is none."""
    found: str | None = await tx.value(f"SELECT name FROM tags WHERE {_OURS} ORDER BY id DESC LIMIT 1")
    return found or ""


async def withdraw(tx: Tx) -> None:
    await tx.run(f"DELETE FROM tags WHERE {_OURS}")


_OURS = f"public = 1 AND name LIKE '{PREFIX}%'"
