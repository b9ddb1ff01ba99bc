"""What is not right when coming in, or on the pages of one's own keys: refused there, and nothing was changed."""

import asyncio
import re

import httpx

from newsletter.owners import second_step, totp
from newsletter.web.admin.passkeys import NO_KEY
from tests.conftest import ON_ONE
from tests.web.conftest import Serve
from tests.web.stage import Stage
from tests.web.test_desk import csrf_on, signed_in
from tests.web.test_desk_passkeys import ENTER, Device, added, asked, options
from tests.web.test_desk_passkeys import PLACE as PASSKEYS
from tests.web.test_desk_second_step import PLACE as SECOND_STEP
from tests.web.test_desk_second_step import base32, now, set_up


async def ask(web: httpx.AsyncClient, name: str = "My phone") -> tuple[dict[str, str], httpx.Response]:
    """What a form of one's own page brings along, and the page that asks a device."""
    own = {"csrf": csrf_on(await web.get(PASSKEYS)), "name": name}
    return own, await web.post(PASSKEYS, data={"action": "ask", **own})


@ON_ONE
async def test_a_device_that_is_here_already_is_not_added_again(still: Stage) -> None:
    web = await still.visitor()
    device = await added(still, web)
    own, page = await ask(web, "Its other name")
    told = options(page)
    assert len(told["excludeCredentials"]) == 1  # a browser would not even ask it
    again = await web.post(PASSKEYS, data={"action": "add", "answer": device.make(told), **own})
    assert again.status_code == 422
    assert "has a passkey for this desk already" in again.text
    assert "Its other name" not in (await web.get(PASSKEYS)).text


@ON_ONE
async def test_a_new_device_is_taken_at_its_own_word_once_and_of_our_page_only(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own, page = await ask(web)
    foreign = Device().make(options(page), origin="https://evil.example")
    refused = await web.post(PASSKEYS, data={"action": "add", "answer": foreign, **own})
    assert refused.status_code == 422
    assert "answer is not right" in refused.text
    late = await web.post(PASSKEYS, data={"action": "add", "answer": Device().make(options(page)), **own})
    assert late.status_code == 422  # that question was answered
    assert NO_KEY in late.text
    for wrong in ({"action": "dance"}, {"action": "a" * 11}, {}):
        assert (await web.post(PASSKEYS, data={**wrong, **own})).status_code == 422
    assert "Never used." not in (await web.get(PASSKEYS)).text


@ON_ONE
async def test_of_a_device_and_its_copy_that_come_together_one_comes_in(still: Stage) -> None:
    """Both answers are right by what is known when they are looked at."""
    device = await added(still, await still.visitor())
    for _ in range(5):
        visitors = [await still.visitor(), await still.visitor()]
        answers = []
        for web in visitors:
            answers.append(device.sign(await asked(web)))
            device.counter -= 1
        sent = (web.post(ENTER, data={"answer": one}) for web, one in zip(visitors, answers, strict=True))
        assert sorted([answer.status_code for answer in await asyncio.gather(*sent)]) == [303, 422]
        assert sorted([await signed_in(web) for web in visitors]) == [False, True]
        device.counter += 1


@ON_ONE
async def test_a_code_is_asked_of_who_waits_for_it_and_not_too_often(still: Stage) -> None:
    web, other = await still.visitor(), await still.visitor()
    await still.signs_in(web)
    secret, _ = await set_up(still, web)
    await other.post(await still.sign_in_link())
    own = {"csrf": csrf_on(await other.get("/admin/code"))}
    long = await other.post("/admin/code", data={"code": "1" * 41, **own})
    assert long.status_code == 422
    assert 'id="code-error"' in long.text
    still.clock.forward(totp.PERIOD)
    assert (await other.post("/admin/code", data={"code": now(still, secret), **own})).status_code == 303
    again = {"code": "000000", "csrf": csrf_on(await other.get(SECOND_STEP))}
    entered = await other.post("/admin/code", data=again)  # a page that was left open
    assert (entered.status_code, entered.headers["Location"]) == (303, "/admin")

    third = await still.visitor()
    await third.post(await still.sign_in_link())
    own = {"csrf": csrf_on(await third.get("/admin/code"))}
    for _ in range(second_step.TRIES):
        assert (await third.post("/admin/code", data={"code": "000000", **own})).status_code == 422
    still.clock.forward(totp.PERIOD)
    many = await third.post("/admin/code", data={"code": now(still, secret), **own})
    assert many.status_code == 429
    assert not (await third.get("/admin")).is_success


@ON_ONE
async def test_no_button_of_the_page_changes_no_second_step(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get(SECOND_STEP))}
    await web.post(SECOND_STEP, data={"action": "begin", **own})
    before = (await web.get(SECOND_STEP)).text
    for wrong in ({"action": "dance"}, {"action": "off" * 4}, {"action": "confirm", "code": "1" * 41}, {}):
        refused = await web.post(SECOND_STEP, data={**wrong, **own})
        assert refused.status_code == 422
        assert "Please use one of the buttons" in refused.text
    assert (await web.get(SECOND_STEP)).text == before


@ON_ONE
async def test_a_key_that_is_too_long_for_a_picture_can_be_typed(serve: Serve) -> None:
    async with serve(worker=False, from_name="Olga’s very long letters " * 4) as still:
        web = await still.visitor()
        await still.signs_in(web)
        own = {"csrf": csrf_on(await web.get(SECOND_STEP))}
        page = (await web.post(SECOND_STEP, data={"action": "begin", **own})).text
        assert '<svg class="qr"' not in page
        (link,) = re.findall(r'href="(otpauth://totp/[^"]+)"', page)
        code = now(still, base32(link))
        done = await web.post(SECOND_STEP, data={"action": "confirm", "code": code, **own})
        assert len(re.findall(r"<li><code>[a-z2-9-]{31}</code>", done.text)) == second_step.CODES
