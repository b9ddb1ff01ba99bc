"""How many messages wait, by state, and nothing that is done; who got a mailing, and who works."""

import random
from collections import Counter

import pytest

from newsletter.mail import Mailings, last_sent, waiting
from newsletter.mail.life import SILENCE, beat
from newsletter.mail.look import deliveries, workers
from newsletter.storage import Database, Param, Tx
from tests.conftest import NOON, Clock
from tests.mail.conftest import run
from tests.mail.mailing import content, people

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


async def mailed(db: Database, mailings: Mailings) -> int:
    """To readers 1 to 4; another mailing has gone to them too. The address of 3 is in their own row alone."""
    readers = await people(db, 4)
    ids: list[int] = [await db.write(mailings.start, content()) for _ in range(2)]
    for mailing_id in ids:
        await db.write(mailings.fill, mailing_id, readers)
    await run(db, "UPDATE outbox SET state = 'sent', settled_at = :at WHERE subscriber_id < 4", at=NOON + 1)
    await run(db, "UPDATE outbox SET recipient = '' WHERE subscriber_id = 3")
    await run(db, "UPDATE outbox SET recipient = 'a_b%c@example.com' WHERE subscriber_id = 2")
    await run(db, "UPDATE outbox SET not_before = 9 - subscriber_id")
    return ids[0]


async def listed(
    db: Database, mailing_id: int, state: str = "", search: str = "", *, step: int = 2
) -> list[str]:
    """The addresses of all pages."""
    seen: list[str] = []
    place = 0, 0
    while page := await db.read(deliveries, mailing_id, state, search, place, step):
        assert len(page) <= step
        seen += [one.email for one in page]
        place = page[-1].place
    return seen


ODD = "a_b%c@example.com"


@pytest.mark.parametrize(
    ("state", "search", "found"),
    [
        ("", "", ["reader1@example.org", ODD, "reader3@example.org", "reader4@example.org"]),
        ("sent", "", ["reader3@example.org", ODD, "reader1@example.org"]),  # in the order of their turns
        ("queued", "", ["reader4@example.org"]),
        ("failed", "", []),
        ("", "READER", ["reader1@example.org", "reader3@example.org", "reader4@example.org"]),
        ("sent", "reader", ["reader3@example.org", "reader1@example.org"]),
        ("", "_b%", [ODD]),  # as it is written
        ("", "r_ader", []),
        ("sent", "%", [ODD]),
    ],
)
async def test_who_got_a_mailing_is_listed_a_page_at_a_time(
    db: Database, mailings: Mailings, state: str, search: str, found: list[str]
) -> None:
    mailing_id = await mailed(db, mailings)
    for step in (1, 2, 9):
        assert await listed(db, mailing_id, state, search, step=step) == found


async def test_when_somebody_was_last_reached(db: Database, mailings: Mailings) -> None:
    await mailed(db, mailings)
    await run(db, "UPDATE outbox SET settled_at = 7 WHERE mailing_id = (SELECT min(id) FROM mailings)")
    assert [await db.read(last_sent, reader) for reader in (1, 4, 5)] == [NOON + 1, 0, 0]


async def test_who_works_was_heard_of_within_half_a_minute(db: Database, clock: Clock) -> None:
    assert await db.read(workers) == 0
    await db.write(beat, 1)
    clock.forward(SILENCE)
    await db.write(beat, 2)
    assert await db.read(workers) == 2
    clock.forward(1)
    assert await db.read(workers) == 1
