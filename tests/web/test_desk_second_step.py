"""The second step at the desk: a link alone opens nothing then, a code does; off by a code, or by another owner."""

import base64
import re
from html import unescape

import httpx

from newsletter.clock import MINUTE
from newsletter.owners import totp
from newsletter.web.admin.second_step import NEEDED
from tests.conftest import ON_ONE
from tests.web.stage import Stage
from tests.web.test_desk import csrf_on
from tests.web.test_desk_people import EMMA, path_of, person
from tests.web.test_desk_settings import MINE
from tests.web.test_qr import seen

PLACE = "/admin/second-step"


@ON_ONE
async def test_a_phone_reads_the_key_from_a_picture(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    assert '<svg class="qr"' not in (await web.get(PLACE)).text
    own = {"csrf": csrf_on(await web.get(PLACE))}
    page = (await web.post(PLACE, data={"action": "begin", **own})).text
    (link,) = re.findall(r'href="(otpauth://totp/[^"]+)"', page)
    assert seen(page) == unescape(link)
    (key,) = re.findall(r"secret=([A-Z2-7]{32})&", unescape(link))
    assert f">{' '.join(key[at : at + 4] for at in range(0, 32, 4))}<" in page
    await set_up(still, web)
    assert '<svg class="qr"' not in (await web.get(PLACE)).text, "who has it on is not shown the key again"


@ON_ONE
async def test_a_link_and_a_code(still: Stage) -> None:
    web, other = await still.visitor(), await still.visitor()
    await still.signs_in(web)
    secret, codes = await set_up(still, web)
    assert "Recovery codes that are left: 10." in (await web.get(PLACE)).text

    entered = await other.post(await still.sign_in_link())
    assert entered.headers["Location"] == "/admin"
    for path in ("/admin", "/admin/people", PLACE):
        assert (await other.get(path)).headers["Location"] == "/admin/code"
    assert (await other.post("/admin/sessions", data={"end": "others"})).headers["Location"] == "/admin/code"
    assert "Firefox" in (page := (await web.get("/admin/sessions")).text)
    assert page.count("Signed in on") == 1, "it waits, and is in no list"
    own = {"csrf": csrf_on(await other.get("/admin/code"))}
    assert (await other.post("/admin/code", data={"code": codes[0], "csrf": "x"})).status_code == 422
    wrong = await other.post("/admin/code", data={"code": "12345", **own})
    assert wrong.status_code == 422
    assert 'id="code-error"' in wrong.text
    before = dict(other.cookies)
    still.clock.forward(totp.PERIOD)
    right = await other.post("/admin/code", data={"code": now(still, secret), **own})
    assert right.headers["Location"] == "/admin"
    assert dict(other.cookies) != before
    assert (await other.get("/admin")).status_code == 200
    assert "You are signed in" in (await other.get("/admin/code")).text


@ON_ONE
async def test_who_looks_for_the_code_too_long_begins_anew(still: Stage) -> None:
    web, other = await still.visitor(), await still.visitor()
    await still.signs_in(web)
    _, codes = await set_up(still, web)
    await other.post(await still.sign_in_link())
    own = {"csrf": csrf_on(await other.get("/admin/code"))}
    still.clock.forward(11 * MINUTE)
    late = await other.post("/admin/code", data={"code": codes[0], **own})
    assert late.headers["Location"] == "/admin/sign-in"


@ON_ONE
async def test_it_is_switched_off_by_a_code_only(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    _, codes = await set_up(still, web)
    own = {"csrf": csrf_on(await web.get(PLACE))}
    refused = await web.post(PLACE, data={"action": "off", "code": "000000", **own})
    other = await web.post(PLACE, data={"action": "else", **own})
    assert (refused.status_code, other.status_code) == (422, 422)
    assert "Recovery codes that are left: 10." in (await web.get(PLACE)).text
    log = (await web.get("/admin/audit")).text
    assert "(<bdi>confirm</bdi>)" in log
    assert "(<bdi>off</bdi>)" not in log
    fresh = await web.post(PLACE, data={"action": "codes", "code": codes[0], **own})
    others = re.findall(r"<li><code>([a-z2-9-]{31})</code>", fresh.text)
    off = await web.post(PLACE, data={"action": "off", "code": others[3], **own})
    assert off.headers["Location"] == f"{PLACE}?done=off"
    await still.signs_in(await still.visitor())
    page = await web.get(PLACE)
    assert (page.status_code, "Set it up" in page.text) == (200, True)


@ON_ONE
async def test_an_owner_switches_off_that_of_somebody_who_lost_their_phone(still: Stage) -> None:
    web, hers, again = [await still.visitor() for _ in range(3)]
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get("/admin/people"))}
    await web.post("/admin/people", data={"email": EMMA, "role": "editor", **own})
    await hers.post(await path_of(still))
    await set_up(still, hers)
    page = await person(still)
    assert "Switch off their second step" in (await web.get(page)).text
    await web.post(page, data={"action": "forget", **own})
    assert "Switch off their second step" not in (await web.get(page)).text
    assert "Set it up" in (await hers.get(PLACE)).text
    await again.post("/admin/sign-in", data={"email": EMMA})


@ON_ONE
async def test_where_everybody_needs_one_nothing_opens_before_it(still: Stage) -> None:
    web, hers = await still.visitor(), await still.visitor()
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get("/admin/people"))}
    await web.post("/admin/people", data={"email": EMMA, "role": "editor", **own})
    await hers.post(await path_of(still))
    hers_own = {"csrf": csrf_on(await hers.get("/admin"))}
    assert (await web.post("/admin/settings", data={**MINE, "second_step": "yes", **own})).status_code == 303
    for one in (web, hers):  # also who was in already
        for path in ("/admin", "/admin/subscribers", "/admin/sessions", "/admin/passkeys"):
            assert (await one.get(path)).headers["Location"] == PLACE, path
    assert (await hers.post("/admin/subscribers/many", data=hers_own)).headers["Location"] == PLACE
    assert "Everybody at this desk needs a second step." in (await hers.get(PLACE)).text
    _, codes = await set_up(still, hers)
    assert (await hers.get("/admin/subscribers")).status_code == 200
    assert 'value="off"' not in (await hers.get(PLACE)).text
    kept = await hers.post(PLACE, data={"action": "off", "code": codes[0], **hers_own})
    assert (kept.status_code, NEEDED in kept.text) == (422, True)
    assert (await web.post("/admin/sign-out", data=own)).headers["Location"] == "/admin/sign-in"


async def set_up(still: Stage, web: httpx.AsyncClient) -> tuple[bytes, list[str]]:
    """The app's secret, and the recovery codes."""
    own = {"csrf": csrf_on(await web.get(PLACE))}
    begun = await web.post(PLACE, data={"action": "begin", **own})
    (link,) = re.findall(r'href="(otpauth://totp/[^"]+)"', begun.text)
    secret = base32(link)
    wrong = await web.post(PLACE, data={"action": "confirm", "code": "no", **own})
    assert wrong.status_code == 422
    done = await web.post(PLACE, data={"action": "confirm", "code": now(still, secret), **own})
    codes = re.findall(r"<li><code>([a-z2-9-]{31})</code>", done.text)
    assert len(codes) == 10
    return secret, codes


def base32(link: str) -> bytes:
    (spelled,) = re.findall(r"secret=([A-Z2-7]+)", link)
    return base64.b32decode(spelled + "=" * (-len(spelled) % 8))


def now(still: Stage, secret: bytes) -> str:
    return totp.code(secret, still.clock.now() // totp.PERIOD)
