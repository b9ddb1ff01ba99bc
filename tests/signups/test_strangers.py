"""What somebody who types another person's address into the form can't do."""

import pytest

from newsletter.addresses import parse
from newsletter.clock import DAY, HOUR
from newsletter.signups import Submission
from tests.cast import House
from tests.conftest import Clock

ADA, BEN = "ada@example.org", "ben@example.org"


@pytest.mark.parametrize("spelling", ["jdoe@gmail.com", "j.d.o.e@googlemail.com", "jdoe+x@gmail.com"])
async def test_who_was_erased_is_not_mailed_in_another_spelling(house: House, spelling: str) -> None:
    erased = await house.joins("j.doe@gmail.com")
    await house.db.write(house.site.subscribers.erase, erased.id)
    before = len(await house.mails())
    await house.signs_up(spelling)

    assert await house.known(spelling) is None
    assert [mail.state for mail in (await house.mails())[before:]] == ["skipped"]


async def test_not_me_holds_for_every_spelling(house: House) -> None:
    await house.signs_up("j.doe@gmail.com")
    await house.db.write(house.site.signups.block, *await house.invitation("j.doe@gmail.com"))
    await house.signs_up("jdoe@gmail.com")
    assert await house.known("jdoe@gmail.com") is None


async def test_a_bounce_speaks_of_one_spelling(house: House) -> None:
    await house.db.write(house.site.post.suppress, "ada+old@example.org", "bounced")
    await house.signs_up(ADA)
    assert len(await house.mails(ADA)) == 1


async def test_a_name_that_a_stranger_typed_does_not_come_by_the_reminder(house: House, clock: Clock) -> None:
    await house.signs_up(BEN, "Ben")
    clock.forward(HOUR)
    form = await house.form()
    strange = Submission(parse(BEN), {"name": "Mallory http://evil.example"}, page="https://evil.example")
    await house.db.write(house.site.signups.sign_up, form, strange)
    clock.forward(49 * HOUR)
    assert await house.db.write(house.site.signups.remind) == 1

    assert [mail.message for mail in await house.mails(BEN)] == ["confirmation", "reminder"]
    assert (await house.confirms(BEN)).id
    assert (await house.person(BEN)).name == "Ben"


async def test_an_active_reader_is_not_mailed_day_after_day(house: House, clock: Clock) -> None:
    await house.joins(ADA)
    for _ in range(20):
        clock.forward(DAY)
        await house.signs_up(ADA)
    assert [mail.message for mail in await house.mails(ADA)].count("already") == 3

    clock.forward(31 * DAY)
    await house.signs_up(ADA)
    assert (await house.mails(ADA))[-1].message == "already"
