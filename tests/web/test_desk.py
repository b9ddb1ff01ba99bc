"""The owner's desk: in by a link that works once, and by nothing else; out again, here or everywhere."""

import asyncio
import logging
import re
from contextlib import suppress
from html import unescape
from http.cookies import SimpleCookie

import httpx
import pytest

from newsletter.clock import DAY, HOUR, MINUTE
from newsletter.mail import hold
from newsletter.storage import Tx
from tests.house.source import ROOT
from tests.web.conftest import Serve
from tests.web.door_rows import SHOWN, TAKEN
from tests.web.stage import ADA, HOST, MALLORY, OLGA, Stage, link

DESK = "__Host-desk"


def csrf_on(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', page.text)
    assert found, page.text
    return found[1]


async def signed_in(web: httpx.AsyncClient) -> bool:
    answer = await web.get("/admin")
    assert answer.status_code == 200 or answer.headers["Location"] == "/admin/sign-in"
    return answer.status_code == 200


async def test_in_by_a_mailed_link(service: Stage) -> None:
    web = await service.visitor()
    for email in (MALLORY, "nobody@example.org", OLGA):
        asked = await web.post("/admin/sign-in", data={"email": email})
        assert "If this address may come in here" in asked.text
    (letter,) = await service.letters(OLGA, 1)
    assert [mail.recipient for mail in await service.house.mails() if mail.state != "skipped"] == [OLGA]
    path = link(letter, "/admin/enter/")
    for _ in range(3):  # a scanner
        assert (await web.head(path)).status_code == 200
        assert '<form method="post">' in (await web.get(path)).text
    assert not await signed_in(web)

    entered = await web.post(path)
    assert (entered.status_code, entered.headers["Location"]) == (303, "/admin")
    assert await signed_in(web)
    other = await service.visitor()
    assert (await other.post(path)).status_code == 404
    assert not await signed_in(other)


async def test_the_first_page_says_that_nothing_is_sent(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    assert "Nothing is sent" not in (await web.get("/admin")).text
    await still.house.db.write(hold.hold, "A backup was restored.")
    assert "Nothing is sent since" in (page := (await web.get("/admin")).text)
    assert "A backup was restored." in page


async def test_a_link_lives_a_quarter_of_an_hour(still: Stage) -> None:
    web, path = await still.visitor(), await still.sign_in_link()
    still.clock.forward(16 * MINUTE)
    for answer in (await web.get(path), await web.post(path)):
        assert answer.status_code == 410
    assert not await signed_in(web)


async def test_the_cookie(still: Stage, serve: Serve) -> None:
    web = await still.visitor()
    cookie = SimpleCookie((await web.post(await still.sign_in_link())).headers["Set-Cookie"])[DESK]
    assert (cookie["path"], cookie["samesite"], cookie["domain"]) == ("/", "lax", "")
    assert cookie["secure"]
    assert cookie["httponly"]
    assert int(cookie["max-age"]) == 14 * 24 * 3600
    assert len(cookie.value) >= 43  # 256 bits
    assert cookie.value not in repr(await still.dump())


async def test_without_tls_the_cookie_has_a_plain_name(serve: Serve) -> None:
    async with serve(worker=False, public_url="http://news.example.org") as service:
        web = await service.visitor()
        set_cookie = (await web.post(await service.sign_in_link())).headers["Set-Cookie"]
        assert set_cookie.startswith("desk=")
        assert "Secure" not in set_cookie
        assert "HttpOnly" in set_cookie


async def test_nobody_else_gets_anywhere(still: Stage) -> None:
    """Every door of the desk, with every kind of cookie that is none."""
    web, left = await still.visitor(), await still.visitor()
    await still.member(web, ADA, name="Lovelace")
    await still.signs_in(web)
    await still.signs_in(left)
    gone = left.cookies[DESK]
    await left.post("/admin/sign-out", data={"csrf": csrf_on(await left.get("/admin"))})
    good, csrf = web.cookies[DESK], csrf_on(await web.get("/admin"))
    forged = ["", "x", gone, good[:-1], good + "a", good.swapcase(), f'"{good}x"', "%00"]
    forged += ["a" * 4000, "1", csrf]
    before = await still.dump()
    for cookie in [None, *forged]:
        stranger = await still.visitor()
        headers = {} if cookie is None else {"Cookie": f"{DESK}={cookie}; desk={good}; __Host-desk2={good}"}
        for template in sorted({path for path in SHOWN | TAKEN.keys() if path.startswith("/admin")}):
            path = template.replace("{token:str}", "forged")
            shown = await stranger.get(path, headers=headers)
            sent = await stranger.post(path, data={"csrf": csrf}, headers=headers)
            for answer in (shown, sent):
                open_to_all = template in ("/admin/sign-in", "/admin/passkey", "/admin/passkey/enter")
                assert answer.status_code in ((200, 303, 405, 422) if open_to_all else (303, 404, 405)), (
                    path,
                    cookie,
                )
                assert answer.headers.get("Location", "/admin/sign-in") == "/admin/sign-in"
                assert "ada@" not in answer.text
                assert "Set-Cookie" not in answer.headers
    after = await still.dump()
    assert after.pop("passkey_challenges")  # anybody may ask for one, so many times an hour
    assert not before.pop("passkey_challenges")
    assert after == before
    assert await signed_in(web)


async def test_only_our_own_pages_may_send_its_forms(still: Stage) -> None:
    web, other = await still.visitor(), await still.visitor()
    await still.signs_in(web)
    await still.signs_in(other)
    csrf, foreign = csrf_on(await web.get("/admin")), csrf_on(await other.get("/admin"))
    assert csrf != foreign
    tries = [
        ({}, {}),
        ({"csrf": ""}, {}),
        ({"csrf": foreign}, {}),
        ({"csrf": csrf[:-1]}, {}),
        ({"csrf": csrf}, {"Sec-Fetch-Site": "cross-site"}),
        ({"csrf": csrf}, {"Sec-Fetch-Site": "same-site"}),
        ({"csrf": csrf, "owner": "1"}, {}),
    ]
    for data, headers in tries:
        refused = await web.post("/admin/sign-out", data=data, headers=headers)
        assert refused.status_code == 422, (data, headers)
    assert (
        await web.post("/admin/sign-out", content=f"csrf={csrf}", headers={"Content-Type": "text/plain"})
    ).is_error
    assert await signed_in(web)

    out = await web.post("/admin/sign-out", data={"csrf": csrf}, headers={"Sec-Fetch-Site": "same-origin"})
    assert (out.status_code, out.headers["Location"]) == (303, "/admin/sign-in")
    assert DESK not in web.cookies
    assert not await signed_in(web)
    assert await signed_in(other)


async def test_out_everywhere(still: Stage) -> None:
    browsers = [await still.visitor() for _ in range(3)]
    for web in browsers:
        await still.signs_in(web)
    csrf = csrf_on(await browsers[0].get("/admin"))
    await browsers[0].post("/admin/sign-out", data={"csrf": csrf, "everywhere": "1"})
    assert [await signed_in(web) for web in browsers] == [False, False, False]


async def test_a_session_ends_and_an_old_copy_of_its_cookie_ends_sooner(still: Stage) -> None:
    web, thief = await still.visitor(), await still.visitor()
    await still.signs_in(web)
    thief.cookies = httpx.Cookies(web.cookies)
    still.clock.forward(25 * HOUR)
    assert await signed_in(web)
    assert web.cookies[DESK] != thief.cookies[DESK]
    assert not await signed_in(thief)

    still.clock.forward(15 * DAY)
    assert not await signed_in(web)


async def test_two_tabs_a_day_later_and_both_stay_in(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    cookie = {"Cookie": f"{DESK}={web.cookies[DESK]}"}
    still.clock.forward(25 * HOUR)
    tabs = [await still.visitor() for _ in range(8)]
    answers = await asyncio.gather(*(tab.get("/admin", headers=cookie) for tab in tabs))
    given = [answer.cookies[DESK] for answer in answers if "Set-Cookie" in answer.headers]
    assert len(given) == 1
    web.cookies.set(DESK, given[0], domain=HOST, path="/")
    assert await signed_in(web)


async def test_a_look_at_the_headers_gives_no_new_cookie(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    still.clock.forward(25 * HOUR)
    before = await still.dump()
    head = await web.head("/admin")
    assert (head.status_code, "Set-Cookie" in head.headers) == (200, False)
    assert await still.dump() == before


async def test_what_it_shows(still: Stage) -> None:
    web = await still.visitor()
    await still.member(web, ADA, name="<img src=x onerror=alert(1)>")
    await still.signs_up(web, MALLORY)
    await still.signs_in(web)
    page = (await web.get("/admin")).text
    assert "2 signed up, 1 confirmed." in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img" not in page
    assert page.index(MALLORY) < page.index(ADA)
    assert "&lt;newsletter-form form=&#34;guide&#34;&gt;" in page
    assert "https://news.example.org/forms/guide" in page
    assert not re.search(r">\d{4}-\d\d-\d\d<", page)  # each day is told as everywhere


async def test_its_forms_to_copy_are_those_of_the_readme(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    page = unescape((await web.get("/admin")).text)
    readme = (ROOT / "README.md").read_text("utf-8")
    (comments,) = re.findall(
        r'<form method="post" action="https://news.example.org/comments".*?</form>', readme, re.DOTALL
    )
    assert comments in page
    assert page.count("Email (required) <input") == 2  # alone, and inside the element
    assert "<label>Email <" not in page


async def test_a_look_at_the_export_asks_the_database_nothing(
    still: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """It would fail: there is nothing to be asked."""
    web = await still.visitor()
    await still.signs_in(web)
    shown = {
        form: (await web.get(f"/admin/export?format={form}")).headers for form in ("csv", "xlsx", "ndjson")
    }

    async def take_away(tx: Tx) -> None:
        await tx.run("ALTER TABLE subscribers RENAME TO away")

    await still.site.db.write(take_away)
    for form, headers in shown.items():
        head = await web.head(f"/admin/export?format={form}")
        assert (head.status_code, head.content) == (200, b"")
        for name in ("Content-Type", "Content-Disposition", "Cache-Control"):
            assert head.headers[name] == headers[name]
    assert (await web.head("/admin/export?format=xml")).status_code == 422
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    with suppress(httpx.HTTPError):
        await web.get("/admin/export")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_the_export_says_what_it_can_not_do(still: Stage) -> None:
    web = await still.visitor()
    await still.member(web, ADA)
    await still.signs_in(web)
    for query in ("format=xml", "status=nobody", "format="):
        assert (await web.get(f"/admin/export?{query}")).status_code == 422
    answer = await web.get("/admin/export?status=pending")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="subscribers.csv"'
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.content.startswith(b"\xef\xbb\xbfemail,")
    assert answer.content.count(b"\r\n") == 1


async def test_what_goes_wrong_there_leaves_the_way_back(still: Stage) -> None:
    web, stranger = await still.visitor(), await still.visitor()
    await still.signs_in(web)
    menu = '<nav class="account" aria-label="Desk">'
    for path, status, back in (
        ("/admin/nothing", 404, "/admin"),
        ("/admin/comments/x", 404, "/admin/comments"),
        ("/admin/comments?show=x", 422, "/admin/comments"),
        ("/admin/broadcasts/1/nothing", 404, "/admin/broadcasts"),
    ):
        lost = await web.get(path)
        assert lost.status_code == status
        assert menu in lost.text
        assert f'<a class="button" href="{back}">' in lost.text
    assert menu not in (await stranger.get("/admin/nothing")).text
    assert menu not in (await web.get("/nothing")).text

    data = {"csrf": csrf_on(await web.get("/admin")), "show": "spam", "action": "approve"}
    none = await web.post("/admin/comments", data=data)
    assert none.status_code == 422
    assert none.text.index("No comment was ticked.") < none.text.index('<nav class="tabs"')
    assert '<a href="/admin/comments?show=spam" aria-current="page">' in none.text
