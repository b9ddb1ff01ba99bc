"""Who never confirms is forgotten in time, whoever types their address again."""

from newsletter.clock import DAY, HOUR
from tests.cast import House
from tests.conftest import NOON, Clock

BEN = "ben@example.org"


async def purge(house: House) -> bool:
    """Whether ben is forgotten now."""
    await house.db.write(house.site.signups.purge)
    return await house.known(BEN) is None


async def test_who_signs_up_again_came_when_they_first_came(house: House, clock: Clock) -> None:
    await house.signs_up(BEN)
    clock.forward()
    await house.signs_up(BEN)
    assert (await house.person(BEN)).created_at == NOON


async def test_a_link_that_was_just_mailed_stays_good(house: House, clock: Clock) -> None:
    await house.signs_up(BEN)
    clock.forward(29 * DAY)
    await house.signs_up(BEN)
    clock.forward(7 * DAY - HOUR)
    assert not await purge(house)
    assert (await house.confirms(BEN)).email == BEN


async def test_so_does_one_that_was_asked_for_anew(house: House, clock: Clock) -> None:
    await house.signs_up(BEN)
    clock.forward(29 * DAY)
    await house.db.write(house.site.signups.invite_again, *await house.invitation(BEN))
    clock.forward(7 * DAY - HOUR)
    assert not await purge(house)
    clock.forward(2 * HOUR)
    assert await purge(house)


async def test_nobody_is_kept_by_being_typed_again(house: House, clock: Clock) -> None:
    """The hardest a stranger can try: each of the three mails as late as it still helps, and once a day beside."""
    days = 0
    while days == 0 or not await purge(house):
        if days in (0, 30) or days >= 36:
            await house.signs_up(BEN)
        clock.forward(DAY)
        days += 1
    assert days == 36 + 7  # tried by the hour, two times seven after thirty

    await house.signs_up(BEN)
    clock.forward(30 * DAY)
    await house.signs_up(BEN)
    clock.forward(1)
    assert await house.mails(BEN) == []
    assert await purge(house)
