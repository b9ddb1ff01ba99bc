"""The suppression list to the millisecond and the row: who counts now, in which order, and what an end changes."""

import pytest

from newsletter.clock import DAY
from newsletter.mail import suppression
from newsletter.mail.suppression import Suppressed
from newsletter.storage import Database, Tx
from tests.conftest import NOON, Clock

A, B, C, D, E, F = (letter * 64 for letter in "abcdef")


async def listed(db: Database, *rows: Suppressed) -> None:
    for row in rows:
        assert await db.write(suppression.put, row)


async def keys(tx: Tx) -> list[str]:
    return [row.key for row in await suppression.page(tx, "", 9)]


@pytest.mark.parametrize(
    ("text", "is_one"), [(A, True), (A[1:], False), (A + "a", False), ("g" * 64, False), ("", False)]
)
def test_what_a_key_looks_like(text: str, is_one: bool) -> None:
    assert suppression.is_key(text) is is_one


async def test_those_count_whose_end_has_not_come(db: Database, clock: Clock) -> None:
    never, soon = Suppressed(A, "owner", NOON, None), Suppressed(B, "bounced", NOON, NOON + 1)
    await listed(
        db, never, soon, Suppressed(C, "bounced", NOON - 9, NOON), Suppressed(D, "owner", NOON, None)
    )
    assert await db.read(suppression.page, "", 9) == [never, soon, Suppressed(D, "owner", NOON, None)]
    assert await db.read(suppression.page, A, 1) == [soon]
    assert await db.read(suppression.counts) == {"bounced": 1, "owner": 2}
    assert await db.read(suppression.find, A, B) == [never, soon]
    assert await db.read(suppression.find, B, B) == [soon]
    assert await db.read(suppression.find, C, C) == []
    assert [row.key for row in await db.read(suppression.newest, (0, ""), 9)] == [A, B, D]
    clock.forward(1)
    assert await db.read(keys) == [A, D]
    assert await db.read(suppression.counts) == {"owner": 2}
    assert await db.read(suppression.find, A, B) == [never]
    assert [row.key for row in await db.read(suppression.newest, (0, ""), 9)] == [A, D]


async def test_a_page_of_the_newest_goes_on_where_the_last_one_ended(db: Database) -> None:
    """Also among those of one moment, by key."""
    await listed(
        db, *(Suppressed(key, "owner", at, None) for key, at in ((B, 5), (A, 5), (D, 7), (C, 5), (E, 3)))
    )
    seen: list[str] = []
    place = (0, "")
    for _ in range(5):
        (row,) = await db.read(suppression.newest, place, 1)
        seen.append(row.key)
        place = row.created_at, row.key
    assert seen == [D, A, B, C, E]
    assert await db.read(suppression.newest, place, 1) == []
    found = await db.read(suppression.find, B, D)
    assert [row.key for row in found] == [B, D], "the oldest reason first"


async def test_the_longer_of_two_ends_holds(db: Database) -> None:
    await listed(db, Suppressed(A, "bounced", NOON, NOON + 5))
    same = Suppressed(A, "owner", NOON + 1, NOON + 5)
    assert not await db.write(suppression.put, same)
    assert await db.write(suppression.put, Suppressed(A, "owner", NOON + 1, NOON + 6))
    assert await db.read(suppression.find, A, A) == [Suppressed(A, "owner", NOON, NOON + 6)]
    assert await db.write(suppression.put, Suppressed(A, "complained", NOON + 1, None))
    assert not await db.write(suppression.put, Suppressed(A, "owner", NOON + 1, NOON + 9))
    assert not await db.write(suppression.put, Suppressed(A, "owner", NOON + 1, None))
    assert await db.read(suppression.find, A, A) == [Suppressed(A, "complained", NOON, None)]


async def test_an_address_is_taken_off_with_its_mailbox(db: Database) -> None:
    await listed(db, *(Suppressed(key, "owner", NOON, None) for key in (A, B, C)))
    assert await db.write(suppression.remove, A, B)
    assert not await db.write(suppression.remove, A, B)
    assert await db.read(keys) == [C]


async def test_what_ended_a_month_ago_is_forgotten(db: Database) -> None:
    month = NOON - 30 * DAY
    await listed(db, Suppressed(A, "bounced", 1, month), Suppressed(B, "bounced", 1, month - 1))
    await listed(db, Suppressed(C, "bounced", 1, None))
    await db.write(suppression.forget_expired)

    async def count(tx: Tx) -> int:
        return int(await tx.value("SELECT count(*) FROM suppressions"))

    assert await db.read(count) == 2
    assert not await db.write(suppression.put, Suppressed(A, "bounced", 1, month)), "the other is gone"
