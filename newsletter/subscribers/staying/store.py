"""The topic by which readers say that they stay."""

from collections.abc import Sequence

import msgspec

from newsletter.ids import new_id
from newsletter.storage import Tx
from newsletter.storage.lists import IDS, as_list

PREFIX = "stays-"


class _Id(msgspec.Struct):
    id: int


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


async def hold(tx: Tx) -> None:
    """Nobody says yes or ends the question until the transaction ends: who does waits, or was first and is seen."""
    if tx.engine == "postgres":
        await tx.value(f"SELECT name FROM tags WHERE {_OURS} FOR UPDATE")


async def of(tx: Tx, name: str, ids: Sequence[int]) -> set[int]:
    """Who of them has said yes."""
    sql = f"""SELECT x.subscriber_id AS id FROM subscriber_tags x JOIN tags t ON t.id = x.tag_id
              WHERE t.name = :name AND x.subscriber_id IN ({IDS[tx.engine]})"""
    return {row.id for row in await tx.all(_Id, sql, name=name, ids=as_list(ids))}


async def withdraw(tx: Tx) -> None:
    await tx.run(f"DELETE FROM tags WHERE {_OURS}")


_OURS = f"public = 1 AND name LIKE '{PREFIX}%'"
