"""The threads: one a page, made when its first comment comes."""

from collections.abc import Iterable

import msgspec

from newsletter.comments.model import Thread
from newsletter.ids import new_id
from newsletter.storage import Param, Tx
from newsletter.storage.lists import names

CHANGED = "threads"
"""Woken when the public sees something else than before."""

_COLUMNS = "id, url, title, closed, shown, version, created_at"
MOST_URLS = 100


async def admit(tx: Tx, url: str) -> Thread:
    """The thread of this page, made if it is new. A known one is only read, and not locked: those who write under
    one article at once need not wait for each other."""
    thread = await by_url(tx, url)
    if thread:
        return thread
    thread = await tx.one(
        Thread,
        f"""INSERT INTO threads (id, url, created_at) VALUES (:id, :url, :now)
            ON CONFLICT (url) DO UPDATE SET url = excluded.url RETURNING {_COLUMNS}""",
        id=new_id(),
        url=url,
        now=tx.now,
    )
    assert thread is not None
    return thread


async def name(tx: Tx, id: int, comment_id: int) -> None:
    """As the form of its first public comment called the page."""
    await tx.run(
        """UPDATE threads SET title = (SELECT title FROM comments WHERE id = :comment)
           WHERE id = :id AND title = ''""",
        id=id,
        comment=comment_id,
    )


async def by_url(tx: Tx, url: str) -> Thread | None:
    return await tx.one(Thread, f"SELECT {_COLUMNS} FROM threads WHERE url = :url", url=url)


async def find(tx: Tx, id: int) -> Thread | None:
    return await tx.one(Thread, f"SELECT {_COLUMNS} FROM threads WHERE id = :id", id=id)


async def changed(tx: Tx, id: int, more: int) -> None:
    """What the public sees of it has changed; `more` comments are shown than before."""
    tx.wake(CHANGED)
    await tx.run(
        "UPDATE threads SET shown = shown + :more, version = version + 1 WHERE id = :id", id=id, more=more
    )


async def close(tx: Tx, id: int, *, closed: bool) -> None:
    tx.wake(CHANGED)
    await tx.run(
        "UPDATE threads SET closed = :closed, version = version + 1 WHERE id = :id", id=id, closed=int(closed)
    )


class _Count(msgspec.Struct):
    url: str
    shown: int


async def counts(tx: Tx, urls: list[str]) -> dict[str, int]:
    """How many comments the public sees under each of these pages; those without any are left out."""
    names = {f"url{n}": url for n, url in enumerate(urls[:MOST_URLS])}
    if not names:
        return {}
    params: dict[str, Param] = dict(names)
    marks = ", ".join(f":{name}" for name in names)
    rows = await tx.all(_Count, f"SELECT url, shown FROM threads WHERE url IN ({marks})", **params)
    return {row.url: row.shown for row in rows}


async def pages_of(tx: Tx, comment_ids: Iterable[int]) -> dict[int, str]:
    """The title, or else the address, of the page that each of these comments stands under, but for deleted ones."""
    return await names(
        tx,
        """SELECT c.id, CASE t.title WHEN '' THEN t.url ELSE t.title END AS name
           FROM comments c JOIN threads t ON t.id = c.thread_id WHERE c.status <> 'deleted' AND c.id IN ({ids})""",
        comment_ids,
    )
