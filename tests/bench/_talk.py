"""Fills the database that the environment names with comments: 100 under each of as many pages as are asked for.

Usage: python -m tests.bench._talk PAGES.
"""

import asyncio
import sys
from collections.abc import Iterator

from newsletter import settings
from newsletter.app import running
from newsletter.clock import MINUTE
from newsletter.comments import render
from newsletter.ids import EPOCH
from newsletter.storage import Param, Tx

EACH = 100
TOGETHER = 50  # pages a transaction
WORDS = (
    "I have kept a notebook for **ten years** now, and what you say about the first page is true of mine as well. "
    "What helped was to write the date and one line, however dull. See https://example.org/notebooks for the rest.\n\n"
    "> The first page is the hardest.\n\nThank you for writing this down."
)
THREAD = """INSERT INTO threads (id, url, title, shown, version, created_at)
    VALUES (:id, :url, 'On notebooks', :shown, 1, :at)"""
COMMENT = """INSERT INTO comments
        (id, thread_id, parent_id, path, name, website, avatar, raw, html, status, created_at)
    VALUES
        (:id, :thread, :parent, :path, 'Ada Lovelace', 'https://example.org/', :avatar, :raw, :html, 'approved', :at)"""


def page(number: int) -> str:
    return f"https://blog.example.org/page-{number}"


def said(number: int, html: str) -> Iterator[dict[str, Param]]:
    """A third answers the comment before it."""
    top, above = None, ""
    for n in range(EACH):
        at = EPOCH + (number * EACH + n) * MINUTE
        id = (number + 1) << 32 | n
        parent, start = (top, above) if n % 3 == 2 else (None, "")
        path = f"{start}{at:012x}{n:04x}"
        yield {
            "id": id, "thread": number + 1, "parent": parent, "path": path, "raw": WORDS, "html": html, "at": at,
            "avatar": f"{n * 2_654_435_761 % 2**64:016x}" * 2,
        }  # fmt: skip
        if parent is None:
            top, above = id, path


async def fill(tx: Tx, first: int, pages: int, html: str) -> None:
    numbers = range(first, first + pages)
    await tx.many(THREAD, [{"id": n + 1, "url": page(n), "shown": EACH, "at": EPOCH} for n in numbers])
    await tx.many(COMMENT, [row for n in numbers for row in said(n, html)])


async def main(pages: int) -> None:
    html = render(WORDS)
    async with running(settings.load(), worker=False, migrate=True) as site:
        for first in range(0, pages, TOGETHER):
            await site.db.write(fill, first, min(TOGETHER, pages - first), html)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
