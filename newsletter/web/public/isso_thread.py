"""A thread as Isso's script wants it: one level of answers, and of each comment what the public may know."""

from collections.abc import Hashable
from html import escape
from typing import Any

import msgspec

from newsletter.clock import SECOND
from newsletter.comments import MOST_BELOW, Branch, Branches, Comment
from newsletter.storage import Tx
from newsletter.web.kit.site import Site
from newsletter.web.public.isso_page import Part
from newsletter.web.public.thread_pages import web_address

ACCEPTED, WAITING, DELETED = 1, 2, 4


class Said(msgspec.Struct, kw_only=True):
    """A comment. Ids are text, since ours are larger than what a number of JavaScript's holds exactly (2**53).

    Isso's script puts `author` and `website` into HTML as they are, so they come escaped, as from Isso.
    """

    id: str
    parent: str | None
    text: str  # HTML
    author: str | None
    website: str | None
    mode: int
    created: float  # seconds
    modified: float | None
    likes: int = 0
    dislikes: int = 0
    hash: str  # what the script draws a picture from


class Top(Said):
    """A comment at the top, with the answers below it."""

    total_replies: int
    hidden_replies: int
    replies: list[Said]


class ThreadPart(msgspec.Struct):
    id: str | None  # whose answers these are; None: the article's
    total_replies: int
    hidden_replies: int
    replies: list[Top] | list[Said]
    config: dict[str, Any]


def config(site: Site) -> dict[str, Any]:
    """What the script is told of how to behave. Nobody votes here; a name and an address are always asked for."""
    return {
        "reply-to-self": False,
        "require-email": True,
        "require-author": True,
        "reply-notifications": True,
        "gravatar": False,
        "vote": False,
        "feed": True,
        "page-author-hashes": [_picture(site, "owner")],
    }


def said(site: Site, comment: Comment, parent: int | str | None, *, id: str = "") -> Said:
    """`comment` in the words of Isso; `id` is what its writer's page is to call it.

    Of one that waits, the picture is not its author's: whoever types an address would see whose it is.
    """
    gone = comment.status == "deleted"
    shown = comment.status in ("approved", "deleted")
    drawn_from = ("owner" if comment.by_owner else comment.avatar) if shown else f"waiting {comment.id}"
    return Said(
        id=id or str(comment.id),
        parent=str(parent) if parent else None,
        text="" if gone else comment.html,
        author=None if gone else escape(comment.name),
        website=None if gone else escape(web_address(comment.website)) or None,
        mode=DELETED if gone else ACCEPTED if shown else WAITING,
        created=comment.created_at / SECOND,
        modified=comment.edited_at / SECOND if comment.edited_at else None,
        hash=_picture(site, "" if gone else drawn_from),
    )


def _picture(site: Site, drawn_from: str) -> str:
    """Not what our own pictures are drawn from, and no hash of an address that anybody could try addresses on."""
    return site.tokens.fingerprint("isso", drawn_from)[:12]


class IssoSource:
    """Makes a part of a thread (kit/shelf.py)."""

    def __init__(self, site: Site, part: Part) -> None:
        self._site = site
        self._part = part

    async def basis(self) -> Hashable:
        return await self._site.db.read(self._site.threads.standing, self._part.url)

    async def make(self) -> tuple[Hashable, bytes]:
        found = await self._site.db.read(self.look)
        return found.standing, msgspec.json.encode(self._answer(found))

    async def look(self, tx: Tx) -> Branches:
        """No more of the thread than is asked for; where no end is named, the script offers the rest by itself."""
        part = self._part
        most = MOST_BELOW if part.limit is None else part.limit
        if part.parent is not None:
            return await self._site.threads.branch(
                tx, part.url, part.parent, skip=part.offset, most=most, newest=part.newest
            )
        each = MOST_BELOW if part.nested_limit is None else part.nested_limit
        return await self._site.threads.branches(
            tx, part.url, skip=part.offset, most=most, each=each, newest=part.newest
        )

    def _answer(self, found: Branches) -> ThreadPart:
        part, told = self._part, config(self._site)
        if part.parent is not None:
            total = sum(one.total for one in found.some)
            replies = [said(self._site, one, part.parent) for branch in found.some for one in branch.below]
            return ThreadPart(
                str(part.parent), total, max(0, total - part.offset - len(replies)), replies, told
            )
        hidden = max(0, found.total - part.offset - len(found.some))
        return ThreadPart(None, found.shown, hidden, [self._top(one) for one in found.some], told)

    def _top(self, branch: Branch) -> Top:
        return Top(
            **msgspec.structs.asdict(said(self._site, branch.top, None)),
            total_replies=branch.total,
            hidden_replies=branch.total - len(branch.below),
            replies=[said(self._site, one, branch.top.id) for one in branch.below],
        )
