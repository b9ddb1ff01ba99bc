"""Who mails are from, where answers go, and whose pages may carry the forms: set at the desk."""

from html import unescape

import msgspec
import pytest

from newsletter import clock
from newsletter.broadcasts import Draft
from newsletter.web.kit import owner_settings
from tests.conftest import ON_ONE
from tests.web.api.conftest import program
from tests.web.broadcaster import Broadcaster, at_desk
from tests.web.stage import BLOG, Stage

pytestmark = ON_ONE
FROM, ANSWERS = "ada@news.example.com", "answers@example.com"


@pytest.fixture
async def desk(still: Stage) -> Broadcaster:
    return await at_desk(still)


async def press(desk: Broadcaster, status: int = 303, /, **fields: str) -> str:
    answer = await desk.web.post("/admin/settings", data={"csrf": desk.csrf, **fields})
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


def broadcast(desk: Broadcaster) -> bytes:
    letters = desk.stage.site.letters
    frozen = letters.freeze(letters.letter(Draft(subject="x", body="y")), clock.now())
    return frozen.message("ben@example.com", "<a@example.org>", "{}", "https://example.org/u/a")


async def test_every_mail_is_from_the_address_that_was_set(service: Stage) -> None:
    desk = await at_desk(service)
    await press(desk, from_email=FROM, reply_to=ANSWERS)
    await service.signs_up(await service.visitor(), "ben@example.com")
    (letter,) = await service.letters("ben@example.com", 1)
    headers = dict(letter.headers)
    assert headers["From"] == f"Olga Writes <{FROM}>"
    assert headers["Reply-To"] == ANSWERS
    assert headers["Message-ID"].endswith("@news.example.com>")
    frozen = broadcast(desk)
    assert f"\r\nReply-To: {ANSWERS}\r\n".encode() in frozen
    assert f"From: Olga Writes <{FROM}>\r\n".encode() in frozen
    await press(desk, reply_to="")
    assert b"Reply-To" not in broadcast(desk)


async def test_a_site_that_was_set_may_carry_the_form_at_once(desk: Broadcaster) -> None:
    web = await desk.stage.visitor()
    evil = "https://evil.example"

    async def shown_to(origin: str) -> str | None:
        answer = await web.get("/threads/counts?url=x", headers={"Origin": origin})
        allowed: str | None = answer.headers.get("Access-Control-Allow-Origin")
        return allowed

    assert await shown_to(BLOG) is None
    await press(desk, allowed_origins=f"{BLOG}, https://www.example.org/")
    assert desk.stage.site.settings.allowed_origins == (BLOG, "https://www.example.org")
    assert await shown_to(BLOG) == BLOG
    assert await shown_to(evil) is None
    assert f'value="{BLOG}, https://www.example.org"' in (await desk.web.get("/admin/settings")).text


async def test_what_can_be_no_address_is_named(desk: Broadcaster) -> None:
    wrong = {"from_email": "", "reply_to": "nobody", "allowed_origins": "example.org/blog"}
    said = await press(desk, 422, **wrong)
    assert all(f'href="#field-{name}"' in said for name in wrong)
    shop = await program(desk.stage)
    now, read = await shop.read("/settings")
    assert (now["from_email"], now["allowed_origins"]) == ("olga@letters.example.org", [])
    sent = {"allowed_origins": [BLOG], "reply_to": ANSWERS}
    assert (await shop.ask("PATCH", "/settings", json=sent, headers=read)).json() == now | sent


async def test_who_signs_for_a_domain_stays_in_it(desk: Broadcaster, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = msgspec.structs.replace(desk.stage.site.settings, dkim_keys=("s1=/k.pem",))
    assert "@letters.example.org" in owner_settings.checked(settings, {"from_email": FROM})["from_email"]
    assert not owner_settings.checked(settings, {"from_email": "ada@letters.example.org"})
    monkeypatch.setenv("NEWSLETTER_FROM", "letters@example.org")
    assert owner_settings.sources()["from_email"] == "environment"
