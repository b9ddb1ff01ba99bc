"""What the public sees: a page's thread, counts, the newest."""

import msgspec

from newsletter.comments.model import Comment, Thread
from newsletter.comments.store import branches, learning, threads
from newsletter.comments.store import comments as store
from newsletter.comments.store.branches import Start
from newsletter.storage import Tx

PER_PAGE = 200
MOST_BELOW = 1_000
"""Comments below those at the top that one answer holds, however many are asked for; as many at the top."""

NEWEST = 30


class Standing(msgspec.Struct, frozen=True):
    """What a page of a thread hangs on: while this is the same, so is what the public sees."""

    version: int  # -1 where nobody has commented yet
    depth: int
    closed: bool


class Shown(msgspec.Struct):
    """A page of a thread in reading order; `next` continues it, '' at its end."""

    standing: Standing
    thread: Thread | None
    comments: list[Comment]
    next: str


class Branch(msgspec.Struct):
    """A comment at the top, and some of the `total` that stand below it, by time."""

    top: Comment
    total: int
    below: list[Comment]


class Branches(msgspec.Struct):
    """Some of a thread's `total` branches; `standing` is what they hang on."""

    standing: Standing
    shown: int  # comments that the public sees, of the whole thread
    total: int
    some: list[Branch]


class Threads:
    async def of_page(self, tx: Tx, url: str) -> Thread | None:
        """None where nobody has commented yet."""
        return await threads.by_url(tx, url)

    async def standing(self, tx: Tx, url: str) -> Standing:
        standing, _ = await self._look(tx, url)
        return standing

    async def _look(self, tx: Tx, url: str) -> tuple[Standing, Thread | None]:
        options = await learning.options(tx)
        thread = await threads.by_url(tx, url)
        if thread is None:
            return Standing(-1, options.depth, closed=False), None
        return Standing(thread.version, options.depth, options.closes(thread, tx.now)), thread

    async def page(self, tx: Tx, url: str, after: str = "") -> Shown:
        standing, thread = await self._look(tx, url)
        if thread is None:
            return Shown(standing, None, [], "")
        found = await store.page(tx, thread.id, after, PER_PAGE + 1)
        more = found[PER_PAGE - 1].path if len(found) > PER_PAGE else ""
        return Shown(standing, thread, found[:PER_PAGE], more)

    async def branches(
        self, tx: Tx, url: str, *, skip: int, most: int, each: int, newest: bool = False
    ) -> Branches:
        """Some branches from behind the first `skip`, and of each the first `each` below its top."""
        standing, thread = await self._look(tx, url)
        if thread is None:
            return Branches(standing, 0, 0, [])
        found = await branches.starts(tx, thread.id, skip, min(most, MOST_BELOW), newest=newest)
        some = await self._grown(tx, thread, found, 0, each, newest=newest)
        return Branches(standing, thread.shown, await branches.count(tx, thread.id), some)

    async def branch(
        self, tx: Tx, url: str, top_id: int, *, skip: int, most: int, newest: bool = False
    ) -> Branches:
        """The one with this comment at its top, if there is one: what is below it from behind the first `skip`."""
        standing, thread = await self._look(tx, url)
        top = await store.find(tx, top_id)
        if thread is None or top is None or top.thread_id != thread.id:
            return Branches(standing, 0, 0, [])
        start = await branches.start_of(tx, thread.id, top.path)
        some = await self._grown(tx, thread, [start] if start else [], skip, most, newest=newest)
        return Branches(standing, thread.shown, 1, [one for one in some if one.top.id == top_id])

    async def _grown(
        self, tx: Tx, thread: Thread, found: list[Start], skip: int, each: int, *, newest: bool
    ) -> list[Branch]:
        tops = {one.path[:16]: one for one in await branches.tops(tx, thread.id, found)}
        below: dict[str, list[Comment]] = {one.start: [] for one in found}
        for one in await branches.answers(tx, thread.id, found, skip, each, MOST_BELOW, newest=newest):
            below[one.path[:16]].append(one)
        return [Branch(tops[one.start], one.below, below[one.start]) for one in found]

    async def find(self, tx: Tx, comment_id: int) -> Comment | None:
        """A comment that the public sees, or the empty place of one."""
        comment = await store.find(tx, comment_id)
        return comment if comment and comment.status in ("approved", "deleted") else None

    async def top(self, tx: Tx, comment: Comment) -> int | None:
        """Which comment opened the branch that `comment` stands in; None where it is the one, or that is gone."""
        if comment.depth == 0:
            return None
        return await store.standing_at(tx, comment.thread_id, comment.path[:16])

    async def counts(self, tx: Tx, urls: list[str]) -> dict[str, int]:
        """How many comments stand under each; those without any are left out."""
        return await threads.counts(tx, urls)

    async def latest(self, tx: Tx, url: str = "") -> list[tuple[Comment, Thread]]:
        """The newest comments of a page, or of all."""
        of = await threads.by_url(tx, url) if url else None
        if url and of is None:
            return []
        found = await (store.latest_here(tx, of.id, NEWEST) if of else store.latest(tx, NEWEST))
        known: dict[int, Thread | None] = {}
        for comment in found:
            if comment.thread_id not in known:
                known[comment.thread_id] = await threads.find(tx, comment.thread_id)
        return [(c, thread) for c in found if (thread := known[c.thread_id]) is not None]
