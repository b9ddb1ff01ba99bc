"""Comments for programs: read as the owner reads them, approved, called spam, deleted."""

from newsletter.clock import iso, iso_or_none
from newsletter.comments import Waiting
from newsletter.storage import Tx
from newsletter.web.api import shapes
from newsletter.web.api.asking import Call, Endpoint, Reply, page_after
from newsletter.web.api.reading import Cursors

PATH = "/comments"
ONE = f"{PATH}/{{id}}"


def _shape(one: Waiting) -> shapes.Comment:
    return shapes.Comment(
        str(one.id),
        one.url,
        one.title,
        one.name,
        one.email,
        one.website,
        one.raw,
        one.html,
        one.status,
        one.why,
        one.by_owner,
        iso(one.created_at),
        iso_or_none(one.edited_at),
    )


async def list_comments(call: Call) -> Reply:
    """Comments of one status, the newest first; else those that wait."""
    asked: shapes.CommentsAsked = call.query
    site = call.site
    cursors, of = Cursors(site.tokens), f"{PATH} {asked.status}"
    before = cursors.read(of, asked.cursor)
    found = await site.db.read(site.moderation.queue, asked.status, before, asked.limit + 1)
    items, more = page_after(found, asked.limit)
    following = cursors.make(of, items[-1].id) if more else None
    return Reply(shapes.Comments([_shape(one) for one in items], following))


async def get_comment(call: Call) -> Reply:
    """One comment."""
    return Reply(_shape(await call.site.db.read(call.site.moderation.look, call.id)))


async def approve_comment(call: Call) -> Reply:
    """Publishes the words that were read, and no others."""
    await call.site.db.write(_approve, call)
    return Reply(shapes.Receipt(str(call.id), "approved"))


async def _approve(tx: Tx, call: Call) -> None:
    await call.site.moderation.find(tx, call.id)  # held: its author changes nothing meanwhile
    call.match(_shape(await call.site.moderation.look(tx, call.id)))
    await call.site.moderation.approve(tx, call.id)


async def spam_comment(call: Call) -> Reply:
    """Hides it, and holds what reads like it from now on."""
    await call.site.db.write(call.site.moderation.spam, call.id)
    return Reply(shapes.Receipt(str(call.id), "spam"))


async def delete_comment(call: Call) -> Reply:
    """Deletes it."""
    await call.site.db.write(call.site.moderation.delete, call.id)
    return Reply()


ENDPOINTS = (
    Endpoint("GET", PATH, "comments:read", list_comments, asks=shapes.CommentsAsked, gives=shapes.Comments),
    Endpoint("GET", ONE, "comments:read", get_comment, gives=shapes.Comment, single=True),
    Endpoint("DELETE", ONE, "comments:moderate", delete_comment, 204),
    Endpoint("POST", f"{ONE}/approve", "comments:moderate", approve_comment, gives=shapes.Receipt, matches=True),
    Endpoint("POST", f"{ONE}/spam", "comments:moderate", spam_comment, gives=shapes.Receipt),
)  # fmt: skip
