"""For which mailing it counts that somebody left, what of theirs is not sent any more, and why people were skipped."""

import pytest

from newsletter.mail import Mailings, Recipient, journal, responses
from newsletter.storage import Database
from tests.conftest import NOON
from tests.mail.conftest import rows, run
from tests.mail.mailing import content, people, sent_off


async def three(db: Database, mailings: Mailings) -> list[int]:
    """Mailings to readers 1 and 2."""
    readers = await people(db, 2)
    made: list[int] = [await db.write(mailings.start, content()) for _ in range(3)]
    for mailing_id in made:
        await db.write(mailings.fill, mailing_id, readers)
    return made


async def reached(db: Database, mailing_id: int, reader: int, state: str, at: int | None) -> None:
    await run(
        db,
        """UPDATE outbox SET state = :state, settled_at = :at, created_at = :made
           WHERE mailing_id = :id AND subscriber_id = :reader""",
        id=mailing_id,
        reader=reader,
        state=state,
        at=at,
        made=NOON,
    )


async def counted(db: Database, made: list[int]) -> list[int]:
    return [(await db.read(responses.responses, one))["unsubscribed"] for one in made]


@pytest.mark.parametrize(
    ("states", "counts"),
    [
        ([("sent", NOON + 5), ("sent", NOON + 9), ("sent", NOON + 7)], [0, 1, 0]),  # the last that they got
        ([("sent", NOON + 5), ("failed", NOON + 9), ("skipped", NOON + 7)], [1, 0, 0]),
        ([("sending", None), ("sent", NOON - 1), ("queued", None)], [1, 0, 0]),  # on the wire, or perhaps got
        ([("sent", NOON + 1), ("in_doubt", NOON + 2), ("failed", NOON + 3)], [0, 1, 0]),
        ([("sent", NOON + 5), ("sent", NOON + 5), ("failed", NOON)], [0, 1, 0]),  # at once: the later one
        ([("failed", NOON + 5), ("skipped", NOON + 5), ("failed", NOON)], [0, 0, 0]),
    ],
)
async def test_who_leaves_counts_for_what_they_had_got_last(
    db: Database, mailings: Mailings, states: list[tuple[str, int | None]], counts: list[int]
) -> None:
    made = await three(db, mailings)
    for mailing_id, (state, at) in zip(made, states, strict=True):
        await reached(db, mailing_id, 1, state, at)
        await reached(db, mailing_id, 2, "sent", NOON + 99)  # another's say nothing of it
    await db.write(responses.left, 1)
    assert await counted(db, made) == counts
    await db.write(responses.left, 1)
    assert await counted(db, made) == counts, "once a person"


async def test_what_waits_of_what_goes_to_many_is_skipped_and_nothing_else(
    db: Database, mailings: Mailings
) -> None:
    await people(db, 2)
    mailing_id: int = await db.write(mailings.start, content())
    stand = {  # id: reader, mailing, state, worker
        1: (1, mailing_id, "queued", None),
        2: (1, mailing_id + 1, "deferred", None),
        3: (1, mailing_id + 2, "sending", 7),  # reserved, and not begun
        11: (1, mailing_id + 3, "sending", 7),  # on the wire
        12: (1, mailing_id + 4, "sending", 7),  # accepted
        13: (1, mailing_id + 5, "sending", 8),  # its worker keeps no journal: perhaps on the wire
        14: (1, mailing_id + 6, "sending", None),
        15: (1, None, "queued", None),
        16: (1, None, "sending", 7),
        17: (1, mailing_id + 7, "sent", None),
        21: (2, mailing_id, "queued", None),
        22: (2, mailing_id + 1, "sending", 7),
    }
    for id, (reader, mailing, state, worker) in stand.items():
        await run(
            db,
            """INSERT INTO outbox (id, message, priority, subscriber_id, recipient, context, message_id, state,
                                   not_before, created_at, worker, mailing_id)
               VALUES (:id, 'x', 0, :reader, 'reader@example.org', '{}', '', :state, 0, 0, :worker, :mailing)""",
            id=id,
            reader=reader,
            state=state,
            worker=worker,
            mailing=mailing,
        )
    await db.write(journal.add, 7, [11], {12: "250 ok"})
    await db.write(responses.skip_waiting, 1)
    found = await rows(db)
    skipped = [row for row in found if row.id in (1, 2, 3)]
    assert {(row.state, row.recipient, row.reply, row.settled_at, row.worker) for row in skipped} == {
        ("skipped", "", responses.LEFT, NOON, None)
    }
    assert {row.id: (row.state, row.worker) for row in found if row.id > 3} == {
        id: (state, worker) for id, (_, _, state, worker) in stand.items() if id > 3
    }


async def test_why_people_were_skipped_is_said_with_the_most_first(db: Database, mailings: Mailings) -> None:
    mailing_id = await sent_off(db, mailings, 30)
    other = await sent_off_again(db, mailings)
    await run(db, "UPDATE outbox SET state = 'skipped', reply = 'left'")
    await run(db, "UPDATE outbox SET reply = 'gone' WHERE subscriber_id > 5")
    await run(db, "UPDATE outbox SET state = 'sent', reply = 'ok' WHERE subscriber_id = 30")
    assert list((await db.read(responses.skips, mailing_id)).items()) == [("gone", 24), ("left", 5)]
    assert await db.read(responses.skips, other) == {"left": 1}
    await run(db, "UPDATE outbox SET state = 'skipped', reply = 'why ' || subscriber_id")
    assert len(await db.read(responses.skips, mailing_id)) == 20, "there are no more sentences of ours"


async def sent_off_again(db: Database, mailings: Mailings) -> int:
    """To reader 1."""
    mailing_id: int = await db.write(mailings.start, content())
    await db.write(mailings.fill, mailing_id, [Recipient(1, "reader1@example.org")])
    return mailing_id
