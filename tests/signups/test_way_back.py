"""What keeps the door open for those who left, and shut for those who should not come in."""

import pytest

from newsletter.clock import DAY
from newsletter.errors import NotFound
from newsletter.storage import Tx
from tests.cast import House
from tests.conftest import Clock

ADA = "ada@example.org"


async def test_guides_asked_for_again_do_not_use_up_the_way_back(house: House, clock: Clock) -> None:
    ada = await house.joins(ADA)
    for _ in range(4):
        await house.signs_up(ADA)
        clock.forward(DAY)
    await house.db.write(house.site.subscribers.unsubscribe, ada.id, "test")
    await house.signs_up(ADA)

    newest = (await house.mails(ADA))[-1]
    assert (newest.message, newest.state) == ("confirmation", "queued")


async def test_a_link_that_died_while_it_was_pressed_joins_nobody(house: House) -> None:
    await house.signs_up(ADA)
    invitation = await house.invitation(ADA)

    async def blocked_meanwhile(tx: Tx) -> None:
        await tx.run("UPDATE subscribers SET status = 'blocked', epoch = epoch + 1")

    await house.db.write(blocked_meanwhile)
    with pytest.raises(NotFound):
        await house.db.write(house.site.signups.confirm, *invitation)
    assert await house.count("SELECT count(*) FROM signups WHERE confirmed_at IS NOT NULL") == 0


async def test_the_page_shows_the_words_that_were_offered_then(house: House) -> None:
    await house.signs_up(ADA)
    before = (await house.form()).wording

    async def reword(tx: Tx) -> None:
        await tx.run("INSERT INTO wordings SELECT 1, form_id, 2, 'Other words', '', 0 FROM wordings")
        await tx.run("UPDATE forms SET wording_id = 1")

    await house.db.write(reword)
    form = await house.db.read(house.site.signups.invited, *await house.invitation(ADA))
    assert form.wording == before


async def test_a_scrub_that_storage_refused_is_made_up_for(house: House, clock: Clock) -> None:
    ada = await house.joins(ADA, "Ada Lovelace")
    traces = await house.db.write(house.site.subscribers.erase, ada.id)
    assert traces == (ADA,)

    assert not await house.db.read(house.site.subscribers.scrub_due)
    clock.forward(DAY)
    assert await house.db.read(house.site.subscribers.scrub_due)
    await house.db.write(house.site.subscribers.scrubbed, clock.now())
    assert not await house.db.read(house.site.subscribers.scrub_due)
