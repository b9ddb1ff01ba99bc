"""A page of a thread in its shapes: HTML to put into an article, a page of ours, one for a frame, JSON.

All show the same comments, and of each what the public may know: no address, no hash of one, no state.
"""

import re
from collections.abc import Hashable
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec

from newsletter.clock import HOUR, iso, now
from newsletter.comments import Comment, Shown, avatar
from newsletter.web.kit.site import Site
from newsletter.web.public.comment_form import comment_form, offered
from newsletter.web.public.thread_query import Asked
from newsletter.words import day

Shape = Literal["html", "page", "frame", "json"]

_FINGERPRINT = re.compile("[0-9a-f]{16,}")
_TEMPLATES = {
    "html": "public/_thread.html",
    "page": "public/thread_page.html",
    "frame": "public/thread_embed.html",
}


class Said(msgspec.Struct):
    """A comment as the public sees it; of a deleted one its place alone."""

    id: str
    parent: str | None
    depth: int
    name: str
    website: str
    html: str
    avatar: str  # SVG
    by_owner: bool
    deleted: bool
    edited: bool
    created_at: str  # ISO 8601


class ThreadPage(msgspec.Struct):
    url: str
    title: str
    count: int  # of the whole thread
    closed: bool
    depth: int
    next: str  # where the next page starts, "" at the end
    comments: list[Said]


class ThreadSource:
    """Makes one page of a thread in one shape (kit/shelf.py)."""

    def __init__(self, site: Site, asked: Asked, shape: Shape) -> None:
        self._site = site
        self._asked = asked
        self._shape = shape

    async def basis(self) -> Hashable:
        standing = await self._site.db.read(self._site.threads.standing, self._asked.url)
        return standing, self._hour(), await self._offer()

    async def make(self) -> tuple[Hashable, bytes]:
        hour, offer = self._hour(), await self._offer()
        shown = await self._site.db.read(self._site.threads.page, self._asked.url, self._asked.after)
        page = public(self._asked.url, shown)
        if self._shape == "json":
            return (shown.standing, hour, offer), msgspec.json.encode(page)
        form = await comment_form(self._site, {"url": page.url, "title": page.title})
        context = self._context(page, shown) | {"comment_form": form}
        text = self._site.pages.render(_TEMPLATES[self._shape], context)
        return (shown.standing, hour, offer), text.encode()

    async def _offer(self) -> Hashable:
        """What stands beside the tick for the newsletter: people agree to the words that hold now."""
        form = None if self._shape == "json" else await offered(self._site)
        return form and (form.title, form.wording)

    def _hour(self) -> int:
        """The form in HTML carries a signed time, which is not to grow old."""
        return 0 if self._shape == "json" else now() // HOUR

    def _context(self, page: ThreadPage, shown: Shown) -> dict[str, Any]:
        names = {said.id: said.name for said in page.comments}
        reply = self._link("/comments/new", parent="")
        here = "/threads/page" if self._shape == "page" else "/threads/embed"
        return {
            "page": page,
            "version": shown.standing.version,
            "said": [
                (said, day(comment.created_at), names.get(said.parent or "", ""), reply + said.id)
                for said, comment in zip(page.comments, shown.comments, strict=True)
            ],
            "start": self._link(here) if self._asked.after else "",
            "more": self._link(here, after=page.next) if page.next else "",
            "alone": self._link("/threads/page"),
            "feed": self._link("/threads/feed"),
        }

    def _link(self, path: str, **more: str) -> str:
        return f"{self._site.settings.public_url}{path}?{urlencode({'url': self._asked.url, **more})}"


def public(url: str, shown: Shown) -> ThreadPage:
    """What the public may know of what is `shown` under `url` (canonical)."""
    thread = shown.thread
    return ThreadPage(
        url=url,
        title=thread.title if thread else "",
        count=thread.shown if thread else 0,
        closed=shown.standing.closed,
        depth=shown.standing.depth,
        next=shown.next,
        comments=[_said(comment) for comment in shown.comments],
    )


def _said(comment: Comment) -> Said:
    deleted = comment.status == "deleted"
    return Said(
        id=str(comment.id),
        parent=str(comment.parent_id) if comment.parent_id else None,
        depth=comment.depth,
        name="" if deleted else comment.name,
        website="" if deleted else web_address(comment.website),
        html="" if deleted else comment.html,
        avatar=_picture(comment.avatar),
        by_owner=comment.by_owner and not deleted,
        deleted=deleted,
        edited=comment.edited_at is not None and not deleted,
        created_at=iso(comment.created_at),
    )


@lru_cache(maxsize=2_000)
def _picture(fingerprint: str) -> str:
    """None where nothing is known that it could be drawn from, as of a deleted comment."""
    return avatar(fingerprint) if _FINGERPRINT.fullmatch(fingerprint) else ""


def web_address(website: str) -> str:
    """A second look at what was checked when it was stored, since it becomes a link."""
    return website if website.startswith(("https://", "http://")) else ""
