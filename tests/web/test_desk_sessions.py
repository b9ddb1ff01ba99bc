"""Where one is signed in: told in words, ended one by one or all; no session is for ever; who tries too often waits."""

import re

import pytest

from newsletter.clock import DAY
from newsletter.web.admin.browsers import UNKNOWN, in_words
from newsletter.web.kit.gate import SIGN_INS
from tests.conftest import ON_ONE
from tests.web.stage import Stage
from tests.web.test_desk import csrf_on, signed_in
from tests.web.test_desk_people import EMMA, path_of

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15E148 Safari/604.1"
LAPTOP = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537 Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0"
)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (PHONE, "Safari on an iPhone"),
        (LAPTOP, "Edge on Windows"),
        (LAPTOP.replace(" Edg/143.0.0.0", ""), "Chrome on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537 Chrome/143.0 Mobile", "Chrome on Android"),
        ("Something (Macintosh; Intel Mac OS X 15_0)", "A browser on a Mac"),
        ("<script>", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_browser_in_words(agent: str, words: str) -> None:
    assert in_words(agent) == words


@ON_ONE
async def test_one_ends_another_of_ones_own_and_nobody_elses(still: Stage) -> None:
    here, phone, hers = [await still.visitor() for _ in range(3)]
    await still.signs_in(here)
    phone.headers["User-Agent"] = PHONE
    await still.signs_in(phone)
    own = {"csrf": csrf_on(await here.get("/admin/people"))}
    await here.post("/admin/people", data={"email": EMMA, "role": "moderator", **own})
    await hers.post(await path_of(still))

    page = (await here.get("/admin/sessions")).text
    assert "Firefox on Linux (this one)" in page
    (phones,) = re.findall(r'name="end" value="(\d+)"', page)
    assert "Safari on an iPhone" in page
    assert "127.0.0" not in page
    assert re.search(r"\b14 days.*\b90\b", page, re.DOTALL)
    foreign = csrf_on(await hers.get("/admin/sessions"))
    await hers.post("/admin/sessions", data={"end": phones, "csrf": foreign})
    assert await signed_in(phone), "it isn't hers"
    done = await here.post("/admin/sessions", data={"end": phones, **own})
    assert done.headers["Location"] == "/admin/sessions?done=one"
    assert not await signed_in(phone)
    for wrong in ("", "x", "9" * 25):
        assert (await here.post("/admin/sessions", data={"end": wrong, **own})).status_code == 422
    assert await signed_in(here)


@ON_ONE
async def test_all_the_others_end_at_once(still: Stage) -> None:
    browsers = [await still.visitor() for _ in range(3)]
    for web in browsers:
        await still.signs_in(web)
    own = {"csrf": csrf_on(await browsers[0].get("/admin/sessions"))}
    await browsers[0].post("/admin/sessions", data={"end": "others", **own})
    assert [await signed_in(web) for web in browsers] == [True, False, False]
    assert 'name="end"' not in (await browsers[0].get("/admin/sessions")).text


@ON_ONE
async def test_the_page_that_shows_them_takes_a_new_secret_once_a_day_too(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    before = dict(web.cookies)
    still.clock.forward(2 * DAY)
    await web.get("/admin/sessions")
    assert dict(web.cookies) != before


@ON_ONE
async def test_however_much_it_is_used_a_session_ends_after_ninety_days(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    for _ in range(8):
        still.clock.forward(11 * DAY)
        assert await signed_in(web)
    still.clock.forward(3 * DAY)
    assert not await signed_in(web)


@ON_ONE
async def test_who_asks_for_links_too_often_waits(still: Stage) -> None:
    web = await still.visitor()
    for _ in range(SIGN_INS):
        assert (await web.post("/admin/sign-in", data={"email": "nobody@example.org"})).status_code == 200
    late = await web.post("/admin/sign-in", data={"email": "nobody@example.org"})
    assert late.status_code == 429
    assert int(late.headers["Retry-After"]) > 0
