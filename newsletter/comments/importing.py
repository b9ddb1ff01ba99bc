"""Comments in from other systems. Nobody is notified of it."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from newsletter.addresses import Address, parse
from newsletter.comments.actions import Comments
from newsletter.comments.imports import Imported
from newsletter.comments.model import Comment, Thread
from newsletter.comments.publishing import below
from newsletter.comments.store import comments as store
from newsletter.comments.store import learning, people, threads
from newsletter.comments.text import LONGEST, render, sanitise, website
from newsletter.errors import BadInput
from newsletter.mail import Post
from newsletter.storage import Tx
from newsletter.words import gettext, marked, number

TOGETHER = 200
"""Imported comments in one transaction: few enough that nobody who writes meanwhile waits long."""

NAMELESS = "Anonymous"
LONGEST_NAME = 100
LONGEST_IMPORTED = 4 * LONGEST
TWICE = "It is here already."
_PRE = re.compile(r"(<pre>.*?</pre>)", re.DOTALL)
TOO_LONG = marked("It is too long: %(most)s characters at most.")


class ImportResult(msgspec.Struct):
    """What became of one imported comment: its status here, or why it was skipped (a sentence)."""

    source_id: str
    status: str = ""
    skipped: str = ""


class Importing:
    def __init__(self, comments: Comments, post: Post) -> None:
        self._comments = comments
        self._post = post

    async def keep(
        self, tx: Tx, found: Sequence[Imported], canonical: Callable[[str], str]
    ) -> list[ImportResult]:
        """Keeps comments of another system, parents first; what is here already is left alone.

        `canonical` makes a page's address ours; it raises BadInput for a page that is none of ours.
        """
        options = await learning.options(tx)
        return [await self._keep(tx, one, canonical, options.depth) for one in found]

    async def _keep(self, tx: Tx, one: Imported, canonical: Callable[[str], str], depth: int) -> ImportResult:
        if len(one.text) > LONGEST_IMPORTED:
            return ImportResult(one.source_id, skipped=gettext(TOO_LONG) % {"most": number(LONGEST_IMPORTED)})
        try:
            url = canonical(one.url)
        except BadInput as error:
            return ImportResult(one.source_id, skipped=error.sentence)
        thread = await threads.admit(tx, url)
        comment = await self._add(tx, thread, one, depth)
        if comment is None:
            return ImportResult(one.source_id, skipped=TWICE)
        if comment.status in ("approved", "deleted"):
            await threads.name(tx, thread.id, comment.id)
            await threads.changed(tx, thread.id, int(comment.status == "approved"))
        return ImportResult(one.source_id, status=comment.status)

    async def _add(self, tx: Tx, thread: Thread, one: Imported, depth: int) -> Comment | None:
        """None where it is here already."""
        parent = await store.by_source(tx, one.source, one.parent_id) if one.parent_id else None
        if parent and parent.thread_id != thread.id:
            parent = None
        return await store.add(
            tx,
            parent_path=below(parent, depth),
            digest="",
            thread_id=thread.id,
            parent_id=parent.id if parent else None,
            name=_name(one.name),
            website=_website(one.website),
            title=_line(one.title)[:300],
            raw=one.text,
            html=shown(one),
            status=one.status,
            why="" if one.status != "pending" else "It waited where it was imported from.",
            source=one.source,
            source_id=one.source_id,
            created_at=one.created_at,
            decided_at=tx.now,
            told=1,
            **await self._author(tx, thread, one),
        )

    async def _author(self, tx: Tx, thread: Thread, one: Imported) -> dict[str, Any]:
        """Whose it is, where it says so: nobody has confirmed that address here yet."""
        address = _address(one.email)
        if address is None or one.status == "deleted":
            return {}
        picture = self._comments.picture(thread.url, address.key)
        if await self._post.suppressed(tx, address.key):
            return {"avatar": picture}
        return {"commenter_id": (await people.admit(tx, address)).id, "avatar": picture}


def shown(one: Imported) -> str:
    """As it will be shown: in one form, so that it goes out as WordPress' export and comes in again unchanged."""
    if not one.is_html:
        return render(one.text)
    html = sanitise(one.text, newlines=one.newlines)
    if one.newlines:
        return html
    parts = _PRE.split(html)
    parts[::2] = [part.replace("\n", " ") for part in parts[::2]]  # a space is what it was, and no <br>
    return sanitise("".join(parts), newlines=True)


def _name(text: str) -> str:
    return _line(text)[:LONGEST_NAME] or NAMELESS


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _website(text: str) -> str:
    try:
        return website(text)
    except BadInput:
        return ""


def _address(text: str) -> Address | None:
    try:
        return parse(text)
    except BadInput:
        return None
