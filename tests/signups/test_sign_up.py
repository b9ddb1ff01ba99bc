"""A sign-up keeps the request and causes the one mail it should, whoever the address belongs to."""

import asyncio

import msgspec
import pytest

from newsletter.addresses import parse
from newsletter.clock import DAY, HOUR
from newsletter.errors import BadInput
from newsletter.signups import Submission
from newsletter.storage import Tx
from tests.cast import House
from tests.conftest import Clock

BEN = "ben@example.org"
ADA = "ada@example.org"


async def test_it_works(house: House) -> None:
    await house.signs_up(BEN, "Ben")

    (mail,) = await house.mails(BEN)
    assert (mail.message, mail.state) == ("confirmation", "queued")
    ben = await house.person(BEN)
    assert (ben.status, ben.name) == ("pending", "")


async def test_nothing_that_was_typed_is_in_the_mail(house: House) -> None:
    await house.signs_up(BEN, "Buy pills at evil.example")

    (mail,) = await house.mails(BEN)
    assert "pills" not in mail.context


async def test_a_pending_address_is_mailed_once_a_day_and_three_times_ever(
    house: House, clock: Clock
) -> None:
    for _ in range(10):
        await house.signs_up(BEN)
        clock.forward(DAY + HOUR)

    assert len(await house.mails(BEN)) == 3
    assert {m.reply for m in await house.mails() if m.state == "skipped"} == {"budget"}


async def test_dots_and_tags_count_as_one_mailbox(house: House) -> None:
    for spelling in ("be.n@gmail.com", "ben@gmail.com", "b.e.n+a@gmail.com", "BEN+b@googlemail.com"):
        await house.signs_up(spelling)

    assert sum(m.state == "queued" for m in await house.mails()) == 1


async def test_many_sign_ups_at_once_cause_one_mail(house: House) -> None:
    await asyncio.gather(*(house.signs_up(BEN) for _ in range(50)))

    assert sum(m.state == "queued" for m in await house.mails()) == 1
    assert await house.count("SELECT count(*) FROM subscribers") == 1
    assert await house.count("SELECT count(*) FROM signups") == 50


async def test_an_active_subscriber_gets_the_guide_again_but_not_at_every_push(
    house: House, clock: Clock
) -> None:
    await house.joins(ADA, "Ada")
    await house.signs_up(ADA, "Mallory")
    await house.signs_up(ADA, "Mallory")

    assert [m.message for m in await house.mails(ADA)] == ["confirmation", "guide", "already"]
    assert (await house.person(ADA)).name == "Ada"
    clock.forward(DAY)
    await house.signs_up(ADA)
    assert [m.message for m in await house.mails(ADA)][-1] == "already"


async def test_who_left_may_come_back_only_by_confirming(house: House, clock: Clock) -> None:
    ada = await house.joins(ADA)
    old = await house.invitation(ADA)
    await house.db.write(house.site.subscribers.unsubscribe, ada.id, "test")
    clock.forward(DAY)
    await house.signs_up(ADA)

    assert (await house.person(ADA)).status == "unsubscribed"
    with pytest.raises(Exception, match="earlier sign-up"):
        await house.db.write(house.site.signups.confirm, *old)
    assert (await house.confirms(ADA)).id == ada.id
    assert (await house.person(ADA)).status == "active"


async def test_a_blocked_or_erased_address_is_never_written_down_nor_mailed(
    house: House, clock: Clock
) -> None:
    ada = await house.joins(ADA)
    await house.db.write(house.site.subscribers.erase, ada.id)
    clock.forward(DAY)
    await house.signs_up(ADA, "Ada")

    assert await house.known(ADA) is None
    assert [(m.state, m.reply, m.recipient) for m in await house.mails()][-1] == ("skipped", "suppressed", "")
    assert await house.count("SELECT count(*) FROM signups WHERE name <> ''") == 0


@pytest.mark.parametrize(
    "status", ["complained", "blocked"]
)  # who bounced: tests/subscribers/test_returns.py
async def test_the_mute_are_mailed_nothing(house: House, clock: Clock, status: str) -> None:
    ada = await house.joins(ADA)

    async def become(tx: Tx) -> None:
        await tx.run("UPDATE subscribers SET status = :status WHERE id = :id", status=status, id=ada.id)

    await house.db.write(become)
    clock.forward(DAY)
    await house.signs_up(ADA)
    assert (await house.mails())[-1].reply == status


async def test_every_standing_writes_the_same_rows(house: House, clock: Clock) -> None:
    """Promise 6: what a stranger could measure does not depend on who it is."""
    await house.joins(ADA)
    await house.signs_up(BEN)
    erased = await house.joins("cleo@example.org")
    await house.db.write(house.site.subscribers.erase, erased.id)
    for email in (ADA, BEN, "cleo@example.org", "new@example.org"):
        before = [await house.count(f"SELECT count(*) FROM {table}") for table in ("signups", "outbox")]
        await house.signs_up(email)
        after = [await house.count(f"SELECT count(*) FROM {table}") for table in ("signups", "outbox")]
        assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1], email


async def test_a_proof_of_work_is_spent_once(house: House, clock: Clock) -> None:
    submission = Submission(parse(BEN), {}, proof=("abc", clock.now() + HOUR))
    await house.db.write(house.site.signups.sign_up, await house.form(), submission)

    with pytest.raises(BadInput):
        await house.db.write(house.site.signups.sign_up, await house.form(), submission)


async def test_own_fields_reach_the_subscriber_with_the_confirmation(house: House) -> None:
    submission = Submission(parse(BEN), {"name": "Ben", "city": "Porto"}, page="https://blog.example.org")
    await house.db.write(house.site.signups.sign_up, await house.form(), submission)
    assert (await house.person(BEN)).fields == "{}"

    await house.confirms(BEN)
    ben = await house.person(BEN)
    assert (ben.name, msgspec.json.decode(ben.fields)) == ("Ben", {"city": "Porto"})
