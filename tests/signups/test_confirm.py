"""The button: confirms once, records what was agreed to, delivers the guide; and what undoes it."""

import asyncio

import msgspec
import pytest

from newsletter.clock import DAY, HOUR
from newsletter.errors import NotFound
from newsletter.storage import Database, Tx
from newsletter.subscribers import consent
from newsletter.subscribers.store import consents
from tests.cast import SETTINGS, House, build
from tests.conftest import Clock

BEN = "ben@example.org"


async def test_it_works(house: House) -> None:
    await house.signs_up(BEN, "Ben")
    done = await house.db.write(house.site.signups.confirm, *await house.invitation(BEN))

    assert done.fresh
    ben = await house.person(BEN)
    assert (ben.status, ben.name) == ("active", "Ben")
    guide = (await house.mails(BEN))[-1]
    assert guide.message == "guide"
    assert msgspec.json.decode(guide.context)["downloads"][0]["title"] == "Structure your career"


async def test_a_form_that_was_read_serves_the_next_ones(house: House) -> None:
    await house.signs_up(BEN)
    done = await house.db.write(house.site.signups.confirm, *await house.invitation(BEN))
    house.site.forms.keep(done.form)

    assert house.site.forms.kept(done.form.id) is done.form
    assert await house.form() == done.form


async def test_a_hundred_at_once_make_one_event_and_one_mail(house: House) -> None:
    await house.signs_up(BEN)
    invitation = await house.invitation(BEN)
    done = await asyncio.gather(
        *(house.db.write_in_crowd("one", house.site.signups.confirm, *invitation) for _ in range(100))
    )

    assert sum(one.fresh for one in done) == 1
    assert await house.count("SELECT count(*) FROM consent_records") == 1
    assert [m.message for m in await house.mails(BEN)] == ["confirmation", "guide"]


async def test_two_links_of_one_person_make_one_event(house: House, clock: Clock) -> None:
    await house.signs_up(BEN)
    first = await house.invitation(BEN)
    clock.forward(DAY)
    await house.signs_up(BEN)
    second = await house.invitation(BEN)
    assert first != second
    await asyncio.gather(
        *(
            house.db.write_in_crowd(str(one), house.site.signups.confirm, *one)
            for one in (first, first, second)
        )
    )

    assert await house.count("SELECT count(*) FROM consent_records") == 1
    assert [m.message for m in await house.mails(BEN)].count("guide") == 1


async def test_the_record_says_what_was_agreed_to(house: House, clock: Clock) -> None:
    requested = clock.now()
    await house.signs_up(BEN)
    clock.forward(HOUR)
    ben = await house.confirms(BEN)
    confirmation = (await house.mails(BEN))[0]
    (record,) = await house.db.read(consents.chain, ben.id)

    form = await house.form()
    assert (record.kind, record.requested_at, record.at) == ("confirmed", requested, requested + HOUR)
    assert (record.form_id, record.wording_id) == (form.id, form.wording_id)
    assert record.message_id == confirmation.message_id
    assert "ip" not in record.detail


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE consent_records SET at = at - 1 WHERE number = 1",
        "UPDATE consent_records SET wording_id = 1 WHERE number = 1",
        'UPDATE consent_records SET detail = \'{"page":"x"}\' WHERE number = 1',
        "DELETE FROM consent_records WHERE number = 1",
        "DELETE FROM consent_records WHERE number = 2",
        "UPDATE consent_records SET number = number + 10",
    ],
)
async def test_an_altered_record_breaks_the_chain(house: House, forgery: str) -> None:
    ben = await house.joins(BEN)
    await house.db.write(house.site.subscribers.unsubscribe, ben.id, "test")

    async def intact(tx: Tx) -> bool:
        person = await house.site.subscribers.find(tx, ben.id)
        return consent.intact(house.site.tokens, await consents.chain(tx, ben.id), person.consent_head)

    async def forge(tx: Tx) -> None:
        await tx.run(forgery)

    assert await house.db.read(intact)
    await house.db.write(forge)
    assert not await house.db.read(intact)


async def test_the_ip_is_kept_only_where_it_was_given(house: House) -> None:
    ben = await house.joins(BEN)
    assert await house.count(f"SELECT count(*) FROM signups WHERE subscriber_id = {ben.id} AND ip <> ''") == 0


async def test_this_was_not_me_forgets_and_blocks(house: House, clock: Clock) -> None:
    await house.signs_up(BEN, "Mallory")
    invitation = await house.invitation(BEN)
    done = await house.db.write(house.site.signups.block, *invitation)

    assert done.standing == "blocked"
    assert BEN in done.traces
    assert await house.known(BEN) is None
    assert await house.mails(BEN) == []
    with pytest.raises(NotFound):
        await house.db.write(house.site.signups.confirm, *invitation)
    clock.forward(DAY)
    await house.signs_up(BEN)
    assert await house.mails(BEN) == []


async def test_this_was_not_me_does_not_throw_out_who_is_in(house: House) -> None:
    await house.signs_up(BEN)
    invitation = await house.invitation(BEN)
    await house.confirms(BEN)
    await house.db.write(house.site.signups.block, *invitation)

    assert (await house.person(BEN)).status == "active"


async def test_a_pending_person_is_reminded_once(house: House, clock: Clock) -> None:
    await house.signs_up(BEN)
    clock.forward(47 * HOUR)
    assert await house.db.write(house.site.signups.remind) == 0
    clock.forward(2 * HOUR)
    assert await house.db.write(house.site.signups.remind) == 1
    clock.forward(49 * HOUR)
    assert await house.db.write(house.site.signups.remind) == 0

    assert [m.message for m in await house.mails(BEN)] == ["confirmation", "reminder"]
    await house.confirms(BEN)


async def test_who_confirmed_is_not_reminded(house: House, clock: Clock) -> None:
    await house.joins(BEN)
    clock.forward(49 * HOUR)
    assert await house.db.write(house.site.signups.remind) == 0


async def test_reminders_can_be_switched_off(db: Database, clock: Clock) -> None:
    silent = await build(db, msgspec.structs.replace(SETTINGS, reminder_hours=0))
    await silent.signs_up(BEN)
    clock.forward(49 * HOUR)
    assert await silent.db.write(silent.site.signups.remind) == 0


async def test_who_never_confirms_is_forgotten_after_thirty_days(house: House, clock: Clock) -> None:
    await house.joins("ada@example.org")
    await house.signs_up(BEN)
    clock.forward(30 * DAY - HOUR)
    assert await house.db.write(house.site.signups.purge) == ()
    clock.forward(2 * HOUR)
    assert BEN in await house.db.write(house.site.signups.purge)

    assert await house.known(BEN) is None
    assert await house.mails(BEN) == []
    assert (await house.person("ada@example.org")).status == "active"
