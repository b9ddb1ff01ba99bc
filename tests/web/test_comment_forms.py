"""What guards the way in: budgets, pauses, a form that comes back too fast, a proof of work."""

import base64
import hashlib

import msgspec

from newsletter.clock import SECOND
from tests.web.conftest import Serve
from tests.web.saying import edit_token, filled, kept, open_for_comments, says
from tests.web.stage import ADA, BLOG, PROGRAM

JSON = {**PROGRAM, "Origin": BLOG}


async def test_one_network_has_so_many_comments_an_hour(serve: Serve) -> None:
    async with open_for_comments(serve, comments_per_network=20) as service:
        web = await service.visitor()
        for number in range(20):
            edit_token(await says(web, f"Number {number}.", email=f"reader{number}@example.org"))
        refused = await says(web, "Once more.", email="one@example.org")
        assert (refused.status_code, "Once more.</textarea>" in refused.text) == (429, True)
        assert int(refused.headers["Retry-After"]) > 60
        assert len(await kept(service)) == 20
        asked = await web.post("/comments", json=filled(), headers=JSON)
        assert (asked.status_code, asked.headers["Access-Control-Expose-Headers"]) == (429, "Retry-After")


async def test_one_address_makes_a_pause_between_two_comments(serve: Serve) -> None:
    async with open_for_comments(serve, comment_pause=15) as service:
        web = await service.visitor()
        edit_token(await says(web))
        refused = await says(web, "And another.")
        assert (refused.status_code, "And another.</textarea>" in refused.text) == (429, True)
        assert 0 < int(refused.headers["Retry-After"]) <= 15
        edit_token(await says(web, "Not mine.", email="ben@example.com"))
        assert len(await kept(service)) == 2


async def test_a_mistake_costs_nothing_of_the_budget(serve: Serve) -> None:
    async with open_for_comments(serve, comments_per_network=1, comment_pause=15) as service:
        web = await service.visitor()
        for _ in range(3):
            assert (await says(web, email="ada")).status_code == 422
        edit_token(await says(web))


async def test_a_form_that_comes_back_at_once_is_asked_to_press_again(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        token = service.site.gate.token(0)
        hasty = await says(web, token=token)
        assert (hasty.status_code, "I agree.</textarea>" in hasty.text) == (422, True)
        service.clock.forward(3 * SECOND)
        edit_token(await says(web, token=token))
        edit_token(await says(web, "With a token that is none.", token="x"))


async def test_scripts_show_a_proof_of_work_while_the_form_is_flooded(serve: Serve) -> None:
    """Each opens one comment, once; the form without a script never needs one."""
    async with open_for_comments(serve, proof_above=0) as service:
        web = await service.visitor()
        asked = await web.post("/comments", json=filled(), headers=JSON)
        assert (asked.status_code, await kept(service)) == (428, [])
        solution = solved(asked.json()["challenge"])
        taken = await web.post("/comments", json=filled(altcha=solution), headers=JSON)
        assert taken.status_code == 202
        again = await web.post("/comments", json=filled("Another.", altcha=solution), headers=JSON)
        assert again.status_code == 422
        assert len(await kept(service)) == 1
        edit_token(await says(web, "Without a script.", email=ADA))


def solved(challenge: dict[str, str]) -> str:
    for number in range(100_001):
        if hashlib.sha256(f"{challenge['salt']}{number}".encode()).hexdigest() == challenge["challenge"]:
            shown = {name: challenge[name] for name in ("algorithm", "challenge", "salt", "signature")}
            return base64.b64encode(msgspec.json.encode({**shown, "number": number})).decode()
    raise AssertionError
