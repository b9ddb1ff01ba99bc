"""Who comments, and whose threads they follow."""

import msgspec

from newsletter.addresses import Address
from newsletter.comments.model import Commenter, Follow
from newsletter.ids import new_id
from newsletter.storage import Tx

_COLUMNS = "id, email, email_key, confirmed_at, approved, blocked, epoch"


async def admit(tx: Tx, address: Address) -> Commenter:
    person = await tx.one(
        Commenter,
        f"""INSERT INTO commenters (id, email, email_key, created_at) VALUES (:id, :email, :key, :now)
            ON CONFLICT (email_key) DO UPDATE SET created_at = commenters.created_at RETURNING {_COLUMNS}""",
        id=new_id(),
        email=address.email,
        key=address.key,
        now=tx.now,
    )
    assert person is not None
    return person


async def find(tx: Tx, id: int | None, *, held: bool = False) -> Commenter | None:
    """With `held` nobody else changes the row until we commit (SQLite has one writer)."""
    lock = "FOR UPDATE" if held and tx.engine == "postgres" else ""
    return await tx.one(Commenter, f"SELECT {_COLUMNS} FROM commenters WHERE id = :id {lock}", id=id or 0)


async def by_key(tx: Tx, email_key: str, *, held: bool = False) -> Commenter | None:
    lock = "FOR UPDATE" if held and tx.engine == "postgres" else ""
    return await tx.one(
        Commenter, f"SELECT {_COLUMNS} FROM commenters WHERE email_key = :key {lock}", key=email_key
    )


async def confirmed(tx: Tx, id: int) -> None:
    await tx.run(
        "UPDATE commenters SET confirmed_at = coalesce(confirmed_at, :now) WHERE id = :id", id=id, now=tx.now
    )


async def stood(tx: Tx, id: int | None, times: int) -> None:
    """The owner let a comment of theirs stand; -1 takes that back."""
    await tx.run(
        "UPDATE commenters SET approved = approved + :times WHERE id = :id AND approved + :times >= 0",
        id=id or 0,
        times=times,
    )


async def block(tx: Tx, id: int | None) -> None:
    await tx.run("UPDATE commenters SET blocked = 1 WHERE id = :id", id=id or 0)


async def forget_idle(tx: Tx, id: int) -> None:
    """Somebody of whom nothing is left here: no comment, no wish, no confirmation, no block."""
    await tx.run(
        """DELETE FROM commenters WHERE id = :id AND confirmed_at IS NULL AND blocked = 0
             AND NOT EXISTS (SELECT 1 FROM comments WHERE commenter_id = :id)
             AND NOT EXISTS (SELECT 1 FROM follows WHERE commenter_id = :id)""",
        id=id,
    )


async def remove(tx: Tx, id: int) -> None:
    await tx.run("DELETE FROM commenters WHERE id = :id", id=id)


async def follow(tx: Tx, thread_id: int, commenter_id: int, kind: Follow) -> None:
    """The wider of two wishes holds; who has left the thread stays so, whoever types their address."""
    await tx.run(
        """INSERT INTO follows (id, thread_id, commenter_id, kind) VALUES (:id, :thread, :commenter, :kind)
           ON CONFLICT (thread_id, commenter_id) DO UPDATE SET
             kind = CASE WHEN excluded.kind = 'thread' THEN 'thread' ELSE follows.kind END
           WHERE follows.kind <> 'none'""",
        id=new_id(),
        thread=thread_id,
        commenter=commenter_id,
        kind=kind,
    )


async def unfollow(tx: Tx, follow_id: int) -> None:
    await tx.run("UPDATE follows SET kind = 'none' WHERE id = :id", id=follow_id)


class Followed(msgspec.Struct):
    url: str
    kind: str


async def followed(tx: Tx, id: int) -> list[Followed]:
    """Which pages' comments they are mailed of."""
    return await tx.all(
        Followed,
        """SELECT t.url, f.kind FROM follows f JOIN threads t ON t.id = f.thread_id
           WHERE f.commenter_id = :id AND f.kind <> 'none' ORDER BY f.id""",
        id=id,
    )


class Follower(msgspec.Struct):
    id: int
    follow_id: int
    email: str


async def followers(tx: Tx, thread_id: int, parent: int | None, after: int, most: int) -> list[Follower]:
    """Who is to hear of a new comment: those who follow the thread, and the author of what it answers."""
    return await tx.all(
        Follower,
        """SELECT p.id, f.id AS follow_id, p.email FROM follows f JOIN commenters p ON p.id = f.commenter_id
           WHERE f.thread_id = :thread AND p.id > :after AND p.confirmed_at IS NOT NULL AND p.blocked = 0
             AND (f.kind = 'thread' OR f.kind = 'replies' AND p.id = :parent)
           ORDER BY p.id LIMIT :most""",
        thread=thread_id,
        parent=parent or 0,
        after=after,
        most=most,
    )
