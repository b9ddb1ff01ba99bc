"""Who has an older version of a guide is told of a newer one: once, if they may be mailed, and a few at a time."""

import msgspec
import pytest

from newsletter.addresses import parse
from newsletter.clock import DAY, MINUTE
from newsletter.errors import BadInput, Conflict
from newsletter.magnets import Magnet, telling
from newsletter.storage import Tx
from newsletter.subscribers import Subscriber
from tests.cast import House
from tests.conftest import Clock

ADA, BEN, CLEO = "ada@example.org", "ben@example.com", "cleo@example.org"
SLUG = "structure-your-career"


async def renewed(house: House, clock: Clock, content: bytes = b"second") -> Magnet:
    """A newer version, a day later."""
    clock.forward(DAY)
    (magnet,) = (await house.form()).magnets
    await house.db.write(house.site.magnets.add_version, magnet.id, "guide.pdf", b"%PDF-" + content, "")
    clock.forward(DAY)
    return (await house.db.read(house.site.magnets.of_form, (await house.form()).id))[0]


async def tells(house: House, magnet: Magnet) -> None:
    await house.db.write(
        telling.begin, house.site.magnets, SLUG, magnet.number, "A chapter more.\n\nAnd fixes."
    )


async def round_of(house: House) -> None:
    await telling.go_on(house.db, house.site.post, house.site.magnets)


async def told(house: House) -> list[str]:
    return [one.recipient for one in await house.mails() if one.message == "new_version"]


async def test_those_with_an_older_version_are_told_once(house: House, clock: Clock) -> None:
    ada, _, cleo = [await house.joins(email) for email in (ADA, BEN, CLEO)]
    magnet = await renewed(house, clock)
    assert await house.db.read(telling.audience, magnet) == 3
    await house.db.write(house.site.magnets.count, cleo.id, magnet.version_id, automatic=False)
    await house.joins("late@example.org")  # who joined after it was there got it at once
    assert await house.db.read(telling.audience, magnet) == 2
    await tells(house, magnet)
    await round_of(house)
    await round_of(house)
    assert await told(house) == [ADA, BEN]
    (mail,) = [one for one in await house.mails(ADA) if one.message == "new_version"]
    context = msgspec.json.decode(mail.context)
    assert context["words"] == ["A chapter more.", "And fixes."]
    assert context["downloads"][0]["link"][2] == [ada.id, magnet.id]
    assert context["unsubscribe"]
    standing = await house.db.read(telling.standing, magnet)
    assert standing is not None
    assert (standing.people, standing.done_at is not None) == (2, True)
    with pytest.raises(Conflict):
        await tells(house, magnet)
    await round_of(house)
    assert len(await told(house)) == 2


async def test_who_may_not_be_mailed_is_told_nothing(house: House, clock: Clock) -> None:
    ada, _, cleo = [await house.joins(email) for email in (ADA, BEN, CLEO)]
    await house.signs_up("never@example.org")  # and does not confirm
    magnet = await renewed(house, clock)
    await house.db.write(house.site.subscribers.unsubscribe, ada.id, "test")
    await house.db.write(house.site.suppressions.add, parse(BEN))

    async def pauses(tx: Tx) -> None:
        await tx.run("UPDATE subscribers SET paused_until = :to WHERE id = :id", to=tx.now + DAY, id=cleo.id)

    await house.db.write(pauses)
    assert await house.db.read(telling.audience, magnet) == 0
    await tells(house, magnet)
    await round_of(house)
    assert await told(house) == []


async def test_who_leaves_between_the_look_and_the_mail_is_told_nothing(house: House, clock: Clock) -> None:
    people = [await house.joins(email) for email in (ADA, BEN)]
    magnet = await renewed(house, clock)
    await tells(house, magnet)
    before = await house.db.read(telling.standing, magnet)
    assert before is not None

    async def tell(tx: Tx, seen: list[Subscriber]) -> None:
        await telling._tell(tx, house.site.post, house.site.magnets, magnet, before, seen)

    await house.db.write(house.site.subscribers.unsubscribe, people[0].id, "test")
    await house.db.write(tell, people)
    await house.db.write(tell, people)  # another process that had looked at the same time
    assert await told(house) == [BEN]


async def test_they_leave_a_slice_at_a_time_and_never_all_at_once(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    emails = [f"reader{n}@example.org" for n in range(5)]
    for email in emails:
        await house.joins(email)
    magnet = await renewed(house, clock)
    monkeypatch.setattr(telling, "SLICE", 2)
    await tells(house, magnet)
    await round_of(house)
    await round_of(house)  # the first of them is due, and has not left
    assert await told(house) == emails[:2]
    due = "SELECT count(DISTINCT not_before) FROM outbox WHERE message = 'new_version'"
    assert await house.count(due) == 2

    async def leave(tx: Tx) -> None:
        await tx.run("UPDATE outbox SET state = 'sent' WHERE message = 'new_version'")

    for _ in range(3):
        clock.forward(MINUTE)
        await house.db.write(leave)
        await round_of(house)
    assert await told(house) == emails


async def test_a_version_that_is_old_itself_is_told_of_no_more(house: House, clock: Clock) -> None:
    await house.joins(ADA)
    second = await renewed(house, clock)
    await tells(house, second)
    third = await renewed(house, clock, b"third")
    await round_of(house)
    assert await told(house) == []
    with pytest.raises(Conflict):  # a page that was open since before
        await tells(house, second)
    await tells(house, third)
    await round_of(house)
    assert await told(house) == [ADA]


async def test_a_guide_with_one_version_has_nothing_to_tell(house: House) -> None:
    (magnet,) = (await house.form()).magnets
    with pytest.raises(BadInput):
        await tells(house, magnet)
