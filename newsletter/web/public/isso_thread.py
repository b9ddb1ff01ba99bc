"""A thread as Isso's script wants it: one level of answers, and of each comment what the public may know."""

from collections.abc import Hashable, Iterable
from html import escape
from typing import Any

import msgspec

from newsletter.clock import SECOND
from newsletter.comments import Comment, Shown
from newsletter.storage import Tx
from newsletter.web.kit.site import Site
from newsletter.web.public.isso_page import Part
from newsletter.web.public.thread_pages import web_address

MOST_PAGES = 25
"""Of PER_PAGE comments each. What is beyond can be read in every other way, and is counted here too."""

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


class Branch(Said):
    """A comment at the top, with the answers below it."""

    total_replies: int
    hidden_replies: int
    replies: list[Said]


class ThreadPart(msgspec.Struct):
    id: str | None  # whose answers these are; None: the article's
    total_replies: int
    hidden_replies: int
    replies: list[Branch] | list[Said]
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
        return await self._site.db.read(self._site.threads.state, self._part.url)

    async def make(self) -> tuple[Hashable, bytes]:
        shown = await self._site.db.read(self._whole)
        return shown.standing, msgspec.json.encode(self._answer(shown))

    async def _whole(self, tx: Tx) -> Shown:
        shown = await self._site.threads.page(tx, self._part.url)
        for _ in range(1, MOST_PAGES):
            if not shown.next:
                break
            more = await self._site.threads.page(tx, self._part.url, shown.next)
            shown.comments += more.comments
            shown.next = more.next
        return shown

    def _answer(self, shown: Shown) -> ThreadPart:
        part, grown = self._part, branches(shown.comments)
        if part.parent is not None:
            below = next((answers for top, answers in grown if top.id == part.parent), [])
            replies = [said(self._site, one, part.parent) for one in self._cut(below, part.limit)]
            hidden = max(0, len(below) - part.offset - len(replies))
            return ThreadPart(str(part.parent), len(below), hidden, replies, config(self._site))
        ordered = grown[::-1] if part.newest else grown
        kept = ordered[part.offset :][: part.limit]
        hidden = max(0, len(grown) - part.offset - len(kept))
        total = shown.thread.shown if shown.thread else 0
        return ThreadPart(None, total, hidden, [self._branch(*one) for one in kept], config(self._site))

    def _branch(self, top: Comment, below: list[Comment]) -> Branch:
        some = list(self._cut(below, self._part.nested_limit, offset=0))
        return Branch(
            **msgspec.structs.asdict(said(self._site, top, None)),
            total_replies=len(below),
            hidden_replies=len(below) - len(some),
            replies=[said(self._site, one, top.id) for one in some],
        )

    def _cut(self, answers: list[Comment], limit: int | None, offset: int | None = None) -> Iterable[Comment]:
        ordered = answers[::-1] if self._part.newest else answers
        start = self._part.offset if offset is None else offset
        return ordered[start:][:limit]


def branches(comments: list[Comment]) -> list[tuple[Comment, list[Comment]]]:
    """Each comment at the top with all that is below it, by time. `comments` are in reading order.

    Where the top of a branch is out of sight, its first answer stands there.
    """
    grown: dict[str, tuple[Comment, list[Comment]]] = {}
    for comment in comments:
        start = comment.path[:16]
        if start in grown:
            grown[start][1].append(comment)
        else:
            grown[start] = (comment, [])
    for _, below in grown.values():
        below.sort(key=lambda one: (one.created_at, one.id))
    return list(grown.values())
