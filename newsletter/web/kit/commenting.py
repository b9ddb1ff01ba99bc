"""A comment, and the newsletter asked for along with it. Each verb is one transaction."""

import msgspec

from newsletter.comments import Comment, Draft, Thread, Written
from newsletter.errors import NotFound
from newsletter.signups import Confirmed, Form, Submission
from newsletter.storage import Tx
from newsletter.web.kit.site import Site


class Waiting(msgspec.Struct):
    """What one mailed button confirms."""

    comment: Comment
    others: list[Comment]  # under the same address, set free by the same press
    thread: Thread
    form: Form | None  # the newsletter's, where it was asked for along with the comment
    seen: str  # marks what was shown, for `confirm`
    used: bool  # the button was pressed before, and has nothing left to do


class Done(msgspec.Struct):
    comment: Comment
    thread: Thread
    joined: Confirmed | None


async def keep(
    tx: Tx, site: Site, draft: Draft, wish: tuple[Form, Submission] | None, proof: tuple[str, int] | None
) -> Written:
    """Keeps a comment, and the wish for the newsletter that came with it; one mail asks to confirm both.

    Who confirmed a comment before gets no mail about this one, so the wish then causes its own, as by the
    newsletter's form. Raises what `Comments.write` raises, and BadInput for a proof shown twice.
    """
    if proof:
        await site.signups.spend(tx, *proof)
    asked = None
    if wish and await site.comments.is_confirmed(tx, draft.address):
        await site.signups.sign_up(tx, *wish)
    elif wish and (asked := await site.signups.ask_along(tx, *wish)):
        draft = msgspec.structs.replace(draft, signup_id=asked[0], signup_epoch=asked[1])
    written = await site.comments.write(tx, draft)
    if asked and written.message_id:
        await site.signups.asked_by(tx, asked[0], written.message_id)
    return written


async def waiting(tx: Tx, site: Site, ids: tuple[int, ...]) -> Waiting:
    """What a comment's confirmation link is about. Raises NotFound."""
    comment, thread = await site.comments.waiting_for(tx, *ids[:2])
    waiting = await site.comments.waiting_with(tx, comment)
    others = [one for one in waiting if one.id != comment.id]
    form = await _invited(tx, site, ids[2:])
    used = form is None and await site.comments.is_proved(tx, comment)
    return Waiting(comment, others, thread, form, site.comments.mark(waiting), used)


async def _invited(tx: Tx, site: Site, ids: tuple[int, ...]) -> Form | None:
    """The form of a sign-up that still waits; None where none came along, or they joined or left since."""
    if len(ids) != 2:
        return None
    try:
        return await site.signups.invited(tx, *ids)
    except NotFound:
        return None


async def confirm(tx: Tx, site: Site, ids: tuple[int, ...], seen: str) -> Done:
    """They pressed the button: the comment goes on, and the newsletter has their consent. Idempotent.

    Raises NotFound, and Conflict where something else waits than was `seen`.
    """
    comment, thread = await site.comments.confirm(tx, *ids[:2], seen=seen)
    wanted = await _invited(tx, site, ids[2:])
    return Done(comment, thread, await site.signups.confirm(tx, *ids[2:]) if wanted else None)


async def ask_again(tx: Tx, site: Site, ids: tuple[int, ...]) -> None:
    """A fresh link for a comment that still waits, within its address's budget; nothing for who needs none.

    It asks for the newsletter too, as the one before it did, unless they joined or left since.
    """
    along = ids[2:] if await _invited(tx, site, ids[2:]) else ()
    message_id = await site.comments.ask_again(tx, *ids[:2], *along)
    if along and message_id:
        await site.signups.asked_by(tx, along[0], message_id)
