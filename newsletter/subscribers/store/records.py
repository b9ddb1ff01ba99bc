"""The people with their tags, a page of them at a time, and what an owner's hand changes."""

from collections.abc import Sequence

import msgspec

from newsletter.storage import Tx
from newsletter.storage.lists import IDS, as_list
from newsletter.subscribers.model import Status
from newsletter.subscribers.store.listing import tags_of


class Record(msgspec.Struct):
    """A subscriber as an owner sees them. Times in epoch ms."""

    id: int
    email: str
    name: str
    status: Status
    fields: str  # JSON
    created_at: int
    confirmed_at: int | None
    unsubscribed_at: int | None
    paused_until: int | None
    tags: list[str] = []


async def by_ids(tx: Tx, ids: Sequence[int]) -> list[Record]:
    """In the order of their ids; who is not there is left out."""
    people = await tx.all(
        Record,
        f"""SELECT id, email, name, status, fields, created_at, confirmed_at, unsubscribed_at, paused_until
            FROM subscribers WHERE id IN ({IDS[tx.engine]}) ORDER BY id""",
        ids=as_list(ids),
    )
    tags = await tags_of(tx, ids)
    for person in people:
        person.tags = tags.get(person.id, [])
    return people


async def rewrite(tx: Tx, id: int, name: str, fields: str) -> None:
    await tx.run(
        "UPDATE subscribers SET name = :name, fields = :fields WHERE id = :id",
        id=id,
        name=name,
        fields=fields,
    )


async def untag(tx: Tx, id: int, name: str) -> None:
    await tx.run(
        """DELETE FROM subscriber_tags WHERE subscriber_id = :id
           AND tag_id IN (SELECT id FROM tags WHERE name = :name)""",
        id=id,
        name=name,
    )


async def take_over(tx: Tx, id: int, confirmed_at: int, consent_head: str) -> None:
    """Active, as they were elsewhere."""
    await tx.run(
        """UPDATE subscribers SET status = 'active', unsubscribed_at = NULL, consent_head = :head,
               confirmed_at = coalesce(confirmed_at, :at)
           WHERE id = :id""",
        id=id,
        at=confirmed_at,
        head=consent_head,
    )


class TagCount(msgspec.Struct):
    name: str
    title: str
    public: bool
    subscribers: int


async def tags(tx: Tx) -> list[TagCount]:
    """All of them, with how many people have each."""
    return await tx.all(
        TagCount,
        """SELECT t.name, t.title, t.public,
               (SELECT count(*) FROM subscriber_tags s WHERE s.tag_id = t.id) AS subscribers
           FROM tags t ORDER BY t.name""",
    )


class Guide(msgspec.Struct, frozen=True):
    id: int
    title: str


async def guides(tx: Tx, id: int) -> list[Guide]:
    """Those that belong to the forms through which somebody confirmed. Other slices' words, by their ids."""
    return await tx.all(
        Guide,
        """SELECT m.id, m.title FROM magnets m WHERE m.id IN (
               SELECT o.magnet_id FROM form_magnets o JOIN signups g ON g.form_id = o.form_id
               WHERE g.subscriber_id = :id AND g.confirmed_at IS NOT NULL) ORDER BY m.title, m.id""",
        id=id,
    )


async def newest_signup(tx: Tx, id: int) -> int | None:
    """The last that was mailed a link: of another nobody knows whether a stranger typed it."""
    found: int | None = await tx.value(
        "SELECT max(id) FROM signups WHERE subscriber_id = :id AND message_id <> '' AND confirmed_at IS NULL",
        id=id,
    )
    return found


async def mails(tx: Tx, id: int) -> int:
    """How many were promised to somebody."""
    return int(await tx.value("SELECT count(*) FROM outbox WHERE subscriber_id = :id", id=id))
