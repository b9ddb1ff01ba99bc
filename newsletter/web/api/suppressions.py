"""The suppression list for programs: looked at, one address put on it or taken off, in and out as a file."""

import io
from asyncio import to_thread
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from newsletter.addresses import Address, parse
from newsletter.clock import iso, iso_or_none
from newsletter.errors import BadInput
from newsletter.mail.suppression import Suppressed, is_key
from newsletter.storage import Tx
from newsletter.subscribers import suppression_file
from newsletter.web.api import shapes
from newsletter.web.api.asking import Call, Endpoint, Reply, page_after
from newsletter.web.api.reading import Cursors
from newsletter.web.kit.site import Site

PATH = "/suppressions"
CSV = "text/csv"
MOST_REFUSED = 200
NO_TEXT = "This file is no text in UTF-8."


class SuppressionsAsked(msgspec.Struct):
    limit: shapes.Limit = 50
    cursor: Annotated[str, Meta(max_length=120, description="`next` of the page before")] = ""
    email: Annotated[
        str,
        Meta(max_length=254, description="Why mail to this address is held back", extra={"reads": parse}),
    ] = ""


class Suppression(msgspec.Struct):
    """Nobody can be read out of the list: an address is told only where it is a subscriber's."""

    key: Annotated[str, Meta(description="A keyed hash of the address")]
    reason: Literal["not_me", "erased", "bounced", "complained", "owner"]
    since: shapes.Time
    until: shapes.Time | None
    email: str


class Suppressions(msgspec.Struct):
    items: list[Suppression]
    next: str | None


class Suppressing(msgspec.Struct):
    email: shapes.Email


class SuppressionReceipt(msgspec.Struct):
    listed: bool
    changed: bool


class RefusedLine(msgspec.Struct):
    line: int
    reason: str


class SuppressionsTaken(msgspec.Struct):
    taken: int
    refused: int
    first: Annotated[list[RefusedLine], Meta(description=f"The first {MOST_REFUSED} of them, with why")]


def _shape(one: Suppressed, email: str) -> Suppression:
    return Suppression(one.key, one.reason, iso(one.created_at), iso_or_none(one.expires_at), email)


async def list_suppressions(call: Call) -> Reply:
    """Who is mailed nothing, the newest first; or why one address isn't."""
    asked: SuppressionsAsked = call.query
    site, cursors = call.site, Cursors(call.site.tokens)
    if asked.email:
        why = await site.db.read(site.suppressions.why, parse(asked.email).key)
        return Reply(Suppressions([_shape(one, "") for one in why], None))
    at, _, key = cursors.read_text(PATH, asked.cursor).partition("-")
    before = (int(at), key) if is_key(key) else (0, "")
    found = await site.db.read(site.suppressions.newest, before, asked.limit + 1)
    items, more = page_after(found, asked.limit)
    following = cursors.make_text(PATH, f"{items[-1][0].created_at}-{items[-1][0].key}") if more else None
    return Reply(Suppressions([_shape(*one) for one in items], following))


async def suppress(call: Call) -> Reply:
    """Puts an address on the list: it is mailed nothing, whatever is asked in its name."""
    wanted: Suppressing = call.body
    return Reply(await call.site.db.write(_add, call.site, parse(wanted.email)))


async def _add(tx: Tx, site: Site, address: Address) -> SuppressionReceipt:
    before = await site.suppressions.why(tx, address.key)
    await site.suppressions.add(tx, address)
    return SuppressionReceipt(listed=True, changed=not before)


async def lift_suppression(call: Call) -> Reply:
    """Takes an address off the list. Nobody is subscribed by that: they may sign up again."""
    wanted: Suppressing = call.body
    changed = await call.site.db.write(call.site.suppressions.remove, parse(wanted.email))
    return Reply(SuppressionReceipt(listed=False, changed=changed))


async def import_suppressions(call: Call) -> Reply:
    """Takes in a file: addresses, one a line, or an export of another list. Again is the same."""
    assert call.file is not None
    entries, refused = await to_thread(_read, call.file)
    await call.site.suppressions.take_in(call.site.db, entries)
    first = [RefusedLine(*one) for one in refused[:MOST_REFUSED]]
    return Reply(SuppressionsTaken(len(entries), len(refused), first))


def _read(path: Path) -> tuple[list[suppression_file.Entry], list[tuple[int, str]]]:
    """Raises BadInput."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return suppression_file.read(lines, "owner")
    except UnicodeError:
        raise BadInput(NO_TEXT) from None


async def export_suppressions(call: Call) -> Reply:
    """The whole list, as `newsletter suppressions export` writes it."""
    return Reply(stream=_lines(call.site, head=call.head), media_type=f"{CSV}; charset=utf-8")


async def _lines(site: Site, *, head: bool) -> AsyncIterator[bytes]:
    file = io.StringIO(newline="")
    if not head:
        suppression_file.write(file, await site.suppressions.listed(site.db))
    yield file.getvalue().encode()


ENDPOINTS = (
    Endpoint("GET", PATH, "subscribers:read", list_suppressions, asks=SuppressionsAsked, gives=Suppressions),
    Endpoint("POST", PATH, "subscribers:write", suppress, 200, Suppressing, gives=SuppressionReceipt),
    Endpoint("POST", f"{PATH}/lift", "subscribers:write", lift_suppression, 200, Suppressing, gives=SuppressionReceipt),
    Endpoint(
        "POST", f"{PATH}/import", "subscribers:write", import_suppressions, file=CSV, gives=SuppressionsTaken,
    ),
    Endpoint("GET", "/export/suppressions", "subscribers:read", export_suppressions, gives=CSV),
)  # fmt: skip
