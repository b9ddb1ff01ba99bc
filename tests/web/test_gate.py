"""Who may submit a form, how often, and what they must show for it: at the real service's door."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import pytest
from altcha import v1 as altcha
from litestar import Request

from newsletter import clock
from newsletter.app import create_app
from newsletter.errors import BadInput, TooMany
from newsletter.settings import Settings
from newsletter.tokens import Tokens
from newsletter.web.kit.gate import Gate, ProofNeeded
from newsletter.web.server import Server
from tests.cast import SETTINGS

FORM = 7


class Asked:
    """As much of a request as the gate looks at."""

    def __init__(self, ip: str) -> None:
        self.scope: dict[str, Any] = {"client": (ip, 1), "headers": []}


def gate(**limits: int) -> Gate:
    chosen = msgspec.structs.replace(SETTINGS, **limits)
    return Gate(chosen, Tokens(chosen.secret_keys))


def old_token(door: Gate, age: int) -> str:
    return Tokens(SETTINGS.secret_keys).make("form", FORM, now=clock.now() - age)


def comes(door: Gate, ip: str, token: str = "") -> bool:
    try:
        door.admit(cast("Request[Any, Any, Any]", Asked(ip)), FORM, token)
    except TooMany as error:
        return error.retry_after < 1
    return True


def test_a_network_has_its_budget_and_its_neighbours_have_theirs() -> None:
    door = gate(signups_per_network=5)
    token = old_token(door, clock.MINUTE)
    assert [comes(door, f"192.0.2.{n}", token) for n in range(7)] == [True] * 5 + [False] * 2
    assert comes(door, "198.51.100.1", token)


def test_those_without_our_token_have_a_tighter_one() -> None:
    door = gate(signups_per_network=5, bare_signups_per_network=2)
    assert [comes(door, "192.0.2.1") for _ in range(3)] == [True, True, False]
    assert comes(door, "192.0.2.1", old_token(door, clock.MINUTE))


def test_everybody_together_has_one_too() -> None:
    door = gate(signups_total=10)
    assert [comes(door, f"10.0.{n}.1") for n in range(12)] == [True] * 10 + [False] * 2


def test_our_own_form_takes_a_person_two_seconds() -> None:
    door = gate()
    with pytest.raises(BadInput, match="once more"):
        comes(door, "192.0.2.1", old_token(door, clock.SECOND // 2))
    assert comes(door, "192.0.2.1", old_token(door, 3 * clock.SECOND))


@pytest.mark.parametrize("made", ["old", "of another form", "broken"])
def test_a_token_that_is_not_good_counts_as_none(made: str) -> None:
    door = gate(bare_signups_per_network=1)
    other = Tokens(SETTINGS.secret_keys).make("form", FORM + 1, now=clock.now() - clock.MINUTE)
    token = {"old": old_token(door, 2 * clock.DAY), "of another form": other, "broken": "x.y.z"}[made]
    assert [comes(door, "192.0.2.1", token) for _ in range(2)] == [True, False]


def test_a_proof_is_asked_for_above_the_pace_and_not_below() -> None:
    door = gate(proof_above=3)
    for n in range(3):
        assert door.proof("") is None
        assert comes(door, f"10.0.{n}.1")
    with pytest.raises(ProofNeeded):
        door.proof("")


def solve(challenge: dict[str, Any]) -> dict[str, Any]:
    found = altcha.solve_challenge(
        challenge["challenge"], challenge["salt"], "SHA-256", challenge["maxnumber"], 0
    )
    assert found is not None
    named = {name: challenge[name] for name in ("algorithm", "challenge", "salt", "signature")}
    return {**named, "number": found.number}


def written(solution: dict[str, Any]) -> str:
    return b64encode(msgspec.json.encode(solution)).decode()


@pytest.mark.parametrize("wrong", ["number", "signature", "salt"])
def test_a_wrong_solution_gets_a_new_challenge(wrong: str) -> None:
    door = gate(proof_above=0)
    solution = solve(door.challenge())
    solution[wrong] = solution[wrong] + 1 if wrong == "number" else "0" + solution[wrong][1:] + "x"
    with pytest.raises(ProofNeeded):
        door.proof(written(solution))


@pytest.mark.parametrize("junk", ["x", "e30=", "W10=", "bnVsbA==", "\u00e9", "eyJjaGFsbGVuZ2UiOiAxfQ=="])
def test_junk_for_a_proof_gets_a_new_challenge(junk: str) -> None:
    with pytest.raises(ProofNeeded):
        gate(proof_above=0).proof(junk)


@asynccontextmanager
async def service(url: str, **limits: int) -> AsyncIterator[httpx.AsyncClient]:
    chosen: Settings = msgspec.structs.replace(SETTINGS, database_url=url, **limits)
    async with Server(create_app(chosen, worker=False), port=0) as server:
        headers = {"Host": "localhost:8000"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", headers=headers) as client:
            yield client


async def test_a_script_shows_a_proof_once_and_the_plain_form_never(database_url: str) -> None:
    async with service(database_url, proof_above=0) as client:
        typed = {"email": "ben@example.org"}
        asked = await client.post("/forms/guide", json=typed)
        assert asked.status_code == 428
        solution = solve(asked.json()["challenge"])
        kept = await client.post("/forms/guide", json={**typed, "altcha": written(solution)})
        assert kept.status_code == 202, kept.text
        again = {"altcha": written(dict(reversed(solution.items()))), "email": "cleo@example.org"}
        assert (await client.post("/forms/guide", json=again)).status_code == 422
        plain = await client.post("/forms/guide", data=typed)
        assert plain.status_code == 303


async def test_too_many_are_told_when_to_come_back(database_url: str) -> None:
    async with service(database_url, bare_signups_per_network=2) as client:
        answers = [await client.post("/forms/guide", data={"email": f"a{n}@example.org"}) for n in range(3)]
        assert [a.status_code for a in answers] == [303, 303, 429]
        assert int(answers[2].headers["retry-after"]) > 0


async def test_what_falls_into_the_honey_pot_is_thanked_and_not_kept(sqlite_url: str) -> None:
    async with service(sqlite_url) as client:
        typed = {"email": "mallory@example.org", "leave_blank": "buy now"}
        assert (await client.post("/forms/guide", data=typed)).status_code == 303
        assert (await client.post("/forms/guide", json=typed)).status_code == 202
        content = await asyncio.to_thread(Path(sqlite_url.removeprefix("sqlite:///") + "-wal").read_bytes)
        assert b"mallory" not in content
        assert (await client.post("/forms/guide", data={"email": "ben@example.org"})).status_code == 303


async def test_a_hasty_form_keeps_what_was_typed_and_goes_the_second_time(database_url: str) -> None:
    async with service(database_url) as client:
        page = (await client.get("/forms/guide", headers={"Accept": "application/json"})).json()
        typed = {"email": "ben@example.org", "name": "Ben", "token": page["token"]}
        refused = await client.post("/forms/guide", data=typed)
        assert refused.status_code == 422
        assert "once more" in refused.text
        assert 'value="ben@example.org"' in refused.text
