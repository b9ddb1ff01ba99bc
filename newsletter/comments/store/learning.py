"""What the owner wants, and what was learned from them."""

from collections.abc import Collection
from typing import Literal

import msgspec

from newsletter.comments.bayes import Tally
from newsletter.comments.model import Options, Policy
from newsletter.storage import Param, Tx

_OPTIONS = "policy, depth, most_links, close_after_days, rules, spam, ham, told_at"


async def options(tx: Tx, *, held: bool = False) -> Options:
    lock = "FOR UPDATE" if held and tx.engine == "postgres" else ""
    found = await tx.one(Options, f"SELECT {_OPTIONS} FROM comment_options WHERE id = 1 {lock}")
    assert found is not None
    return found


async def set_options(
    tx: Tx, policy: Policy, depth: int, most_links: int, close_after_days: int, rules: str
) -> None:
    await tx.run(
        """UPDATE comment_options SET policy = :policy, depth = :depth, most_links = :links,
               close_after_days = :days, rules = :rules WHERE id = 1""",
        policy=policy,
        depth=depth,
        links=most_links,
        days=close_after_days,
        rules=rules,
    )


async def told(tx: Tx, last: int) -> bool:
    """The owner gets a mail about everything that waits; False where another process was faster since `last` (ms)."""
    sql = "UPDATE comment_options SET told_at = :now WHERE id = 1 AND told_at = :last"
    return bool(await tx.run(sql, now=tx.now, last=last))


async def learn(tx: Tx, tokens: Collection[str], lesson: Literal["spam", "ham"], times: int) -> None:
    """Counts a comment as spam or as none; `times` is 1, or -1 to take an earlier lesson back."""
    rows: list[dict[str, Param]] = [
        {"token": token, "times": times, "first": max(0, times)} for token in sorted(tokens)
    ]
    await tx.many(
        f"""INSERT INTO spam_words (token, {lesson}) VALUES (:token, :first) ON CONFLICT (token) DO UPDATE SET
              {lesson} = CASE WHEN spam_words.{lesson} + :times < 0 THEN 0 ELSE spam_words.{lesson} + :times END""",
        rows,
    )
    await tx.run(f"UPDATE comment_options SET {lesson} = {lesson} + :times WHERE id = 1", times=times)


async def tallies(tx: Tx, tokens: Collection[str]) -> list[Tally]:
    """What is known of these words."""
    names: dict[str, Param] = {f"t{n}": token for n, token in enumerate(sorted(tokens))}
    if not names:
        return []
    marks = ", ".join(f":{name}" for name in names)
    return await tx.all(Tally, f"SELECT token, spam, ham FROM spam_words WHERE token IN ({marks})", **names)


class Notice(msgspec.Struct):
    comment_id: int
    after: int


TOPIC = "comments"
"""Woken when there is something to tell the owner or followers of."""


async def notice(tx: Tx, comment_id: int) -> None:
    """Its followers are still to be told."""
    tx.wake(TOPIC)
    await tx.run(
        "INSERT INTO notices (comment_id) VALUES (:id) ON CONFLICT (comment_id) DO NOTHING", id=comment_id
    )


async def next_notice(tx: Tx) -> Notice | None:
    lock = "FOR UPDATE SKIP LOCKED" if tx.engine == "postgres" else ""
    return await tx.one(
        Notice, f"SELECT comment_id, after FROM notices WHERE done = 0 ORDER BY comment_id LIMIT 1 {lock}"
    )


async def noticed(tx: Tx, comment_id: int, after: int, *, done: bool) -> None:
    """Everybody up to the commenter `after` was told; `done`: everybody at all, and never again."""
    await tx.run(
        "UPDATE notices SET after = :after, done = :done WHERE comment_id = :id",
        id=comment_id,
        after=after,
        done=int(done),
    )


async def unnoticed(tx: Tx, comment_id: int) -> None:
    """It is not public any more, and nobody was told yet."""
    await tx.run("DELETE FROM notices WHERE comment_id = :id", id=comment_id)
