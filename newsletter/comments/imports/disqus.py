"""Disqus' export: threads, and posts that name their thread by Disqus' own id."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import msgspec

from newsletter.comments.imports.model import UNDATED, Imported, ImportedStatus, Skipped, fit, moment
from newsletter.comments.imports.xml import Node, records

UNKNOWN_THREAD = "Its thread is not in the file."
DELETED_THREAD = "Its whole thread was deleted at Disqus."


class _Thread(msgspec.Struct, frozen=True):
    url: str
    title: str
    deleted: bool


def comments(path: Path) -> Iterator[Imported | Skipped]:
    """What the file holds. Raises BadInput where it is damaged.

    Reads the file twice, so that a thread may stand behind its posts; the threads stay in memory.
    """
    threads = {node.attributes.get("dsq:id", ""): _thread(node) for node in records(path, {"disqus/thread"})}
    for node in records(path, {"disqus/post"}):
        yield _comment(node, threads.get(node.attribute("thread", "dsq:id")))


def _thread(node: Node) -> _Thread:
    link, identifier = node.text("link"), node.text("id")
    if not link and identifier.startswith(("http://", "https://")):
        link = identifier
    return _Thread(link, unescape(node.text("title")), _true(node, "isDeleted"))


def _true(node: Node, name: str) -> bool:
    return node.text(name).lower() in ("true", "1")


def _comment(node: Node, thread: _Thread | None) -> Imported | Skipped:
    id = node.attributes.get("dsq:id", "").strip() or node.text("id")
    if thread is None:
        return Skipped(id, UNKNOWN_THREAD)
    if thread.deleted:
        return Skipped(id, DELETED_THREAD)
    created_at = moment(node.text("createdAt"))
    if created_at is None:
        return Skipped(id, UNDATED)
    comment = Imported(
        source="disqus",
        source_id=id,
        parent_id=node.attribute("parent", "dsq:id") or None,
        url=thread.url,
        title=thread.title,
        name=node.text("author", "name"),
        email=node.text("author", "email"),
        website="",
        text=node.text("message"),
        is_html=True,
        newlines=False,
        created_at=created_at,
        status=_status(node),
    )
    return fit(comment)


def _status(node: Node) -> ImportedStatus:
    if _true(node, "isSpam"):
        return "spam"  # deleted or not: nothing answers it that anybody should see
    if _true(node, "isDeleted"):
        return "deleted"
    return "pending" if node.text("isApproved").lower() == "false" else "approved"
