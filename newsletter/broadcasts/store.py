"""The broadcasts' own table."""

from collections.abc import Iterable, Sequence

import msgspec

from newsletter.broadcasts.draft import Draft
from newsletter.broadcasts.model import Broadcast, State
from newsletter.storage import Param, Tx
from newsletter.storage.lists import names

COLUMNS = """id, slug, subject, preheader, body, audience, sender, archive, state, send_at, mailing_id, filled,
              version, created_at, sent_at, finished_at"""
SELECT = f"SELECT {COLUMNS} FROM broadcasts"
_PUBLIC_ROW = (
    "SELECT id, slug, subject, preheader, substr(body, 1, 500) AS beginning, sent_at FROM broadcasts"
)
_PUBLIC = "archive = 1 AND state IN ('sending', 'paused', 'sent')"


class Row(msgspec.Struct, frozen=True):
    """A public broadcast without its text, but for the `beginning`, which may be its title."""

    id: int
    slug: str
    subject: str
    preheader: str
    beginning: str
    sent_at: int  # ms


class Counted(msgspec.Struct, frozen=True):
    """A link that is counted: the key that stands in the mail, and where it leads."""

    key: str
    url: str


class Clicked(msgspec.Struct, frozen=True):
    url: str
    clicks: int


async def add(tx: Tx, id: int, slug: str, draft: Draft) -> bool:
    """Whether the slug was free."""
    made = await tx.run(
        """INSERT INTO broadcasts (id, slug, subject, preheader, body, audience, sender, archive, created_at,
                                   updated_at)
           VALUES (:id, :slug, :subject, :preheader, :body, :audience, :sender, :archive, :now, :now)
           ON CONFLICT (slug) DO NOTHING""",
        id=id,
        slug=slug,
        now=tx.now,
        **_values(draft),
    )
    return bool(made)


async def change(tx: Tx, id: int, version: int, draft: Draft) -> bool:
    """Whether it was still that version, and to be changed."""
    done = await tx.run(
        """UPDATE broadcasts SET subject = :subject, preheader = :preheader, body = :body, audience = :audience,
             sender = :sender, archive = :archive, version = version + 1, updated_at = :now
           WHERE id = :id AND version = :version AND state IN ('draft', 'scheduled')""",
        id=id,
        version=version,
        now=tx.now,
        **_values(draft),
    )
    return bool(done)


def _values(draft: Draft) -> dict[str, Param]:
    return {
        "subject": draft.subject,
        "preheader": draft.preheader,
        "body": draft.body,
        "audience": draft.audience,
        "sender": draft.sender,
        "archive": int(draft.archive),
    }


async def find(tx: Tx, id: int) -> Broadcast | None:
    return await tx.one(Broadcast, f"SELECT {COLUMNS} FROM broadcasts WHERE id = :id", id=id)


async def rename(tx: Tx, id: int, slug: str) -> bool:
    """Whether no other one is called so."""
    done = await tx.run(
        """UPDATE broadcasts SET slug = :slug
           WHERE id = :id AND NOT EXISTS (SELECT 1 FROM broadcasts b WHERE b.slug = :slug AND b.id <> :id)""",
        id=id,
        slug=slug,
    )
    return bool(done)


async def newest(tx: Tx, limit: int, before: int) -> list[Broadcast]:
    """Before that one; 0: the newest of all."""
    return await tx.all(
        Broadcast,
        f"SELECT {COLUMNS} FROM broadcasts WHERE id < :before ORDER BY id DESC LIMIT :limit",
        limit=limit,
        before=before or 2**63 - 1,
    )


async def same(tx: Tx, subject: str, body: str) -> Broadcast | None:
    return await tx.one(
        Broadcast,
        f"""SELECT {COLUMNS} FROM broadcasts
            WHERE subject = :subject AND body = :body AND mailing_id IS NOT NULL ORDER BY id DESC LIMIT 1""",
        subject=subject,
        body=body,
    )


async def in_state(tx: Tx, *states: State) -> list[Broadcast]:
    """The oldest hundred in one of these states: one to three."""
    return await tx.all(
        Broadcast,
        f"SELECT {COLUMNS} FROM broadcasts WHERE state IN (:a, :b, :c) ORDER BY id LIMIT 100",
        **_three(states),
    )


async def due(tx: Tx) -> list[Broadcast]:
    """Scheduled, and their time has come."""
    return await tx.all(
        Broadcast,
        f"""SELECT {COLUMNS} FROM broadcasts
            WHERE state = 'scheduled' AND send_at <= :now ORDER BY send_at LIMIT 100""",
        now=tx.now,
    )


async def ending(tx: Tx) -> list[Broadcast]:
    """Everything that has not come to its end: on its way, or cancelled while some of it was on the wire."""
    return await tx.all(
        Broadcast,
        f"""SELECT {COLUMNS} FROM broadcasts
            WHERE state = 'sending' OR (state = 'cancelled' AND finished_at IS NULL) ORDER BY id LIMIT 100""",
    )


async def hold(tx: Tx, id: int) -> Broadcast | None:
    """As `find`, and nobody else changes it until the transaction ends."""
    lock = "FOR UPDATE" if tx.engine == "postgres" else ""
    return await tx.one(Broadcast, f"SELECT {COLUMNS} FROM broadcasts WHERE id = :id {lock}", id=id)


async def turn(tx: Tx, id: int, to: State, *from_: State, send_at: int | None = None) -> bool:
    """Whether it was in one of those states; one to three. Only a scheduled one has a time to be sent at."""
    done = await tx.run(
        """UPDATE broadcasts SET state = :to, send_at = :send_at, version = version + 1, updated_at = :now
           WHERE id = :id AND state IN (:a, :b, :c)""",
        id=id,
        to=to,
        send_at=send_at,
        now=tx.now,
        **_three(from_),
    )
    return bool(done)


def _three(states: tuple[State, ...]) -> dict[str, Param]:
    return dict(zip("abc", (*states, *states[-1:] * 2), strict=False))


async def send_off(tx: Tx, id: int, version: int, mailing_id: int) -> bool:
    """From now on it is that mailing. Whether it was still that version of a draft."""
    done = await tx.run(
        """UPDATE broadcasts SET state = 'sending', mailing_id = :mailing, send_at = NULL, sent_at = :now,
             updated_at = :now, version = version + 1
           WHERE id = :id AND version = :version AND state IN ('draft', 'scheduled')""",
        id=id,
        version=version,
        mailing=mailing_id,
        now=tx.now,
    )
    return bool(done)


async def cursor(tx: Tx, id: int) -> int:
    """Up to which subscriber its rows are written."""
    return int(await tx.value("SELECT filled_to FROM broadcasts WHERE id = :id", id=id))


async def fill_to(tx: Tx, id: int, last: int, *, all: bool) -> None:
    await tx.run(
        "UPDATE broadcasts SET filled_to = :last, filled = :all WHERE id = :id",
        id=id,
        last=last,
        all=int(all),
    )


async def finish(tx: Tx, id: int) -> None:
    """Nothing of it is left to do."""
    await tx.run(
        """UPDATE broadcasts SET state = CASE state WHEN 'sending' THEN 'sent' ELSE state END, finished_at = :now,
             updated_at = :now, version = version + 1
           WHERE id = :id AND (state = 'cancelled' OR (state = 'sending' AND filled = 1))""",
        id=id,
        now=tx.now,
    )


async def forget(tx: Tx, id: int) -> bool:
    """Of a draft nothing stays."""
    return bool(
        await tx.run("DELETE FROM broadcasts WHERE id = :id AND state IN ('draft', 'scheduled')", id=id)
    )


async def find_public(tx: Tx, slug: str) -> Broadcast | None:
    return await tx.one(
        Broadcast, f"SELECT {COLUMNS} FROM broadcasts WHERE slug = :slug AND {_PUBLIC}", slug=slug
    )


async def newest_public(tx: Tx, limit: int) -> list[Broadcast]:
    """With their texts."""
    return await tx.all(
        Broadcast,
        f"SELECT {COLUMNS} FROM broadcasts WHERE {_PUBLIC} ORDER BY sent_at DESC, id DESC LIMIT :limit",
        limit=limit,
    )


async def public_rows(tx: Tx, limit: int) -> list[Row]:
    """The newest."""
    return await tx.all(
        Row, f"{_PUBLIC_ROW} WHERE {_PUBLIC} ORDER BY sent_at DESC, id DESC LIMIT :limit", limit=limit
    )


async def older(tx: Tx, sent_at: int, id: int, limit: int) -> list[Row]:
    """The newest of those before it."""
    return await tx.all(
        Row,
        f"""{_PUBLIC_ROW} WHERE {_PUBLIC} AND (sent_at, id) < (:sent_at, :id)
            ORDER BY sent_at DESC, id DESC LIMIT :limit""",
        sent_at=sent_at,
        id=id,
        limit=limit,
    )


async def newer(tx: Tx, sent_at: int, id: int) -> Row | None:
    """The one after it."""
    return await tx.one(
        Row,
        f"{_PUBLIC_ROW} WHERE {_PUBLIC} AND (sent_at, id) > (:sent_at, :id) ORDER BY sent_at, id LIMIT 1",
        sent_at=sent_at,
        id=id,
    )


async def add_links(tx: Tx, id: int, links: Sequence[Counted]) -> None:
    await tx.many(
        "INSERT INTO broadcast_links (key, broadcast_id, position, url) VALUES (:key, :id, :position, :url)",
        [
            {"key": one.key, "id": id, "position": position, "url": one.url}
            for position, one in enumerate(links, 1)
        ],
    )


async def link(tx: Tx, key: str) -> str | None:
    """Where it leads."""
    url: str | None = await tx.value("SELECT url FROM broadcast_links WHERE key = :key", key=key)
    return url


async def count_link(tx: Tx, key: str) -> None:
    await tx.run("UPDATE broadcast_links SET clicks = clicks + 1 WHERE key = :key", key=key)


async def clicked(tx: Tx, id: int) -> list[Clicked]:
    """In the order of the text."""
    return await tx.all(
        Clicked, "SELECT url, clicks FROM broadcast_links WHERE broadcast_id = :id ORDER BY position", id=id
    )


async def subjects(tx: Tx, ids: Iterable[int]) -> dict[int, str]:
    return await names(tx, "SELECT id, subject AS name FROM broadcasts WHERE id IN ({ids})", ids)
