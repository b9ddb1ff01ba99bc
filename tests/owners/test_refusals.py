"""What the desk's people, passkeys and second steps refuse, and how it is told: it is one's own page that says so."""

import pytest

from newsletter.addresses import parse
from newsletter.clock import HOUR, MINUTE, SECOND
from newsletter.errors import BadInput, Conflict, Expired, NotFound, TooMany
from newsletter.owners import passkeys, people, second_step, totp
from tests.cast import House
from tests.conftest import Clock

OLGA, EMMA = parse("olga@example.org"), parse("emma@example.org")


async def olga(house: House) -> int:
    return (await house.db.write(house.site.owners.ensure, OLGA)).id


async def test_a_role_that_there_is_none_of_is_nobodys(house: House) -> None:
    db, own = house.db, await olga(house)
    with pytest.raises(BadInput) as caught:
        await db.write(people.invite, house.site.post, EMMA, "king")
    assert "owner" in caught.value.fields["role"]
    with pytest.raises(BadInput) as caught:
        await db.write(people.change_role, own, "king")
    assert list(caught.value.fields) == ["role"]
    (left,) = await db.read(people.everyone)
    assert (left.email, left.role) == (OLGA.email, "owner")
    with pytest.raises(NotFound):
        await db.write(people.change_role, own + 1, "owner")


async def test_one_device_has_one_passkey_and_one_person_not_too_many(house: House) -> None:
    db, own = house.db, await olga(house)
    for n in range(passkeys.MOST):
        name = await db.read(passkeys.name_of, own, f"  Phone  {n} ")
        assert name == f"Phone {n}"
        await db.write(passkeys.add, own, name, f"device-{n}", "its-key", 0)
    with pytest.raises(BadInput) as caught:
        await db.read(passkeys.name_of, own, "One more")
    assert "20 passkeys already" in caught.value.fields["name"]
    with pytest.raises(Conflict, match="has a passkey for this desk already"):
        await db.write(passkeys.add, own, "Again", "device-3", "another-key", 9)
    found = await db.read(passkeys.find, "device-3")
    assert found is not None
    assert (found.name, found.public_key, found.counter) == ("Phone 3", "its-key", 0)


async def test_a_second_step_is_begun_before_it_is_shown_to_work_and_once(house: House, clock: Clock) -> None:
    db, tokens, own = house.db, house.site.tokens, await olga(house)
    with pytest.raises(Conflict, match="is not on"):
        await db.write(second_step.confirm, tokens, own, "000000")
    await db.write(second_step.begin, own)
    secret = (await db.read(second_step.standing, tokens, own)).secret
    code = totp.code(secret, clock.now() // totp.PERIOD)
    await db.write(second_step.confirm, tokens, own, code)
    clock.forward(totp.PERIOD)
    with pytest.raises(Conflict, match="is on already"):
        await db.write(second_step.confirm, tokens, own, totp.code(secret, clock.now() // totp.PERIOD))
    assert (await db.read(second_step.standing, tokens, own)).codes_left == second_step.CODES


def test_what_came_of_a_code_is_told() -> None:
    second_step.refuse("right")
    with pytest.raises(BadInput, match="not the one"):
        second_step.refuse("wrong")
    with pytest.raises(TooMany) as caught:
        second_step.refuse("many")
    assert caught.value.retry_after == HOUR // SECOND


async def test_how_old_a_link_is(house: House, clock: Clock) -> None:
    tokens, made = house.site.tokens, clock.now()
    token = tokens.make("download", 7, now=made)
    assert tokens.age("download", token, made + 3 * MINUTE) == 3 * MINUTE
    assert tokens.age("download", token, made - SECOND) == -SECOND
    with pytest.raises(Expired):
        tokens.read("download", token, made + 3 * MINUTE, 2 * MINUTE)
    with pytest.raises(NotFound):
        tokens.age("confirm", token, made)
