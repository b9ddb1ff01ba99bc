"""Codes as RFC 6238 has them; each is taken once, also by two at the same time; who guesses has to stop."""

import asyncio
import math

import pytest

from newsletter.addresses import parse
from newsletter.clock import DAY, HOUR, SECOND
from newsletter.errors import BadInput, Conflict
from newsletter.owners import second_step, totp
from tests.cast import House
from tests.conftest import Clock

RFC = {  # appendix B, of which apps show six digits
    59: "94287082", 1111111109: "07081804", 1111111111: "14050471",
    1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
}  # fmt: skip


@pytest.mark.parametrize(("at", "code"), RFC.items())
def test_the_codes_of_the_rfc(at: int, code: str) -> None:
    secret = b"12345678901234567890"
    now = at * SECOND
    assert totp.code(secret, now // totp.PERIOD) == code[-6:]
    assert totp.step_of(secret, code[-6:], now + totp.PERIOD) == now // totp.PERIOD  # a phone that is behind
    assert totp.step_of(secret, code[-6:], now + 2 * totp.PERIOD) is None
    assert totp.step_of(secret, code, now) is None


def test_a_phone_may_be_half_a_minute_ahead_and_no_more() -> None:
    secret, now = b"12345678901234567890", 1111111109 * SECOND
    assert totp.step_of(secret, "081804", now - totp.PERIOD) == now // totp.PERIOD
    assert totp.step_of(secret, "081804", now - 2 * totp.PERIOD) is None


def test_what_an_app_reads() -> None:
    assert totp.link(b"12345678901234567890", "Olga: Writes", "olga@example.org") == (
        "otpauth://totp/Olga%3A%20Writes%3Aolga%40example.org"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Olga%3A%20Writes"
    )


async def test_it_is_on_once_a_code_was_shown_and_holds_no_secret(house: House, clock: Clock) -> None:
    owner = await olga(house)
    await house.db.write(second_step.begin, owner)
    secret = (await standing(house, owner)).secret
    assert len(secret) == 20, "RFC 4226, section 4: 160 bits"
    assert not (await standing(house, owner)).on
    with pytest.raises(BadInput):
        await house.db.write(second_step.confirm, house.site.tokens, owner, "000000")
    codes = await confirmed(house, owner, clock)
    assert len(set(codes)) == 10
    now = await standing(house, owner)
    assert (now.on, now.secret, now.codes_left) == (True, b"", 10)
    with pytest.raises(Conflict):
        await house.db.write(second_step.begin, owner)
    kept = [row async for some in house.db.stream("SELECT salt FROM authenticators") for row in some]
    assert secret.hex() not in repr(kept)


async def test_a_code_is_taken_once_and_none_from_before_it(house: House, clock: Clock) -> None:
    owner = await olga(house)
    await house.db.write(second_step.begin, owner)
    secret = (await standing(house, owner)).secret
    await confirmed(house, owner, clock)
    used = totp.code(secret, clock.now() // totp.PERIOD)
    assert await check(house, owner, used) == "wrong"  # it switched it on
    clock.forward(totp.PERIOD)
    code = totp.code(secret, clock.now() // totp.PERIOD)
    tries = await asyncio.gather(*(check(house, owner, code) for _ in range(5)))
    assert sorted(tries) == ["right", *["wrong"] * 4]
    assert await check(house, owner, used) == "wrong"
    clock.forward(totp.PERIOD)
    fresh = totp.code(secret, clock.now() // totp.PERIOD)
    assert await check(house, owner, f"{fresh[:3]} {fresh[3:]}") == "right"


async def test_a_recovery_code_is_taken_once(house: House, clock: Clock) -> None:
    owner = await olga(house)
    await house.db.write(second_step.begin, owner)
    first, *_, last = await confirmed(house, owner, clock)
    tries = await asyncio.gather(*(check(house, owner, first.upper()) for _ in range(3)))
    assert sorted(tries) == ["right", "wrong", "wrong"]
    assert (await standing(house, owner)).codes_left == 9
    await house.db.write(second_step.new_codes, house.site.tokens, owner)
    assert await check(house, owner, last) == "wrong"
    assert await house.db.write(second_step.forget, owner)
    assert not (await standing(house, owner)).on
    assert not await house.count("SELECT count(*) FROM recovery_codes"), (
        "none is left for whoever comes after"
    )
    assert not await house.db.write(second_step.forget, owner)


async def test_who_guesses_has_to_stop_even_with_the_right_one(house: House, clock: Clock) -> None:
    owner = await olga(house)
    await house.db.write(second_step.begin, owner)
    code = (await confirmed(house, owner, clock))[0]
    for _ in range(10):
        assert await check(house, owner, "no-code") == "wrong"
    assert await check(house, owner, code) == "many"
    clock.forward(HOUR + SECOND)
    assert await check(house, owner, code) == "right"


async def test_a_clock_that_was_ahead_locks_nobody_out(house: House, clock: Clock) -> None:
    owner = await olga(house)
    await house.db.write(second_step.begin, owner)
    code = (await confirmed(house, owner, clock))[0]
    clock.forward(DAY)
    for _ in range(second_step.TRIES):
        assert await check(house, owner, "no-code") == "wrong"
    clock.forward(-DAY)
    for _ in range(second_step.TRIES - 1):
        assert await check(house, owner, "no-code") == "wrong"
    assert await check(house, owner, code) == "right"
    for _ in range(second_step.TRIES):
        assert await check(house, owner, "no-code") == "wrong"
    assert await check(house, owner, code) == "many"


async def olga(house: House) -> int:
    return (await house.db.write(house.site.owners.ensure, parse("olga@example.org"))).id


async def standing(house: House, owner: int) -> second_step.Standing:
    return await house.db.read(second_step.standing, house.site.tokens, owner)


async def confirmed(house: House, owner: int, clock: Clock) -> list[str]:
    code = totp.code((await standing(house, owner)).secret, clock.now() // totp.PERIOD)
    return await house.db.write(second_step.confirm, house.site.tokens, owner, code)


async def check(house: House, owner: int, code: str) -> str:
    return await house.db.write(second_step.check, house.site.tokens, owner, code)


async def test_recovery_codes_are_beyond_guessing(house: House, clock: Clock) -> None:
    """Each of 28 letters is one of 31: more than 128 bits, of the system's chance."""
    owner = await olga(house)
    await house.db.write(second_step.begin, owner)
    codes = await confirmed(house, owner, clock)
    letters = [code.replace("-", "") for code in codes]
    assert len(set(codes)) == second_step.CODES
    assert all(len(code) * math.log2(len(second_step._LETTERS)) > 128 for code in letters)
    assert {letter for code in letters for letter in code} <= set(second_step._LETTERS)
    assert max(map(len, codes)) <= second_step.LONGEST
