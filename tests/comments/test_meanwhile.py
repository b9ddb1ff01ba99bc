"""Everything that can be done to a comment, done at once: the books stay right on both engines."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from newsletter.addresses import parse
from newsletter.comments import Comment, Words, Written
from newsletter.errors import NewsletterError
from tests.cast import House
from tests.comments.test_writing import ADA, BEN, MALLORY, confirms, lets_all_speak, says

WRONG = {
    "threads that count what nobody sees": """SELECT count(*) FROM threads t WHERE shown <>
        (SELECT count(*) FROM comments c WHERE c.thread_id = t.id AND c.status = 'approved')""",
    "empty places that nobody answered": """SELECT count(*) FROM comments c WHERE status = 'deleted'
        AND NOT EXISTS (SELECT 1 FROM comments a WHERE a.parent_id = c.id)""",
    "words of what was deleted": "SELECT count(*) FROM comments WHERE status = 'deleted' AND raw || html || name <> ''",
    "what was let stand less than never": "SELECT count(*) FROM commenters WHERE approved < 0",
    "answers that stand elsewhere": """SELECT count(*) FROM comments c JOIN comments p ON p.id = c.parent_id
        WHERE p.thread_id <> c.thread_id""",
}
OLGA = parse("olga@example.org")
Act = Callable[[House, random.Random, int, int], Awaitable[Any]]
ACTS: dict[str, Act] = {
    "approve": lambda house, _, own, __: house.db.write(house.site.moderation.approve, own),
    "spam": lambda house, _, own, __: house.db.write(house.site.moderation.spam, own),
    "delete": lambda house, _, own, __: house.db.write(house.site.moderation.delete, own),
    "block": lambda house, _, own, __: house.db.write(house.site.moderation.block, own),
    "reply": lambda house, _, own, turn: house.db.write(
        house.site.moderation.reply, own, "Olga", OLGA, Words(f"Reply {turn}")
    ),
    "own": lambda house, _, own, turn: house.db.write(house.site.moderation.edit, own, Words(f"Own {turn}")),
    "edit": lambda house, _, own, turn: house.db.write(house.site.comments.edit, own, Words(f"Edit {turn}")),
    "remove": lambda house, _, own, __: house.db.write(house.site.comments.remove, own),
    "say": lambda house, chance, own, turn: says(
        house, chance.choice([ADA, BEN, MALLORY]), f"Say {turn}", parent_id=chance.choice([None, own])
    ),
    "purge": lambda house, _, __, ___: house.db.write(house.site.notices.purge),
}


async def test_whatever_meets_whatever_the_books_are_right(house: House) -> None:
    """Which of them wins is the machine's affair; none may end in anything but an answer of ours."""
    chance = random.Random(7)
    await lets_all_speak(house)
    for email in (ADA, BEN):
        await says(house, email, f"Hello from {email}")
        await confirms(house, email)
    known = [(await says(house, email, "And more")).id for email in (ADA, BEN, MALLORY)]
    for turn in range(10):
        some = [
            ACTS[verb](house, chance, known[chance.randrange(10**6) % len(known)], turn)
            for verb in chance.choices(list(ACTS), k=5)
        ]
        for outcome in await asyncio.gather(*some, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, NewsletterError):
                raise outcome
            if isinstance(outcome, Comment | Written):
                known.append(outcome.id)
    assert {what: await house.count(sql) for what, sql in WRONG.items()} == dict.fromkeys(WRONG, 0)
