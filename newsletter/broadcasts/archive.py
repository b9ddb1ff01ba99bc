"""Broadcasts that their owner shows to everybody, once they are sent off: as a stranger reads them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from newsletter.broadcasts import archive_store, store
from newsletter.broadcasts.model import TOPIC, Broadcast
from newsletter.broadcasts.store import Row
from newsletter.broadcasts.text import write
from newsletter.errors import BadInput, Conflict, NotFound
from newsletter.mail.merge import Marks
from newsletter.storage import ConstraintError, Tx
from newsletter.words import gettext as _

_SLUG = re.compile("(?=.{1,60}$)[a-z0-9]+(-[a-z0-9]+)*")
_NO_TITLE = "Without a title"
TAKEN = "Another broadcast has this address."


class Entry(msgspec.Struct, frozen=True):
    """A line of the list."""

    id: int
    slug: str
    title: str
    preheader: str
    sent_at: int  # ms


class Article(msgspec.Struct, frozen=True):
    """The whole of it. Merge tags say their defaults; there is no link of a subscriber's, for there is no footer."""

    entry: Entry
    html: str


async def find(tx: Tx, slug: str) -> tuple[Broadcast, Entry | None, Entry | None]:
    """A public one, the next newer and the next older. Raises NotFound."""
    found = await _find(tx, slug)
    newer = await store.newer(tx, found.sent_at or 0, found.id)
    older = await store.older(tx, found.sent_at or 0, found.id, 1)
    return found, _entry(newer) if newer else None, _entry(older[0]) if older else None


async def page(tx: Tx, limit: int, before: str = "") -> list[Entry]:
    """The newest first, or those before the one with that slug. Raises NotFound."""
    if not before:
        return [_entry(row) for row in await store.public_rows(tx, limit)]
    found = await _find(tx, before)
    return [_entry(row) for row in await store.older(tx, found.sent_at or 0, found.id, limit)]


async def sent_off(tx: Tx, limit: int, before: int = 0) -> list[Broadcast]:
    """What its owner may show, public or not: the newest first, those before the one with that id unless it is 0."""
    return await archive_store.sent_off(tx, limit, before)


async def one(tx: Tx, id: int) -> Broadcast:
    """One that its owner may show. Raises NotFound."""
    found = await archive_store.one(tx, id)
    if found is None:
        raise NotFound("Nothing of this number was sent, so it is not in the archive.")
    return found


async def hold(tx: Tx, id: int) -> Broadcast:
    """As `one`, and nobody else changes it until the transaction ends. Raises NotFound."""
    await archive_store.hold(tx, id)
    return await one(tx, id)


async def show(tx: Tx, id: int, *, public: bool) -> None:
    """Everybody can read it from now on, or nobody. Raises NotFound, Conflict."""
    if not await archive_store.show(tx, id, public=public):
        if await store.find(tx, id) is None:
            raise NotFound("There is no such broadcast.")
        raise Conflict("Only what was sent is in the archive, and what was cancelled is not.")
    tx.wake(TOPIC)


def judge_slug(slug: str) -> None:
    """Raises BadInput."""
    if not _SLUG.fullmatch(slug) or slug == "feed":
        raise BadInput("Please use small letters a to z, digits and single hyphens.")


async def rename(tx: Tx, id: int, slug: str) -> None:
    """Its address is another one; the old one leads nowhere. Raises BadInput, NotFound."""
    judge_slug(slug)
    if await store.find(tx, id) is None:
        raise NotFound("There is no such broadcast.")
    if not await store.rename(tx, id, slug):
        raise BadInput(TAKEN)
    tx.wake(TOPIC)


@contextmanager
def one_of_each() -> Iterator[None]:
    """Around a transaction with `rename`: of two who take one address at once the second meets PostgreSQL's constraint.

    Raises BadInput.
    """
    try:
        yield
    except ConstraintError:
        raise BadInput(TAKEN) from None


async def newest(tx: Tx, limit: int) -> list[Broadcast]:
    return await store.newest_public(tx, limit)


def article(one: Broadcast) -> Article:
    """Of a public one; costs the reading of its Markdown."""
    marks = Marks()
    written = write(marks, one.body, for_page=True)
    title = _title(marks, written.title, one.subject)
    entry = Entry(one.id, one.slug, title, line(one.preheader), one.sent_at or 0)
    return Article(entry, marks.fill(written.html, "html", {}))


def _title(marks: Marks, heading: str, subject: str) -> str:
    """The letter's own heading, else its subject."""
    return " ".join(marks.fill(heading, "text", {}).split()) or line(subject) or _(_NO_TITLE)


def line(text: str) -> str:
    """A subject or a preheader as a stranger reads it: on one line, merge tags by their defaults."""
    marks = Marks()
    return " ".join(marks.fill(marks.mark(text), "text", {}).split())


async def _find(tx: Tx, slug: str) -> Broadcast:
    found = await store.find_public(tx, slug)
    if found is None:
        raise NotFound("There is no such page in the archive.")
    return found


def _entry(row: Row) -> Entry:
    marks = Marks()
    first = "\n".join(row.beginning.lstrip("\n").split("\n")[:2])  # the second line may underline the first
    title = _title(marks, write(marks, first).title, row.subject)
    return Entry(row.id, row.slug, title, line(row.preheader), row.sent_at)
