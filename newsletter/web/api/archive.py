"""The archive for programs: which broadcasts everybody can read, under which address, and what stands above them."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from newsletter.broadcasts import TOPIC, Broadcast, archive
from newsletter.clock import iso_or_none
from newsletter.errors import BadInput
from newsletter.owners import settings_store
from newsletter.storage import Tx
from newsletter.web.api import shapes
from newsletter.web.api.asking import Call, Endpoint, Reply, page_after
from newsletter.web.api.reading import WRONG, Cursors

PATH = "/archive"
ONE = f"{PATH}/{{id}}"
ABOUT = f"{PATH}/about"


class ArchiveEntry(msgspec.Struct):
    """A broadcast that was sent off."""

    id: shapes.Id
    public: Annotated[bool, Meta(description="Everybody can read it")]
    slug: Annotated[str, Meta(description="Where: /archive/{slug}", examples=["on-work"])]
    subject: str
    state: Literal["sending", "paused", "sent"]
    sent: shapes.Time | None


class ArchiveEntries(msgspec.Struct):
    items: list[ArchiveEntry]
    next: str | None


class ArchiveEntryChange(msgspec.Struct):
    public: bool | UnsetType = UNSET
    slug: (
        Annotated[
            str,
            Meta(
                max_length=60,
                pattern="^[a-z0-9]+(-[a-z0-9]+)*$",
                description="The address before leads nowhere then",
                extra={"reads": archive.judge_slug},
            ),
        ]
        | UnsetType
    ) = UNSET


class ArchiveAbout(msgspec.Struct):
    about: Annotated[
        str, Meta(max_length=500, description="Above the list, and in the feed", examples=["On work."])
    ]


def _shape(one: Broadcast) -> ArchiveEntry:
    return ArchiveEntry(
        str(one.id), one.archive, one.slug, one.subject, one.state, iso_or_none(one.sent_at)  # type: ignore[arg-type]  # none else is in the archive
    )  # fmt: skip


async def list_archive(call: Call) -> Reply:
    """Broadcasts that were sent off, shown to everybody or not, the newest first."""
    asked: shapes.Paged = call.query
    cursors = Cursors(call.site.tokens)
    before = cursors.read(PATH, asked.cursor)
    found = await call.site.db.read(archive.sent_off, asked.limit + 1, before)
    items, more = page_after(found, asked.limit)
    following = cursors.make(PATH, items[-1].id) if more else None
    return Reply(ArchiveEntries([_shape(one) for one in items], following))


async def get_archive_entry(call: Call) -> Reply:
    """Whether everybody can read a broadcast, and under which address."""
    return Reply(_shape(await call.site.db.read(archive.one, call.id)))


async def change_archive_entry(call: Call) -> Reply:
    """Shows it to everybody or no more, or gives it another address. A copy of it may be kept elsewhere."""
    try:
        with archive.one_of_each():
            return Reply(_shape(await call.site.db.write(_change, call)))
    except BadInput as error:
        raise BadInput(WRONG, error.fields or {"slug": error.sentence}) from None


async def _change(tx: Tx, call: Call) -> Broadcast:
    wanted: ArchiveEntryChange = call.body
    call.match(_shape(await archive.hold(tx, call.id)))
    if wanted.public is not UNSET:
        await archive.show(tx, call.id, public=wanted.public)
    if wanted.slug is not UNSET:
        await archive.rename(tx, call.id, wanted.slug)
    return await archive.one(tx, call.id)


async def get_archive_about(call: Call) -> Reply:
    """What stands above the archive."""
    return Reply(await call.site.db.read(_about))


async def _about(tx: Tx) -> ArchiveAbout:
    return ArchiveAbout(await settings_store.one(tx, settings_store.ARCHIVE_ABOUT))


async def put_archive_about(call: Call) -> Reply:
    """Puts other words above the archive, or none."""
    return Reply(await call.site.db.write(_put_about, call))


async def _put_about(tx: Tx, call: Call) -> ArchiveAbout:
    wanted: ArchiveAbout = call.body
    await settings_store.hold(tx)
    call.match(await _about(tx))
    await settings_store.put(tx, settings_store.ARCHIVE_ABOUT, wanted.about.strip())
    tx.wake(TOPIC)
    return await _about(tx)


ENDPOINTS = (
    Endpoint("GET", PATH, "broadcasts:read", list_archive, asks=shapes.Paged, gives=ArchiveEntries),
    Endpoint("GET", ABOUT, "broadcasts:read", get_archive_about, gives=ArchiveAbout, single=True),
    Endpoint(
        "PUT", ABOUT, "broadcasts:send", put_archive_about, 200, ArchiveAbout, gives=ArchiveAbout, single=True,
        matches=True,
    ),
    Endpoint("GET", ONE, "broadcasts:read", get_archive_entry, gives=ArchiveEntry, single=True),
    Endpoint(
        "PATCH", ONE, "broadcasts:send", change_archive_entry, 200, ArchiveEntryChange, gives=ArchiveEntry,
        single=True, matches=True,
    ),
)  # fmt: skip
