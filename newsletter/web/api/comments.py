"""Comments for programs: read as the owner reads them, approved, answered, changed, called spam, deleted."""

from asyncio import to_thread
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from newsletter.addresses import parse
from newsletter.clock import iso, iso_or_none
from newsletter.comments import LONGEST, Options, Policy, Waiting, Words, parse_rules
from newsletter.errors import BadInput
from newsletter.storage import Tx
from newsletter.web.api import shapes
from newsletter.web.api.asking import Call, Endpoint, Reply, page_after
from newsletter.web.api.reading import WRONG, Cursors

PATH = "/comments"
ONE = f"{PATH}/{{id}}"
JUDGING = "/comment-rules"
EMPTY = "A comment has words in it. To take it away, delete it."
NOBODY = "Nobody answers as the owner: NEWSLETTER_OWNER_EMAIL is not set."


class CommentText(msgspec.Struct):
    text: Annotated[str, Meta(min_length=1, max_length=LONGEST, description="Markdown")]


class CommentRules(msgspec.Struct):
    """How comments are judged and shown."""

    policy: Policy
    depth: Annotated[int, Meta(description="Levels of answers")]
    most_links: int
    close_after_days: Annotated[int, Meta(description="0: never")]
    rules: str


class CommentRulesChange(msgspec.Struct):
    policy: Policy | UnsetType = UNSET
    depth: Annotated[int, Meta(ge=1, le=6)] | UnsetType = UNSET
    most_links: Annotated[int, Meta(ge=0, le=100)] | UnsetType = UNSET
    close_after_days: Annotated[int, Meta(ge=0, le=3650)] | UnsetType = UNSET
    rules: Annotated[str, Meta(max_length=20_000, extra={"reads": parse_rules})] | UnsetType = UNSET


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
    await _held(tx, call)
    await call.site.moderation.approve(tx, call.id)


async def spam_comment(call: Call) -> Reply:
    """Hides it, and holds what reads like it from now on."""
    await call.site.db.write(_spam, call)
    return Reply(shapes.Receipt(str(call.id), "spam"))


async def _spam(tx: Tx, call: Call) -> None:
    await _held(tx, call)
    await call.site.moderation.spam(tx, call.id)


async def delete_comment(call: Call) -> Reply:
    """Deletes it."""
    await call.site.db.write(_delete, call)
    return Reply()


async def _delete(tx: Tx, call: Call) -> None:
    await _held(tx, call)
    await call.site.moderation.delete(tx, call.id)


async def block_commenter(call: Call) -> Reply:
    """Hides it, and whatever its author says from now on."""
    await call.site.db.write(_block, call)
    return Reply(shapes.Receipt(str(call.id), "spam"))


async def _block(tx: Tx, call: Call) -> None:
    await _held(tx, call)
    await call.site.moderation.block(tx, call.id)


async def reply_to_comment(call: Call) -> Reply:
    """Publishes the owner's answer below it, and it with that: the words that were read, and no others."""
    owner = call.site.settings.owner_email
    if not owner:
        raise BadInput(NOBODY)
    answer = await call.site.db.write(_reply, call, owner, await _words(call))
    return Reply(shapes.Receipt(str(answer), "approved"), location=f"{PATH}/{answer}")


async def _words(call: Call) -> Words:
    """Raises BadInput."""
    wanted: CommentText = call.body
    if not wanted.text.strip():
        raise BadInput(WRONG, {"text": EMPTY})
    return await to_thread(Words, wanted.text)


async def _reply(tx: Tx, call: Call, owner: str, words: Words) -> int:
    await _held(tx, call)
    settings = call.site.settings
    name = settings.from_name or settings.public_host
    return (await call.site.moderation.reply(tx, call.id, name, parse(owner), words)).id


async def _held(tx: Tx, call: Call) -> Waiting:
    """As it was read; its author changes nothing meanwhile. Raises NotFound, Refusal."""
    await call.site.moderation.find(tx, call.id)
    now = await call.site.moderation.look(tx, call.id)
    call.match(_shape(now))
    return now


async def change_comment(call: Call) -> Reply:
    """Puts other words in its place."""
    return Reply(_shape(await call.site.db.write(_edit, call, await _words(call))))


async def _edit(tx: Tx, call: Call, words: Words) -> Waiting:
    await _held(tx, call)
    await call.site.moderation.edit(tx, call.id, words)
    return await call.site.moderation.look(tx, call.id)


async def close_thread(call: Call) -> Reply:
    """Closes the page under which it stands: nobody can comment there any more."""
    return await _turn(call, closed=True)


async def open_thread(call: Call) -> Reply:
    """Opens the page under which it stands again."""
    return await _turn(call, closed=False)


async def _turn(call: Call, *, closed: bool) -> Reply:
    one = await call.site.db.read(call.site.moderation.look, call.id)
    await call.site.db.write(call.site.moderation.close, one.thread_id, closed=closed)
    return Reply(shapes.Receipt(str(one.id), one.status))


async def get_comment_rules(call: Call) -> Reply:
    """How comments are judged and shown."""
    return Reply(_rules(await call.site.db.read(call.site.moderation.options)))


def _rules(one: Options) -> CommentRules:
    return CommentRules(one.policy, one.depth, one.most_links, one.close_after_days, one.rules)


async def change_comment_rules(call: Call) -> Reply:
    """Changes how comments are judged from now on."""
    return Reply(await call.site.db.write(_change_rules, call))


async def _change_rules(tx: Tx, call: Call) -> CommentRules:
    before = _rules(await call.site.moderation.options(tx, held=True))
    call.match(before)
    given = {name: value for name, value in msgspec.structs.asdict(call.body).items() if value is not UNSET}
    after = msgspec.structs.replace(before, **given)
    await call.site.moderation.set_options(tx, **msgspec.structs.asdict(after))
    return after


ENDPOINTS = (
    Endpoint("GET", PATH, "comments:read", list_comments, asks=shapes.CommentsAsked, gives=shapes.Comments),
    Endpoint("GET", ONE, "comments:read", get_comment, gives=shapes.Comment, single=True),
    Endpoint("DELETE", ONE, "comments:moderate", delete_comment, 204, matches=True),
    Endpoint("POST", f"{ONE}/approve", "comments:moderate", approve_comment, gives=shapes.Receipt, matches=True),
    Endpoint("POST", f"{ONE}/spam", "comments:moderate", spam_comment, gives=shapes.Receipt, matches=True),
    Endpoint("POST", f"{ONE}/block", "comments:moderate", block_commenter, gives=shapes.Receipt, matches=True),
    Endpoint(
        "POST", f"{ONE}/reply", "comments:moderate", reply_to_comment, 201, CommentText, gives=shapes.Receipt,
        matches=True,
    ),
    Endpoint(
        "PATCH", ONE, "comments:moderate", change_comment, 200, CommentText, gives=shapes.Comment, single=True,
        matches=True,
    ),
    Endpoint("POST", f"{ONE}/close", "comments:moderate", close_thread, gives=shapes.Receipt),
    Endpoint("POST", f"{ONE}/open", "comments:moderate", open_thread, gives=shapes.Receipt),
    Endpoint("GET", JUDGING, "comments:moderate", get_comment_rules, gives=CommentRules, single=True),
    Endpoint(
        "PATCH", JUDGING, "comments:moderate", change_comment_rules, 200, CommentRulesChange, gives=CommentRules,
        single=True, matches=True,
    ),
)  # fmt: skip
