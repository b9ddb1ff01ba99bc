"""Tokens for programs: shown once, kept as a hash, gone at once."""

import re

import pytest

from newsletter.clock import DAY, HOUR, MINUTE
from newsletter.errors import BadInput, Conflict, NotFound
from newsletter.owners import Kept
from tests.cast import House
from tests.conftest import Clock


async def test_it_works_until_it_is_revoked(house: House) -> None:
    tokens, db = house.site.api_tokens, house.db
    token = await db.write(tokens.new, " My  shop ", ["forms:read", "comments:read"], None)
    found = await db.read(tokens.find, token)
    assert found is not None
    assert re.fullmatch(r"nl_[A-Za-z0-9]{8}_[A-Za-z0-9]{32}", token), "as the documentation shows one"
    assert token.startswith(f"{found.prefix}_")
    assert (found.name, found.scopes, found.expires_at) == ("My shop", "comments:read forms:read", None)
    assert found.may("forms:read")
    assert not found.may("comments:moderate")
    secret = token.rpartition("_")[2]
    assert not await house.count(f"SELECT count(*) FROM api_tokens WHERE hash LIKE '%{secret}%'")
    for wrong in (token[:-1], token + "x", found.prefix, token.swapcase(), ""):
        assert await db.read(tokens.find, wrong) is None
    await db.write(tokens.revoke, found.prefix)
    assert await db.read(tokens.find, token) is None
    with pytest.raises(NotFound):
        await db.write(tokens.revoke, found.prefix)


async def test_it_ends_and_its_use_is_known_to_the_hour(house: House, clock: Clock) -> None:
    tokens, db = house.site.api_tokens, house.db
    token = await db.write(tokens.new, "Backup", ["forms:read"], 2)
    (fresh,) = await db.read(tokens.all)
    assert tokens.is_stale(fresh, clock.now())
    await db.write(tokens.seen, fresh.id)
    (used,) = await db.read(tokens.all)
    assert not tokens.is_stale(used, clock.now() + HOUR)
    assert tokens.is_stale(used, clock.now() + HOUR + 1)
    clock.forward(2 * DAY)
    assert await db.read(tokens.find, token) is None


async def test_every_fault_is_named(house: House) -> None:
    with pytest.raises(BadInput) as refused:
        await house.db.write(house.site.api_tokens.new, "\n", [], 0)
    assert {*refused.value.fields} == {"name", "scopes", "days"}
    with pytest.raises(BadInput, match="no scope 'all'"):
        await house.db.write(house.site.api_tokens.new, "x", ["all"], None)
    with pytest.raises(BadInput) as refused:
        await house.db.write(house.site.api_tokens.new, "x" * 61, ["forms:read"], None)
    assert {*refused.value.fields} == {"name"}
    assert await house.db.write(house.site.api_tokens.new, "x" * 60, ["forms:read"], None)


async def test_an_answer_is_given_again_for_a_day(house: House, clock: Clock) -> None:
    answers, db = house.site.answers, house.db
    await db.write(house.site.api_tokens.new, "x", ["forms:read"], None)
    (token,) = await db.read(house.site.api_tokens.all)
    assert await db.write(answers.begin, token.id, "k", "r") is None
    began = clock.now()
    clock.forward(2 * MINUTE - 1)
    with pytest.raises(Conflict):
        await db.write(answers.begin, token.id, "k", "r")
    await db.write(answers.keep, token.id, "k", 201, "/x", "{}")
    assert await db.write(answers.begin, token.id, "k", "r") == Kept("r", 201, "/x", "{}", began)
    with pytest.raises(BadInput):
        await db.write(answers.begin, token.id, "k", "another")
    clock.forward(DAY + 1)
    assert await db.write(answers.begin, token.id, "k", "another") is None
    await db.write(answers.free, token.id, "k")
    assert await db.write(answers.begin, token.id, "k", "r") is None
    clock.forward(3 * 60_000)  # its process died
    assert await db.write(answers.begin, token.id, "k", "r") is None
