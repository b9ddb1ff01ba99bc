"""How often a form may be used, by whom, and what robots must show for it."""

import hashlib
import json
import re
from base64 import b64decode, b64encode
from typing import Any

import httpx
import pytest

from newsletter.clock import DAY, HOUR, MINUTE, SECOND
from tests.web.conftest import Serve
from tests.web.stage import ADA, BEN, CLEO, MALLORY, URL, Stage

BEHIND_PROXY = {"trusted_proxies": ("127.0.0.0/8",)}
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # what is counted in memory


def from_(network: int) -> dict[str, str]:
    return {"X-Forwarded-For": f"198.51.{network}.7"}


def token_on(page: httpx.Response) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    assert found
    return found[1]


async def fresh_token(service: Stage) -> str:
    """One that somebody has held for a while."""
    form, now = await service.house.form(), service.clock.now()
    return service.site.tokens.make("form", form.id, now=now - 10 * SECOND)


async def queued(service: Stage) -> int:
    return sum(mail.state == "queued" for mail in await service.house.mails())


async def test_one_mailbox_gets_one_mail_a_day_and_three_ever(serve: Serve) -> None:
    """However it is spelled, from wherever it is asked."""
    async with serve(worker=False, **BEHIND_PROXY) as service:
        web = await service.visitor()
        for day in range(5):
            for n in range(20):
                local = ("ada", "a.da", "ad.a", "a.d.a", "ADA")[n % 5]
                spelling = f"{local}+{n}@{('gmail', 'googlemail')[n % 2]}.com"
                sent = await web.post("/forms/guide", data={"email": spelling}, headers=from_(n))
                assert (sent.status_code, sent.headers["Location"]) == (303, "/forms/guide/sent")
            assert await queued(service) == min(day + 1, 3)
            service.clock.forward(DAY + MINUTE)


@on_sqlite
async def test_one_network_has_a_budget(serve: Serve) -> None:
    async with serve(worker=False, signups_per_network=3, **BEHIND_PROXY) as service:
        web, token = await service.visitor(), await fresh_token(service)
        for n in range(3):
            typed = {"email": f"{n}@example.org", "token": token}
            assert (await web.post("/forms/guide", data=typed, headers=from_(1))).status_code == 303
        before = await service.dump()
        typed = {"email": ADA, "name": "Ada", "token": token}
        for path in ("/forms/guide", "/forms/guide/embed"):
            page = await web.post(path, data=typed, headers={"X-Forwarded-For": "198.51.1.250"})
            assert page.status_code == 429
            assert 0 < int(page.headers["Retry-After"]) <= 1201
            assert "Too many sign-ups from here for now" in page.text
            assert 'value="ada@example.org"' in page.text
        problem = await web.post("/forms/guide", json=typed, headers=from_(1))
        assert (problem.status_code, problem.headers["Content-Type"]) == (429, "application/problem+json")
        assert int(problem.headers["Retry-After"]) > 0
        assert await service.dump() == before

        assert (await web.post("/forms/guide", data=typed, headers=from_(2))).status_code == 303


@on_sqlite
async def test_what_a_stranger_says_of_its_network_is_not_believed(serve: Serve) -> None:
    async with serve(worker=False, signups_per_network=2) as service:
        web, token = await service.visitor(), await fresh_token(service)
        answers = [
            (
                await web.post("/forms/guide", data={"email": ADA, "token": token}, headers=from_(n))
            ).status_code
            for n in range(4)
        ]
        assert answers == [303, 303, 429, 429]


@on_sqlite
async def test_a_bare_form_has_a_tighter_one(serve: Serve) -> None:
    async with serve(worker=False, signups_per_network=3, bare_signups_per_network=1) as service:
        web, token = await service.visitor(), await fresh_token(service)
        other = service.site.tokens.make("form", 1, now=service.clock.now() - HOUR)
        old = service.site.tokens.make(
            "form", (await service.house.form()).id, now=service.clock.now() - 25 * HOUR
        )
        tries = ("", "", other, old, "forged", token, token, token)
        answers = [
            (await web.post("/forms/guide", data={"email": ADA, "token": each})).status_code for each in tries
        ]
        assert answers == [303, 429, 429, 429, 429, 303, 303, 429]


@on_sqlite
async def test_everybody_together_have_one(serve: Serve) -> None:
    async with serve(worker=False, signups_total=3, **BEHIND_PROXY) as service:
        web = await service.visitor()
        answers = [
            (await web.post("/forms/guide", data={"email": f"{n}@example.org"}, headers=from_(n))).status_code
            for n in range(5)
        ]
        assert answers == [303, 303, 303, 429, 429]


@on_sqlite
async def test_asking_for_sign_in_links_has_one(serve: Serve) -> None:
    async with serve(worker=False) as service:
        web = await service.visitor()
        answers = [await web.post("/admin/sign-in", data={"email": MALLORY}) for _ in range(21)]
        assert [answer.status_code for answer in answers] == [200] * 20 + [429]
        assert int(answers[-1].headers["Retry-After"]) > 0


async def test_who_fills_what_nobody_sees_is_thanked_and_forgotten(still: Stage) -> None:
    web = await still.visitor()
    token = await fresh_token(still)
    before = await still.dump()
    typed = {"email": MALLORY, "name": "Mallory", "token": token, "leave_blank": "https://pills.example.com"}
    trapped = [await web.post("/forms/guide", data=typed), await web.post("/forms/guide", json=typed)]
    assert await still.dump() == before

    free = {**typed, "leave_blank": ""}
    thanked = [await web.post("/forms/guide", data=free), await web.post("/forms/guide", json=free)]
    assert await still.dump() != before
    for left, right in zip(trapped, thanked, strict=True):
        assert (left.status_code, left.headers, left.content) == (
            right.status_code,
            right.headers,
            right.content,
        )


@on_sqlite
async def test_nobody_types_that_quickly(still: Stage) -> None:
    web = await still.visitor()
    typed = {"email": ADA, "name": "Ada", "token": token_on(await web.get("/forms/guide"))}
    before = await still.dump()
    page = await web.post("/forms/guide", data=typed)
    assert page.status_code == 422
    assert "That was very quick. Please press the button once more." in page.text
    assert 'value="ada@example.org"' in page.text
    assert (await web.post("/forms/guide", json=typed)).status_code == 422
    assert await still.dump() == before

    still.clock.forward(2 * SECOND)
    assert (await web.post("/forms/guide", data={**typed, "token": token_on(page)})).status_code == 303
    assert (await web.post("/forms/guide", json={**typed, "email": BEN})).status_code == 202


def solve(challenge: dict[str, Any], /, **changes: Any) -> str:
    """What ALTCHA's clients send: base64 of the challenge with the number that was searched for."""
    wanted, salt = challenge["challenge"], challenge["salt"]
    number = next(
        n
        for n in range(challenge["maxnumber"] + 1)
        if hashlib.sha256(f"{salt}{n}".encode()).hexdigest() == wanted
    )
    names = ("algorithm", "challenge", "salt", "signature")
    shown = {name: challenge[name] for name in names} | {"number": number} | changes
    return b64encode(json.dumps(shown).encode()).decode()


async def challenged(web: httpx.AsyncClient, email: str, altcha: str = "") -> dict[str, Any]:
    answer = await web.post("/forms/guide", json={"email": email, "altcha": altcha})
    assert (answer.status_code, answer.headers["Content-Type"]) == (428, "application/problem+json")
    challenge: dict[str, Any] = answer.json()["challenge"]
    return challenge


async def test_when_the_form_is_flooded_scripts_show_a_proof_of_work(serve: Serve) -> None:
    async with serve(worker=False, proof_above=2) as service:
        web = await service.visitor()
        for email in (BEN, CLEO):
            assert (await web.post("/forms/guide", json={"email": email})).status_code == 202
        before = await service.dump()
        proof = solve(await challenged(web, ADA))
        assert await service.dump() == before

        solved = {"email": ADA, "altcha": proof}
        assert (await web.post("/forms/guide", json=solved)).status_code == 202
        assert [mail.recipient for mail in await service.house.mails()] == [BEN, CLEO, ADA]
        for spelling in (proof, proof.rstrip("=") + "=" * (-len(proof.rstrip("=")) % 4), solve_again(proof)):
            replayed = await web.post("/forms/guide", json={"email": MALLORY, "altcha": spelling})
            assert replayed.status_code == 422
        assert await service.house.known(MALLORY) is None
        plain = await web.post(
            "/forms/guide", data={"email": MALLORY}
        )  # without a script there is no such thing
        assert (plain.status_code, plain.headers["Location"]) == (303, "/forms/guide/sent")


def solve_again(proof: str) -> str:
    """The same solution in other words: another spelling of the JSON, with something added."""
    return b64encode(json.dumps(json.loads(b64decode(proof)) | {"took": 5}, indent=1).encode()).decode()


@on_sqlite
async def test_a_proof_is_not_taken_when_it_is_old_or_none(serve: Serve) -> None:
    async with serve(worker=False, proof_above=0) as service:
        web = await service.visitor()
        challenge = await challenged(web, ADA)
        good = solve(challenge)
        late = challenge["salt"].replace("expires=", "expires=9")
        before = await service.dump()
        for bad in (
            "x", "e30=", "W10=", "bnVsbA==", "eyJjaGFsbGVuZ2UiOiAxfQ==", "\u00e9",
            b64encode(b"\xff").decode(), b64encode(b"[" * 999).decode(),
            solve(challenge, number=-1), solve(challenge, number="1"), solve(challenge, number=10**400),
            solve(challenge, number=challenge["maxnumber"] + 1),
            solve(challenge, salt=late), solve(challenge, signature="0" * 64), solve(challenge, algorithm="SHA-1"),
            solve(challenge, salt="\ud800"), solve(challenge, salt=""), solve(challenge, challenge=None),
        ):  # fmt: skip
            assert (await challenged(web, ADA, bad))["salt"] != challenge["salt"], bad
        service.clock.forward(11 * MINUTE)
        fresh = await challenged(web, ADA, good)
        assert await service.dump() == before
        odd = solve(fresh, extra=float("nan"))
        answer = await web.post("/forms/guide", json={"email": ADA, "altcha": odd})
        assert answer.status_code == 428
        assert (
            await web.post("/forms/guide", json={"email": ADA, "altcha": solve(fresh)})
        ).status_code == 202
        assert (await web.post(f"{URL}/forms/guide", data={"email": BEN})).status_code == 303
