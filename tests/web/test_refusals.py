"""What is refused is in the log, by its door and without anybody's name; a flood of it is a line a minute."""

import asyncio
import logging

import pytest

from newsletter.web.kit.refusals import Refusals, door_of
from tests.mail.conftest import eventually
from tests.web.stage import ADA, OLGA, Stage

LOGGER = "newsletter.web.kit.refusals"


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == LOGGER]


async def test_ways_in_that_did_not_open(service: Stage, caplog: pytest.LogCaptureFixture) -> None:
    web = await service.visitor()
    token = service.site.tokens.make("sign-in", 41, now=service.clock.now())
    for path, answered in {
        f"/admin/enter/{token}": 404,
        "/admin/enter/made-up": 404,
        "/api/v1/subscribers": 401,
    }.items():
        answer = await (web.get if "api" in path else web.post)(path)
        assert answer.status_code == answered, (path, answer.status_code)
    assert told(caplog) == ["Refused at /admin/enter: 404.", "Refused at /api: 401."]
    assert token not in caplog.text


async def test_tries_to_get_round_what_is_checked(service: Stage, caplog: pytest.LogCaptureFixture) -> None:
    web = await service.visitor()
    wrong = (await web.post("/forms/guide", data={"email": f"{ADA} {OLGA}"})).status_code
    unknown = (await web.post("/forms/guide", data={"email": ADA, "admin": "1"})).status_code
    assert (wrong, unknown) == (422, 422)
    assert told(caplog) == ["Refused at /forms: 422."]
    assert ADA not in caplog.text


async def test_what_is_none_of_it(service: Stage, caplog: pytest.LogCaptureFixture) -> None:
    web = await service.visitor()
    for path in ("/forms/guide", "/no-such", "/forms/no-such", "/confirm/made-up", "/health"):
        await web.get(path)
    assert told(caplog) == []


async def test_a_flood_is_a_number(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals(every=0.05)
    for _ in range(1_000):
        refusals.heed("/forms/guide", 429)
    refusals.heed("/comments", 429)
    with caplog.at_level(logging.WARNING):
        await eventually(lambda: _sleeping(len(told(caplog)) >= 3))
    assert told(caplog) == [
        "Refused at /forms: 429.",
        "Refused at /comments: 429.",
        "Refused at /forms: 429, 999 times more.",
    ]


async def _sleeping(done: bool) -> bool:
    await asyncio.sleep(0)
    return done


@pytest.mark.parametrize(
    ("path", "door"),
    {
        "/forms/guide": "/forms",
        "/admin/enter/abc": "/admin/enter",
        "/admin": "/admin",
        "/ada@example.org": "elsewhere",
        "/MjAxOS5hYmM": "elsewhere",
        "/admin/ada@example.org": "elsewhere",
        "/a\nRefused": "elsewhere",
        "/": "elsewhere",
    }.items(),
)
def test_the_door_has_nobodys_name(path: str, door: str) -> None:
    assert door_of(path) == door
