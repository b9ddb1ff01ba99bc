"""What a broadcast came to, in people: counted from rows, each once. On both engines."""

import pytest

from newsletter.broadcasts import Broadcast, Numbers, numbers
from newsletter.clock import MINUTE
from newsletter.errors import NotFound
from newsletter.mail import Tally, bulk_turns, limits, responses
from newsletter.mail.responses import Response, note
from newsletter.web.kit import people as everybody
from tests.broadcasts.writing import Desk
from tests.conftest import Clock
from tests.mail.conftest import CONTEXTS, run
from tests.mail.mailing import people


async def of(desk: Desk, one: Broadcast) -> Numbers:
    return await desk.db.read(numbers, desk.site.mailings, one.id)


async def gone_out(desk: Desk, subject: str = "On work") -> Broadcast:
    """To everybody, whose servers have all taken it."""
    one = await desk.sends(subject=subject)
    await desk.fills(one)
    await desk.hands_over(one)
    return one


async def leaves(desk: Desk, person: int) -> None:
    await desk.db.write(desk.site.subscribers.unsubscribe, person, "one-click")


async def test_everybody_is_in_one_number(desk: Desk) -> None:
    await people(desk.db, 9)
    one = await desk.sends()
    await desk.fills(one)
    ends = {"sent": (1, 2, 3), "failed": (4,), "in_doubt": (5, 6)}
    for state, who in ends.items():
        for person in who:
            await run(desk.db, "UPDATE outbox SET state = :to WHERE subscriber_id = :id", to=state, id=person)
    for person, why in ((7, responses.LEFT), (8, responses.LEFT), (9, bulk_turns.SUPPRESSED)):
        await run(
            desk.db,
            "UPDATE outbox SET state = 'skipped', reply = :why WHERE subscriber_id = :id",
            why=why,
            id=person,
        )
    seen = await of(desk, one)
    assert seen.tally == Tally(sent=3, failed=1, in_doubt=2, skipped=3)
    assert seen.tally.sent == 3
    assert list(seen.skips.items()) == [(responses.LEFT, 2), (bulk_turns.SUPPRESSED, 1)]
    assert seen.tally.total == 9


async def test_a_draft_has_none_and_nothing_has_none_at_all(desk: Desk) -> None:
    assert await of(desk, await desk.writes()) == Numbers()
    with pytest.raises(NotFound):
        await desk.db.read(numbers, desk.site.mailings, 41)


async def test_who_leaves_counts_for_the_last_that_they_got(desk: Desk) -> None:
    await people(desk.db, 4)
    first = await gone_out(desk, subject="First")
    await leaves(desk, 1)
    second = await gone_out(desk, subject="Second")
    await leaves(desk, 2)
    await leaves(desk, 2)  # the link again: they have left already
    assert ((await of(desk, first)).unsubscribed, (await of(desk, second)).unsubscribed) == (1, 1)
    assert (await of(desk, second)).tally.sent == 3


async def test_who_leaves_by_another_mail_or_before_it_came_counts_for_none(desk: Desk) -> None:
    await people(desk.db, 3)
    one = await desk.sends()
    await desk.fills(one)
    await leaves(desk, 1)
    assert [slip.state for slip in await desk.slips(one)] == ["skipped", "queued", "queued"]
    await desk.hands_over(one)
    await desk.db.write(
        desk.site.post.enqueue, "guide", "reader2@example.org", context=CONTEXTS["guide"], subscriber_id=2
    )
    await run(
        desk.db, "UPDATE outbox SET state = 'sent', settled_at = 9000000000000000 WHERE mailing_id IS NULL"
    )
    await leaves(desk, 2)
    assert (await of(desk, one)).unsubscribed == 0


async def test_what_came_back_counts_once_a_person_and_goes_with_them(desk: Desk) -> None:
    await people(desk.db, 3)
    one = await gone_out(desk)
    mailing_id = (await desk.now(one)).mailing_id
    assert mailing_id
    said: list[tuple[int, Response]] = [
        (1, "bounced"),
        (1, "bounced"),
        (2, "complained"),
        (3, "bounced"),
        (2, "unsubscribed"),
        (41, "bounced"),
    ]
    news = [await desk.db.write(note, mailing_id, person, kind) for person, kind in said]
    assert news == [True, False, True, True, True, False]
    seen = await of(desk, one)
    assert (seen.bounced, seen.complained, seen.unsubscribed) == (2, 1, 1)

    known = await desk.db.read(everybody.own_data, desk.site, 3)
    assert [(row["kind"], row["message_id"]) for row in known["responses"]] == [
        ("bounced", known["messages"][0]["message_id"])
    ]
    assert known["messages"][0]["subject"] == one.subject
    await desk.db.write(everybody.erase, desk.site, 3)
    seen = await of(desk, one)
    assert (seen.bounced, seen.tally.sent) == (1, 2)


async def test_a_relay_in_trouble_is_told_as_long_as_something_waits_for_it(desk: Desk, clock: Clock) -> None:
    await people(desk.db, 2)
    one = await desk.in_state("sending")
    assert (await of(desk, one)).waits == []
    await desk.db.write(limits.pause, 60, 60)
    told = ["Your mail server takes nothing at the moment. It is asked again by itself."]
    assert (await of(desk, one)).waits == told
    clock.forward(MINUTE)
    assert (await of(desk, one)).waits == []
    await desk.db.write(limits.pause, 60, 60)
    await desk.does("pause", one)
    assert (await of(desk, one)).waits == []
    await desk.does("resume", one)
    await desk.hands_over(one)
    assert (await of(desk, one)).waits == []
