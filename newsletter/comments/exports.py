"""All comments out again: as JSON lines, and as WordPress takes them, so that nobody has to stay."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import msgspec

from newsletter.clock import iso, mail_date, moment
from newsletter.comments.store import comments as store
from newsletter.comments.store.comments import Whole
from newsletter.comments.store.comments import count as count_comments
from newsletter.storage import Database
from newsletter.xml_text import xml_text

__all__ = ["as_json", "as_wxr", "count_comments"]

_TOGETHER = 200
_APPROVED = {"approved": "1", "pending": "0", "unverified": "0", "spam": "spam", "deleted": "trash"}
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel>
<wp:wxr_version>1.2</wp:wxr_version>
"""
_FOOT = "</channel>\n</rss>\n"

Pieces = AsyncIterator[tuple[int, bytes]]


async def as_json(db: Database, email_key: str = "") -> Pieces:
    """(comments so far, bytes): one JSON object a line; ids as text, times as ISO 8601."""
    done = 0
    async with aclosing(_rows(db, email_key)) as chunks:
        async for rows in chunks:
            done += len(rows)
            yield done, b"".join(msgspec.json.encode(_outward(row)) + b"\n" for row in rows)


def _outward(row: Whole) -> dict[str, object]:
    return {
        **msgspec.structs.asdict(row),
        "id": str(row.id),
        "parent": str(row.parent) if row.parent else None,
        "created_at": iso(row.created_at),
    }


async def as_wxr(db: Database, email_key: str = "") -> Pieces:
    """(comments so far, bytes): WordPress' export format 1.2, an item for each page."""
    done, page = 0, ""
    yield 0, _HEAD.encode()
    async with aclosing(_rows(db, email_key)) as chunks:
        async for rows in chunks:
            parts: list[str] = []
            for row in rows:
                if row.url != page:
                    parts += ["</item>\n" if page else "", _item(row)]
                    page = row.url
                parts.append(_comment(row))
            done += len(rows)
            yield done, "".join(parts).encode()
    yield done, (("</item>\n" if page else "") + _FOOT).encode()


async def _rows(db: Database, email_key: str) -> AsyncGenerator[list[Whole], None]:
    async with aclosing(db.stream(store.IDS, key=email_key)) as chunks:
        async for found in chunks:
            ids = [id for (id,) in found]
            for start in range(0, len(ids), _TOGETHER):
                yield await db.read(store.whole, ids[start : start + _TOGETHER])


def _item(row: Whole) -> str:
    return (
        f"<item>\n<title>{_text(row.title)}</title>\n<link>{_text(row.url)}</link>\n"
        f"<pubDate>{mail_date(row.created_at)}</pubDate>\n<wp:post_type>post</wp:post_type>\n"
        "<wp:status>publish</wp:status>\n<wp:comment_status>open</wp:comment_status>\n"
    )


def _comment(row: Whole) -> str:
    at = f"{moment(row.created_at):%Y-%m-%d %H:%M:%S}"
    fields = {
        "comment_id": str(row.id),
        "comment_author": row.name,
        "comment_author_email": row.email,
        "comment_author_url": row.website,
        "comment_date": at,
        "comment_date_gmt": at,
        "comment_content": row.html,
        "comment_approved": _APPROVED[row.status],
        "comment_type": "comment",
        "comment_parent": str(row.parent or 0),
    }
    inner = "".join(f"<wp:{name}>{_text(value)}</wp:{name}>" for name, value in fields.items())
    return f"<wp:comment>{inner}</wp:comment>\n"


def _text(text: str) -> str:
    return xml_text(text, instead="")
