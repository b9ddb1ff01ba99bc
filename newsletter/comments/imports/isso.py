"""Isso's comments: its database as it lies there, or the JSON that it imports from others."""

import math
from collections.abc import Iterator
from pathlib import Path

import msgspec

from newsletter.comments.imports import isso_store
from newsletter.comments.imports.model import (
    LONGEST,
    UNDATED,
    YEAR_10000,
    Imported,
    ImportedStatus,
    Skipped,
    fit,
    moment,
)
from newsletter.comments.imports.packed import opened
from newsletter.errors import BadInput

_MODES: dict[object, ImportedStatus] = {1: "approved", 2: "pending", 4: "deleted"}

UNKNOWN_THREAD = "Its thread is not in the file."


class _Comment(msgspec.Struct):
    id: int | str
    created: str  # YYYY-MM-DD HH:MM:SS
    text: str | None = ""
    author: str | None = ""
    email: str | None = ""
    website: str | None = ""


class _Thread(msgspec.Struct):
    id: str  # the page's path
    comments: list[_Comment]
    title: str | None = ""


def from_database(path: Path) -> Iterator[Imported | Skipped]:
    """What Isso's SQLite file holds, oldest first. Raises BadInput."""
    for row in isso_store.comments(path):
        if row.uri is None:
            yield Skipped(str(row.id), UNKNOWN_THREAD)
        elif (created_at := _milliseconds(row.created)) is None:
            yield Skipped(str(row.id), UNDATED)
        else:
            yield fit(_from_row(row, row.uri, created_at))


def _milliseconds(seconds: object) -> int | None:
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return None
    ms = round(seconds * 1000)
    return ms if 0 < ms < YEAR_10000 else None


def _from_row(row: isso_store.Row, uri: str, created_at: int) -> Imported:
    return Imported(
        source="isso",
        source_id=str(row.id),
        parent_id=str(row.parent) if row.parent else None,
        url=uri.strip(),
        title=row.title.strip(),
        name=row.author.strip(),
        email=row.email.strip(),
        website=row.website.strip(),
        text=row.text.strip(),
        is_html=False,
        newlines=False,
        created_at=created_at,
        status=_MODES.get(row.mode, "pending"),
    )


def from_json(path: Path) -> Iterator[Imported | Skipped]:
    """What Isso's generic JSON holds: whole in memory, as JSON is; no answers, for it knows none.

    Its ids count from 1 on each page: ours carry the page. Raises BadInput.
    """
    with opened(path) as file:
        content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise BadInput(f"This JSON is larger than {LONGEST // 2**20} MiB. Please split it by threads.")
    try:
        threads = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=list[_Thread])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"The file begins like Isso's JSON, but can't be read: {error}.") from None
    for thread in threads:
        for comment in thread.comments:
            yield _from_thread(comment, thread)


def _from_thread(comment: _Comment, thread: _Thread) -> Imported | Skipped:
    id = f"{thread.id}#{comment.id}"
    created_at = moment(comment.created)
    if created_at is None:
        return Skipped(id, UNDATED)
    imported = Imported(
        source="isso",
        source_id=id,
        parent_id=None,
        url=thread.id.strip(),
        title=(thread.title or "").strip(),
        name=(comment.author or "").strip(),
        email=(comment.email or "").strip(),
        website=(comment.website or "").strip(),
        text=(comment.text or "").strip(),
        is_html=False,
        newlines=False,
        created_at=created_at,
        status="approved",
    )
    return fit(imported)
