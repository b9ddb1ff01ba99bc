"""The comments themselves."""

from collections.abc import Sequence
from typing import Any

import msgspec

from newsletter.comments.model import Comment, Status
from newsletter.ids import new_id
from newsletter.storage import Param, Tx

COLUMNS = """id, thread_id, parent_id, path, commenter_id, by_owner, name, website, avatar, raw, html, status, why,
    follow, signup_id, created_at, edited_at, learned"""
SHOWN = "('approved', 'deleted')"


async def add(
    tx: Tx, *, id: int | None = None, parent_path: str = "", digest: str, **values: Any
) -> Comment | None:
    """Raises nothing for the same comment again: then it is None, and nothing changed."""
    own = id or new_id()
    at = values.get("created_at", tx.now)
    known: dict[str, Any] = {
        "parent_id": None, "commenter_id": None, "by_owner": 0, "website": "", "title": "", "avatar": "", "why": "",
        "follow": "", "signup_id": None, "created_at": tx.now, "source": None, "source_id": None, "decided_at": None,
        "told": 0,
    }  # fmt: skip
    return await tx.one(
        Comment,
        f"""INSERT INTO comments (id, thread_id, parent_id, path, commenter_id, by_owner, name, website, title, avatar,
                raw, html, status, why, digest, follow, signup_id, source, source_id, created_at,
                decided_at, told)
            VALUES (:id, :thread_id, :parent_id, :path, :commenter_id, :by_owner, :name, :website, :title, :avatar,
                :raw, :html, :status, :why, :digest, :follow, :signup_id, :source, :source_id, :created_at,
                :decided_at, :told)
            ON CONFLICT DO NOTHING RETURNING {COLUMNS}""",
        id=own,
        path=f"{parent_path}{at:012x}{own & 0xFFFF:04x}",
        digest=digest,
        **(known | values),
    )


async def find(tx: Tx, id: int, *, held: bool = False) -> Comment | None:
    lock = "FOR UPDATE" if held and tx.engine == "postgres" else ""
    return await tx.one(Comment, f"SELECT {COLUMNS} FROM comments WHERE id = :id {lock}", id=id)


async def is_there(tx: Tx, digest: str) -> bool:
    found = await tx.value("SELECT 1 FROM comments WHERE digest = :digest AND digest <> ''", digest=digest)
    return found is not None


async def decide(tx: Tx, comment: Comment, status: Status, why: str = "") -> bool:
    """False where somebody else has decided in the meantime: their word stands."""
    done = await tx.run(
        """UPDATE comments SET status = :status, why = :why, told = 0, decided_at = :now
           WHERE id = :id AND status = :was""",
        id=comment.id,
        was=comment.status,
        status=status,
        why=why,
        now=tx.now,
    )
    return done == 1


async def rewrite(tx: Tx, id: int, raw: str, html: str) -> None:
    """No digest is left: who changes their words may say what was said before."""
    await tx.run(
        "UPDATE comments SET raw = :raw, html = :html, digest = '', edited_at = :now WHERE id = :id",
        id=id,
        raw=raw,
        html=html,
        now=tx.now,
    )


async def learned(tx: Tx, id: int, lesson: str) -> None:
    await tx.run("UPDATE comments SET learned = :lesson WHERE id = :id", id=id, lesson=lesson)


async def blank(tx: Tx, id: int) -> None:
    """Nothing stays of it but its place, which the replies below it hold on to."""
    await tx.run(
        """UPDATE comments SET status = 'deleted', name = '', website = '', title = '', avatar = '', raw = '',
               html = '', why = '', digest = '', follow = '', signup_id = NULL, commenter_id = NULL, decided_at = :now
           WHERE id = :id""",
        id=id,
        now=tx.now,
    )


async def remove(tx: Tx, id: int) -> None:
    """For one that nothing hangs on."""
    await tx.run("DELETE FROM comments WHERE id = :id", id=id)


async def has_replies(tx: Tx, id: int) -> bool:
    return await tx.value("SELECT 1 FROM comments WHERE parent_id = :id LIMIT 1", id=id) is not None


async def page(tx: Tx, thread_id: int, after: str, most: int) -> list[Comment]:
    """What the public sees of a thread, in reading order, from behind the path `after`."""
    return await tx.all(
        Comment,
        f"""SELECT {COLUMNS} FROM comments WHERE thread_id = :thread AND path > :after AND status IN {SHOWN}
            ORDER BY path LIMIT :most""",
        thread=thread_id,
        after=after,
        most=most,
    )


async def standing_at(tx: Tx, thread_id: int, path: str) -> int | None:
    """The id of what the public sees at that path."""
    sql = f"SELECT id FROM comments WHERE thread_id = :thread AND path = :path AND status IN {SHOWN} LIMIT 1"
    id: int | None = await tx.value(sql, thread=thread_id, path=path)
    return id


async def latest(tx: Tx, most: int) -> list[Comment]:
    """The newest first, of all pages."""
    return await tx.all(
        Comment,
        f"SELECT {COLUMNS} FROM comments WHERE status = 'approved' ORDER BY created_at DESC LIMIT :most",
        most=most,
    )


async def latest_here(tx: Tx, thread_id: int, most: int) -> list[Comment]:
    """The same of one page."""
    return await tx.all(
        Comment,
        f"""SELECT {COLUMNS} FROM comments WHERE thread_id = :thread AND status = 'approved'
            ORDER BY created_at DESC LIMIT :most""",
        thread=thread_id,
        most=most,
    )


async def of_person(
    tx: Tx, commenter_id: int, status: Status | None = None, *, held: bool = False
) -> list[Comment]:
    """With `held` nobody else changes them until we commit."""
    which = "" if status is None else f"AND status = '{status}'"
    lock = "FOR UPDATE" if held and tx.engine == "postgres" else ""
    return await tx.all(
        Comment,
        f"SELECT {COLUMNS} FROM comments WHERE commenter_id = :id {which} ORDER BY id {lock}",
        id=commenter_id,
    )


async def by_source(tx: Tx, source: str, source_id: str) -> Comment | None:
    return await tx.one(
        Comment,
        f"SELECT {COLUMNS} FROM comments WHERE source = :source AND source_id = :id",
        source=source,
        id=source_id,
    )


class Whole(msgspec.Struct):
    """A comment as it is taken out: with its page, and with its author's address, since the owner asks."""

    id: int
    parent: int | None
    url: str
    title: str
    name: str
    email: str
    website: str
    text: str
    html: str
    status: Status
    by_owner: bool
    created_at: int
    source: str
    source_id: str


_WHOLE = """SELECT c.id, c.parent_id AS parent, t.url, t.title, c.name, coalesce(p.email, '') AS email, c.website,
        c.raw AS text, c.html, c.status, c.by_owner, c.created_at, coalesce(c.source, '') AS source,
        coalesce(c.source_id, '') AS source_id
    FROM comments c JOIN threads t ON t.id = c.thread_id LEFT JOIN commenters p ON p.id = c.commenter_id"""

IDS = """SELECT c.id FROM comments c LEFT JOIN commenters p ON p.id = c.commenter_id
    WHERE :key = '' OR p.email_key = :key ORDER BY c.thread_id, c.id"""
"""A page's comments stand together; only ids are sorted, so that memory stays flat."""


async def whole(tx: Tx, ids: Sequence[int]) -> list[Whole]:
    """These comments, in this order."""
    names: dict[str, Param] = {f"id{n}": id for n, id in enumerate(ids)}
    marks = ", ".join(f":{name}" for name in names)
    found = {row.id: row for row in await tx.all(Whole, f"{_WHOLE} WHERE c.id IN ({marks})", **names)}
    return [found[id] for id in ids if id in found]


async def count(tx: Tx, email_key: str) -> int:
    return int(await tx.value(f"SELECT count(*) FROM ({IDS}) AS ids", key=email_key))


async def stale(tx: Tx, status: Status, before: int, most: int, *, nobodys: bool = False) -> list[Comment]:
    """Those that have been in one state since before `before` (ms), held against whoever decides now.

    With `nobodys` only what was written here under an address that is not kept.
    """
    # In the words of its index; `source IS NULL` SQLite would rather look up in the one for imports.
    whose = "AND commenter_id IS NULL AND by_owner = 0 AND coalesce(source, '') = ''" if nobodys else ""
    lock = "FOR UPDATE SKIP LOCKED" if tx.engine == "postgres" else ""
    return await tx.all(
        Comment,
        f"""SELECT {COLUMNS} FROM comments
            WHERE status = '{status}' AND coalesce(decided_at, created_at) < :before {whose}
            ORDER BY coalesce(decided_at, created_at), id LIMIT :most {lock}""",
        before=before,
        most=most,
    )


class Waiting(msgspec.Struct):
    """A comment as the owner sees it, with its page and its author."""

    id: int
    thread_id: int
    url: str
    title: str
    closed: bool
    by_owner: bool
    name: str
    email: str
    website: str
    raw: str
    html: str
    status: Status
    why: str
    approved: int  # comments of this author that the owner let stand
    blocked: bool
    created_at: int
    edited_at: int | None


_WAITING = """SELECT c.id, c.thread_id, t.url,
        CASE WHEN t.title = '' THEN c.title ELSE t.title END AS title,
        t.closed, c.by_owner, c.name, coalesce(p.email, '') AS email,
        c.website, c.raw, c.html, c.status, c.why, coalesce(p.approved, 0) AS approved,
        coalesce(p.blocked, 0) AS blocked, c.created_at, c.edited_at
    FROM comments c JOIN threads t ON t.id = c.thread_id LEFT JOIN commenters p ON p.id = c.commenter_id"""


async def untold(tx: Tx, most: int) -> list[Waiting]:
    """What waits, and the owner got no mail about; the newest first."""
    return await tx.all(
        Waiting,
        f"{_WAITING} WHERE c.status = 'pending' AND c.told = 0 ORDER BY c.id DESC LIMIT :most",
        most=most,
    )


async def told(tx: Tx, upto: int) -> None:
    """The owner got a mail about all that waits, up to the id `upto`."""
    await tx.run("UPDATE comments SET told = 1 WHERE status = 'pending' AND told = 0 AND id <= :id", id=upto)


async def look(tx: Tx, id: int) -> Waiting | None:
    return await tx.one(Waiting, f"{_WAITING} WHERE c.id = :id", id=id)


async def queue(tx: Tx, status: Status, before: int, most: int) -> list[Waiting]:
    """The newest first, from before the id `before`."""
    return await tx.all(
        Waiting,
        f"""{_WAITING}
            WHERE c.status = '{status}' AND c.id < :before ORDER BY c.id DESC LIMIT :most""",
        before=before,
        most=most,
    )


class _Counts(msgspec.Struct):
    unverified: int
    pending: int
    spam: int


async def waiting(tx: Tx) -> dict[str, int]:
    """How many stand in each state that the owner may want to look at."""
    counts = await tx.one(
        _Counts,
        """SELECT (SELECT count(*) FROM comments WHERE status = 'unverified') AS unverified,
                  (SELECT count(*) FROM comments WHERE status = 'pending') AS pending,
                  (SELECT count(*) FROM comments WHERE status = 'spam') AS spam""",
    )
    assert counts is not None
    return {name: count for name, count in msgspec.structs.asdict(counts).items() if count}
