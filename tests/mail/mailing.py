"""What the tests of broadcasts share: a frozen message, and people to send it to."""

from collections.abc import Sequence
from email.headerregistry import Address

from newsletter.mail import Mailings, Recipient, retries
from newsletter.mail.bulk import freeze
from newsletter.mail.merge import Marks
from newsletter.storage import Database, Param, Tx
from tests.conftest import NOON


def content() -> bytes:
    return freeze(
        sender=Address("Olga Writes", addr_spec="letters@example.com"),
        list_id="newsletter.example.com",
        date=NOON,
        marks=Marks(),
        subject="On work",
        plain="A letter.\n",
        html="<p>A letter.</p>\n",
    ).to_bytes()


async def people(db: Database, count: int) -> list[Recipient]:
    """Active subscribers, numbered from 1."""
    readers = [Recipient(n, f"reader{n}@example.org") for n in range(1, count + 1)]
    await keep(db, readers)
    return readers


async def keep(db: Database, readers: Sequence[Recipient]) -> None:
    rows: list[dict[str, Param]] = [{"id": one.id, "email": one.email, "at": NOON - 5} for one in readers]

    async def add(tx: Tx) -> None:
        await tx.many(
            """INSERT INTO subscribers (id, email, email_key, status, created_at, confirmed_at)
               VALUES (:id, :email, :email, 'active', :at, :at)""",
            rows,
        )

    await db.write(add)


async def sent_off(db: Database, mailings: Mailings, count: int) -> int:
    """A mailing to so many."""
    mailing_id: int = await db.write(mailings.start, content())
    await db.write(mailings.fill, mailing_id, await people(db, count))
    return mailing_id


async def again(db: Database, mailing_id: int, state: str) -> int:
    """What did not arrive is sent once more: to how many."""
    count = await db.read(retries.count, [mailing_id], state)
    await db.write(retries.begin, [mailing_id], state)
    for one in await db.read(retries.under_way):
        left: retries.Retry | None = one
        while left:
            left = await db.write(retries.requeue, left, await db.read(retries.next_of, left))
    return count


async def sent_off_to(db: Database, mailings: Mailings, domains: Sequence[str], count: int) -> int:
    """A mailing to so many, at each of these domains in turn; also a second one, to others."""

    async def free(tx: Tx) -> int:
        return int(await tx.value("SELECT COALESCE(max(id), 0) + 1 FROM subscribers"))

    first = await db.read(free)
    readers = [Recipient(n, f"reader{n}@{domains[n % len(domains)]}") for n in range(first, first + count)]
    await keep(db, readers)
    mailing_id: int = await db.write(mailings.start, content())
    await db.write(mailings.fill, mailing_id, readers)
    return mailing_id
