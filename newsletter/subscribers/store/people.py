"""The people themselves, and their tags."""

import msgspec

from newsletter.addresses import Address
from newsletter.ids import new_id
from newsletter.storage import Tx
from newsletter.subscribers.model import Status, Subscriber, Topic, tag_name
from newsletter.subscribers.store import counts

EMAILS = "SELECT email FROM subscribers"
_FREED = "CASE WHEN subscribers.confirmed_at IS NULL THEN 'pending' ELSE 'unsubscribed' END"
_SILENT = """SELECT email FROM subscribers WHERE status IN ('unsubscribed', 'bounced', 'complained', 'blocked')
    ORDER BY id DESC LIMIT :limit"""
_COLUMNS = """id, email, email_key, status, name, fields, epoch, created_at, confirmed_at, unsubscribed_at,
    paused_until, consent_head"""


class _Email(msgspec.Struct):
    email: str


async def admit(tx: Tx, address: Address, exact: str, mailbox: str) -> Subscriber | None:
    """The subscriber of this address, made `pending` if it is new; what is known stays as it is.

    None where one of the two keys is on the suppression list. Who bounced and isn't on it any more may sign up
    again: a full mailbox was emptied. One statement for all of them, so that none takes another round trip; and who
    is new is counted as somebody who is not would be.
    """
    id = new_id()
    person = await tx.one(
        Subscriber,
        f"""INSERT INTO subscribers (id, email, email_key, status, created_at)
            SELECT CAST(:id AS BIGINT), CAST(:email AS TEXT), CAST(:key AS TEXT), 'pending', CAST(:now AS BIGINT)
            WHERE NOT EXISTS (SELECT 1 FROM suppressions WHERE key IN (:exact, :mailbox)
                              AND (expires_at IS NULL OR expires_at > :now))
            ON CONFLICT (email_key) DO UPDATE SET status = CASE subscribers.status WHEN 'bounced' THEN {_FREED}
                                                          ELSE subscribers.status END
            RETURNING {_COLUMNS}""",
        id=id,
        email=address.email,
        key=address.key,
        now=tx.now,
        exact=exact,
        mailbox=mailbox,
    )
    await counts.admitted(tx, 1 if person and person.id == id else 0)
    return person


async def find(tx: Tx, id: int) -> Subscriber | None:
    return await tx.one(Subscriber, f"SELECT {_COLUMNS} FROM subscribers WHERE id = :id", id=id)


async def find_by_key(tx: Tx, email_key: str) -> Subscriber | None:
    return await tx.one(
        Subscriber, f"SELECT {_COLUMNS} FROM subscribers WHERE email_key = :key", key=email_key
    )


async def silent(tx: Tx, limit: int) -> list[str]:
    """Addresses of people who are mailed no more, those who joined last first."""
    return [one.email for one in await tx.all(_Email, _SILENT, limit=limit)]


async def lock(tx: Tx, id: int) -> Subscriber | None:
    """As `find`, and on PostgreSQL nobody else changes the row until we commit (SQLite has one writer)."""
    lock = "FOR UPDATE" if tx.engine == "postgres" else ""
    return await tx.one(Subscriber, f"SELECT {_COLUMNS} FROM subscribers WHERE id = :id {lock}", id=id)


async def of_signup(tx: Tx, signup_id: int, *, held: bool) -> Subscriber | None:
    """In one statement: a confirmation need not find the sign-up first."""
    lock = "FOR UPDATE" if held and tx.engine == "postgres" else ""
    return await tx.one(
        Subscriber,
        f"""SELECT {_COLUMNS} FROM subscribers
            WHERE id = (SELECT subscriber_id FROM signups WHERE id = :signup_id) {lock}""",
        signup_id=signup_id,
    )


async def activate(tx: Tx, id: int, form_id: int, name: str, fields: str, consent_head: str) -> None:
    await tx.put(
        """UPDATE subscribers SET status = 'active', name = :name, fields = :fields, unsubscribed_at = NULL,
               confirmed_at = coalesce(confirmed_at, :now), form_id = coalesce(form_id, :form_id), consent_head = :head
           WHERE id = :id""",
        id=id,
        form_id=form_id,
        name=name,
        fields=fields,
        head=consent_head,
        now=tx.now,
    )


async def leave(tx: Tx, id: int, status: Status, consent_head: str) -> None:
    await tx.run(
        """UPDATE subscribers SET status = :status, unsubscribed_at = :now, epoch = epoch + 1, paused_until = NULL,
               consent_head = :head
           WHERE id = :id""",
        id=id,
        status=status,
        head=consent_head,
        now=tx.now,
    )


async def unmute(tx: Tx, id: int) -> None:
    """They may sign up again."""
    await tx.run(
        f"UPDATE subscribers SET status = {_FREED} WHERE id = :id",
        id=id,
    )


async def set_preferences(tx: Tx, id: int, name: str, paused_until: int | None) -> None:
    await tx.run(
        "UPDATE subscribers SET name = :name, paused_until = :paused WHERE id = :id",
        id=id,
        name=name,
        paused=paused_until,
    )


async def topics(tx: Tx, id: int) -> list[Topic]:
    return await tx.all(
        Topic,
        """SELECT t.name, t.title, CASE WHEN s.tag_id IS NULL THEN 0 ELSE 1 END AS chosen
           FROM tags t LEFT JOIN subscriber_tags s ON s.tag_id = t.id AND s.subscriber_id = :id
           WHERE t.public = 1 ORDER BY t.title""",
        id=id,
    )


async def tags(tx: Tx, id: int) -> list[Topic]:
    return await tx.all(
        Topic,
        """SELECT t.name, t.title, 1 AS chosen FROM tags t JOIN subscriber_tags s ON s.tag_id = t.id
           WHERE s.subscriber_id = :id ORDER BY t.name""",
        id=id,
    )


async def tag(tx: Tx, id: int, names: list[str]) -> None:
    """Gives the tags, making those that don't exist yet (private ones). Raises BadInput."""
    for name in map(tag_name, names):
        await make_tag(tx, name)
        await tx.run(
            """INSERT INTO subscriber_tags (subscriber_id, tag_id, tagged_at)
               SELECT :id, id, :now FROM tags WHERE name = :name ON CONFLICT DO NOTHING""",
            id=id,
            name=name,
            now=tx.now,
        )


async def make_tag(tx: Tx, name: str) -> None:
    """Makes it where there is none: a private one."""
    await tx.run(
        "INSERT INTO tags (id, name, title) VALUES (:id, :name, :name) ON CONFLICT (name) DO NOTHING",
        id=new_id(),
        name=name,
    )


async def choose_topics(tx: Tx, id: int, names: list[str]) -> None:
    """Exactly these of the public topics; private tags stay, and so does since when they have what they keep."""
    for topic in await topics(tx, id):
        if topic.chosen and topic.name not in names:
            await tx.run(
                """DELETE FROM subscriber_tags WHERE subscriber_id = :id
                   AND tag_id IN (SELECT id FROM tags WHERE name = :name AND public = 1)""",
                id=id,
                name=topic.name,
            )
    for name in names:
        await tx.run(
            """INSERT INTO subscriber_tags (subscriber_id, tag_id, tagged_at)
               SELECT :id, id, :now FROM tags WHERE name = :name AND public = 1 ON CONFLICT DO NOTHING""",
            id=id,
            name=name,
            now=tx.now,
        )


async def remove(tx: Tx, id: int) -> None:
    """The person with everything that hangs on them here: sign-ups, consent, tags, downloads."""
    await tx.run("DELETE FROM subscribers WHERE id = :id", id=id)


async def stale(tx: Tx, before: int, unmailed: int, most: int) -> list[Subscriber]:
    """Some of those who first came before `before` (ms) and never confirmed, held against a sign-up now.

    Not those to whom anything was mailed after `unmailed` (ms): they may just be about to press its button.
    """
    lock = "FOR UPDATE SKIP LOCKED" if tx.engine == "postgres" else ""
    due = await tx.all(
        Subscriber,
        f"""SELECT {_COLUMNS} FROM subscribers p WHERE status = 'pending' AND created_at < :before
              AND NOT EXISTS ({_MAILED} AND o.subscriber_id = p.id)
            ORDER BY created_at LIMIT :most {lock}""",
        before=before,
        since=unmailed,
        most=most,
    )
    if tx.engine == "sqlite":
        return due
    # There a sign-up may have come between the look and the lock, and its mail is seen only now.
    return [person for person in due if not await _mailed(tx, person.id, unmailed)]


_MAILED = "SELECT 1 FROM outbox o WHERE o.created_at > :since AND o.state <> 'skipped'"


async def _mailed(tx: Tx, id: int, since: int) -> bool:
    return await tx.value(f"{_MAILED} AND o.subscriber_id = :id", since=since, id=id) is not None
