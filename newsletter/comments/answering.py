"""An answer to a notification, by mail: whose it is and what it answers; then it goes the way of every comment."""

from importlib import import_module

from newsletter import addresses
from newsletter.comments.actions import FOREIGN_PARENT, Comments
from newsletter.comments.model import Draft, Words, Written
from newsletter.comments.store import comments as store
from newsletter.comments.store import people, threads
from newsletter.errors import Refused
from newsletter.storage import Tx

NOT_YOURS = "The notification did not go to the address that this comes from. Please answer from that one."


async def answer(
    tx: Tx, comments: Comments, comment_id: int, commenter_id: int, email_key: str, words: Words
) -> Written:
    """`email_key` is who wrote the mail, by its From; the rest its address says. Raises Refused, Repeated.

    They go on under the name and the website that they gave last. Whoever asked to hear of a page has confirmed their
    address; the owner's rules judge the answer as they do any other.
    """
    person = await people.find(tx, commenter_id)
    if person is None or person.email_key != email_key or person.confirmed_at is None:
        raise Refused(NOT_YOURS)
    comment = await store.find(tx, comment_id)
    thread = await threads.find(tx, comment.thread_id) if comment else None
    if comment is None or thread is None:
        raise Refused(FOREIGN_PARENT)
    said = await store.of_person(tx, commenter_id)
    draft = Draft(
        raw=words.raw,
        html=words.html,
        url=thread.url,
        title=thread.title,
        parent_id=comment.id,
        name=said[-1].name if said else "",
        address=addresses.parse(person.email),
        website=said[-1].website if said else "",
    )
    return await comments.write(tx, draft)


def written(mail: bytes) -> tuple[str, str]:
    """Who wrote it, and what is new in it. Raises BadInput."""
    reader = import_module("newsletter.comments.mail_reply")  # `serve` shall not wait for it
    return reader.sender(mail), reader.reply_text(mail)
