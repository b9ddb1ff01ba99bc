"""How many messages wait, by state: of single people and of mailings, and nothing that is done."""

import random
from collections import Counter

from newsletter.mail import waiting
from newsletter.storage import Database, Param, Tx

STATES = ("queued", "sending", "sent", "deferred", "failed", "in_doubt", "skipped")
WAIT = ("queued", "sending", "deferred", "in_doubt", "failed")


async def test_they_are_those_that_are_not_done(db: Database) -> None:
    chosen = random.Random(3)
    rows: list[dict[str, Param]] = []
    for n in range(300):
        state = chosen.choice(STATES)
        mailing = chosen.choice((None, 1, 2))
        rows.append(
            {"id": n + 1, "state": state, "mailing": mailing, "worker": 1 if state == "sending" else None}
        )

    async def fill(tx: Tx) -> None:
        for id in (1, 2, 3):
            await tx.run(
                "INSERT INTO mailings (id, content, seed, created_at) VALUES (:id, :content, '', 0)",
                id=id,
                content=b"x",
            )
        await tx.many(
            """INSERT INTO outbox (id, message, priority, recipient, context, message_id, state, not_before, created_at,
                                   worker, mailing_id)
               VALUES (:id, 'guide', 0, '', '{}', '', :state, 0, 0, :worker, :mailing)""",
            rows,
        )

    assert await db.read(waiting) == dict.fromkeys(WAIT, 0)
    await db.write(fill)
    counts = Counter(str(row["state"]) for row in rows)
    assert await db.read(waiting) == {state: counts[state] for state in WAIT}
    assert min(counts.values()) > 20
    for most in (1, 20, 300):
        assert await db.read(waiting, most) == {state: min(counts[state], most) for state in WAIT}
