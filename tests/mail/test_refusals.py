"""Which refusals make a provider one that doesn't want us: three by policy within an hour, each of a reader's mail."""

import pytest

from newsletter.clock import HOUR
from newsletter.mail import refusals
from newsletter.mail.refusals import PAUSE, distrusted
from newsletter.storage import Database, Tx
from tests.conftest import NOON, Clock
from tests.mail.mailing import people


async def refused(
    tx: Tx, number: int, domain: str, *, at: int = NOON, kind: str = "policy", person: int | None = 1
) -> None:
    """Mail `number` came back; `person` is none for a commenter's."""
    await tx.run(
        """INSERT INTO outbox (id, message, priority, recipient, context, message_id, state, not_before, created_at)
           VALUES (:id, 'guide', 0, :to, '{}', '', 'sent', 0, 0)""",
        id=number,
        to=f"reader{number}@{domain}",
    )
    await tx.run(
        """INSERT INTO bounces (outbox_id, kind, subscriber_id, sent_at, at)
           VALUES (:id, :kind, :person, 0, :at)""",
        id=number,
        kind=kind,
        person=person,
        at=at,
    )


async def slow_until(tx: Tx) -> dict[str, int]:
    return {
        name: int(await tx.value("SELECT slow_until FROM send_domains WHERE name = :name", name=name) or 0)
        for name in ("gmail.com", "example.org")
    }


async def test_the_third_within_an_hour_is_too_many_and_no_other_counts(db: Database, clock: Clock) -> None:
    await people(db, 1)
    await db.write(refused, 1, "gmail.com")
    await db.write(refused, 2, "googlemail.com", at=NOON - HOUR + 1)  # the same provider's
    await db.write(refused, 3, "gmail.com", at=NOON - HOUR)
    await db.write(refused, 4, "gmail.com", kind="soft")
    await db.write(refused, 5, "gmail.com", person=None)
    await db.write(refused, 6, "example.org")
    assert await db.write(distrusted, "reader1@gmail.com") == ""
    assert await db.read(slow_until) == {"gmail.com": 0, "example.org": 0}
    await db.write(refused, 7, "gmail.com")
    assert await db.write(distrusted, "reader7@gmail.com") == "gmail.com"
    assert await db.read(slow_until) == {"gmail.com": NOON + PAUSE, "example.org": 0}
    assert await db.write(distrusted, "reader7@gmail.com") == "", "it is left alone already"
    clock.forward(HOUR)  # and what came back before has no say any more
    assert await db.write(distrusted, "reader7@gmail.com") == ""


async def test_of_very_many_the_newest_are_looked_at(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "_LOOK_AT", 3)
    await people(db, 1)
    for number in range(3):
        await db.write(refused, number, "example.org", at=NOON - 10)
        await db.write(refused, 10 + number, "gmail.com", at=NOON - 5)
    assert await db.write(distrusted, "reader1@example.org") == ""
    assert await db.write(distrusted, "reader1@gmail.com") == "gmail.com"
