"""Whose challenge it was and until when, whose passkey was used, and by what count: to the millisecond and the row."""

import pytest

from newsletter.addresses import parse
from newsletter.clock import MINUTE
from newsletter.errors import BadInput
from newsletter.owners import passkeys
from newsletter.owners.passkeys_store import Passkey
from tests.cast import House
from tests.conftest import Clock

OLGA = parse("olga@example.org")


async def olga(house: House) -> int:
    return (await house.db.write(house.site.owners.ensure, OLGA)).id


async def kept(house: House, owner: int, credential: str, counter: int = 0) -> Passkey:
    await house.db.write(passkeys.add, owner, "Phone", credential, "its-key", counter)
    found = await house.db.read(passkeys.find, credential)
    assert found is not None
    return found


async def test_a_challenge_is_good_for_less_than_five_minutes_and_once(house: House, clock: Clock) -> None:
    in_time = await house.db.write(passkeys.ask)
    late = await house.db.write(passkeys.ask)
    clock.forward(5 * MINUTE - 1)
    assert await house.db.write(passkeys.answered, in_time)
    assert not await house.db.write(passkeys.answered, in_time)
    clock.forward(1)
    assert not await house.db.write(passkeys.answered, late)


async def test_no_challenge_is_kept_for_long_after_its_time(house: House, clock: Clock) -> None:
    await house.db.write(passkeys.ask)
    clock.forward(5 * MINUTE + 1)
    await house.db.write(passkeys.ask)
    assert await house.count("SELECT count(*) FROM passkey_challenges") == 1


async def test_a_device_has_a_name_of_sixty_letters_at_most(house: House) -> None:
    own = await olga(house)
    assert await house.db.read(passkeys.name_of, own, f" {'a' * 60} ") == "a" * 60
    with pytest.raises(BadInput):
        await house.db.read(passkeys.name_of, own, "a" * 61)


async def test_a_challenge_is_answered_as_the_one_who_was_asked(house: House) -> None:
    own = await olga(house)
    for asked, other in ((own, None), (own, own + 1), (None, own)):
        challenge = await house.db.write(passkeys.ask, asked)
        assert not await house.db.write(passkeys.answered, challenge, other)
        assert await house.db.write(passkeys.answered, challenge, asked)


@pytest.mark.parametrize(
    ("known", "said", "good"),
    [(0, 0, True), (0, 1, True), (7, 8, True), (7, 7, False), (7, 6, False), (7, 0, False)],
)
async def test_its_counter_goes_on_and_nobody_elses_does(
    house: House, clock: Clock, known: int, said: int, good: bool
) -> None:
    own = await olga(house)
    phone, tablet = await kept(house, own, "phone", known), await kept(house, own, "tablet", known)
    assert await house.db.write(passkeys.used, phone, said) is good
    after = {one.credential: one for one in await house.db.read(passkeys.all, own)}
    assert after["tablet"] == tablet
    assert after["phone"].counter == (said if good else known)
    assert after["phone"].used_at == (clock.now() if good else None)


async def test_one_is_removed_by_its_owner_alone(house: House) -> None:
    own = await olga(house)
    phone, tablet = await kept(house, own, "phone"), await kept(house, own, "tablet")
    assert not await house.db.write(passkeys.remove, own + 1, phone.id)
    assert not await house.db.write(passkeys.remove, own, phone.id + tablet.id)
    assert await house.db.read(passkeys.all, own) == [tablet, phone]  # the newest first
    assert await house.db.write(passkeys.remove, own, phone.id)
    assert await house.db.read(passkeys.all, own) == [tablet]
