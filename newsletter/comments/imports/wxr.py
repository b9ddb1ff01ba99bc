"""WordPress' export, WXR 1.0 to 1.2: an RSS feed whose items carry their comments."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

from newsletter.comments.imports.model import UNDATED, Imported, ImportedStatus, Skipped, fit, moment
from newsletter.comments.imports.xml import Node, records
from newsletter.errors import BadInput

_ITEM = "rss/channel/item"
_VERSION = "rss/channel/wp:wxr_version"
_IGNORED = {"content:encoded", "excerpt:encoded", "description", "wp:postmeta", "wp:commentmeta"}
_STATUSES: dict[str, ImportedStatus] = {
    "1": "approved",
    "approve": "approved",
    "spam": "spam",
    "trash": "deleted",
    "post-trashed": "deleted",
}
_HIDDEN = frozenset({"draft", "auto-draft", "pending", "future", "private", "trash"})

NOT_PUBLIC = "The page it stands under isn't public."


def comments(path: Path) -> Iterator[Imported | Skipped]:
    """What the file holds. Raises BadInput where it is damaged, or a feed of another kind."""
    ours = False
    for node in records(path, {_ITEM, _VERSION}, _IGNORED):
        ours = ours or node.name.startswith("wp:") or any(c.name.startswith("wp:") for c in node.children)
        for comment in node.all("wp:comment"):
            yield _comment(comment, node)
    if not ours:
        raise BadInput("This is a feed, but not an export from WordPress. Make one under Tools, Export.")


def _comment(node: Node, item: Node) -> Imported | Skipped:
    id = node.text("wp:comment_id")
    kind = node.text("wp:comment_type")
    if kind not in ("", "comment"):
        return Skipped(id, f"It is of the kind “{kind}”, not something that a reader wrote under a page.")
    if item.text("wp:status") in _HIDDEN or item.text("wp:post_password"):
        return Skipped(id, NOT_PUBLIC)
    created_at = _written(node, item)
    if created_at is None:
        return Skipped(id, UNDATED)
    parent = node.text("wp:comment_parent")
    website = node.text("wp:comment_author_url")
    comment = Imported(
        source="wordpress",
        source_id=id,
        parent_id=parent if parent not in ("", "0") else None,
        url=item.text("link"),
        title=unescape(item.text("title")),
        name=unescape(node.text("wp:comment_author")),  # WordPress keeps it with &amp; and &lt;
        email=node.text("wp:comment_author_email"),
        website="" if website in ("http://", "https://") else website,
        text=node.text("wp:comment_content"),
        is_html=True,
        newlines=True,
        created_at=created_at,
        status=_STATUSES.get(
            node.text("wp:comment_approved"), "pending"
        ),  # an unknown one: unseen by the public
    )
    return fit(comment)


def _written(node: Node, item: Node) -> int | None:
    """Its own date; where WordPress lost that in UTC, the blog's local one; else the post's."""
    dates = (
        node.text("wp:comment_date_gmt"),
        node.text("wp:comment_date"),
        item.text("wp:post_date_gmt"),
        item.text("wp:post_date"),
    )
    return next((at for at in map(moment, dates) if at is not None), None)
