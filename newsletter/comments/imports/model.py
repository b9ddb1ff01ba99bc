"""What a comment is that another system kept, and when it was written."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

Source = Literal["wordpress", "disqus", "isso", "remark42"]
ImportedStatus = Literal["approved", "pending", "spam", "deleted"]

LONGEST = 64 * 1024 * 1024
"""Characters in one record (a page with its comments, a post, a line): beyond is no comment, but a bomb."""

LONGEST_ID = 1_000
"""UTF-8 bytes; PostgreSQL has no room for much more in an index."""

UNDATED = "It has no date that can be read."
NO_PAGE = "It doesn't say which page it stands under."
NOTHING_SAID = "It is empty."
ID_TOO_LONG = f"Its id is too long: {LONGEST_ID:,} bytes at most."

YEAR_10000 = 253_402_300_800_000
"""Epoch milliseconds; no calendar of ours reaches further."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Imported(msgspec.Struct):
    """A comment as it stood there: nothing of it is checked or sanitised yet."""

    source: Source
    source_id: str  # its id there; once in each source
    parent_id: str | None  # the source_id of what it answers
    url: str  # of the page; only its path, from Isso
    title: str
    name: str
    email: str  # "" where the export has none
    website: str
    text: str
    is_html: bool  # else Markdown
    newlines: bool  # in HTML: whether a single one means <br>
    created_at: int
    status: ImportedStatus


class Skipped(msgspec.Struct):
    """What is in the file and is not taken over."""

    source_id: str
    reason: str  # a sentence


def moment(text: str | None) -> int | None:
    """An ISO 8601 date in epoch milliseconds, UTC where it names no offset; None where it is none.

    WordPress' ``0000-00-00 00:00:00`` and Go's year 1 are none: no comment is older than 1970.
    """
    try:
        at = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)  # never the machine's own zone
    ms = (at - _EPOCH) // timedelta(milliseconds=1)
    return ms if 0 < ms < YEAR_10000 else None


def fit(comment: Imported) -> Imported | Skipped:
    """The comment as it is handed on, without U+0000, which PostgreSQL takes nowhere. Of a deleted one its place
    alone is left, for what answers it."""
    kept = msgspec.structs.asdict(comment)
    words = {name: value.replace("\0", "") for name, value in kept.items() if isinstance(value, str)}
    comment = msgspec.structs.replace(comment, **words)
    if not comment.source_id:
        return Skipped("", "It has no id, so a second import would take it twice.")
    if len(comment.source_id.encode()) > LONGEST_ID:
        return Skipped(comment.source_id[:80] + "…", ID_TOO_LONG)
    if not comment.url:
        return Skipped(comment.source_id, NO_PAGE)
    if comment.status == "deleted":
        return msgspec.structs.replace(comment, name="", email="", website="", text="")
    if not comment.text:
        return Skipped(comment.source_id, NOTHING_SAID)
    return comment
