"""No cookie, no third party, no name in a log, no page kept or passed on; and links that only we make."""

import logging
import re
from email import message_from_string
from email.policy import default as modern

import httpx
import pytest

from newsletter.clock import DAY
from newsletter.storage import Tx
from tests.conftest import ON_ONE
from tests.mail.sink import Sink
from tests.web.conftest import Serve
from tests.web.door_rows import SHOWN, TAKEN
from tests.web.doors import Doors, opened
from tests.web.stage import ADA, BLOG, FIREFOX, HOST, MALLORY, OLGA, URL, Stage, link

NETWORK = "203.0.113.77"
OURS = ("newsletter", "litestar", "uvicorn", "asyncio", "root")  # what speaks while we run

PREVIEWS = {  # a mail, whose styles stand in its tags, for a frame of ours; and what stands there before it
    "GET /admin/broadcasts/{id:str}/preview",
    "GET /admin/broadcasts/preview",
}


async def every_answer(doors: Doors) -> dict[str, httpx.Response]:
    """One of each door: to Olga, to a stranger, and to somebody mistaken."""
    stranger = await doors.service.visitor()
    answers = {}
    for template in sorted(SHOWN):
        answers[f"GET {template}"] = await doors.web.get(doors.path(template))
        answers[f"GET {template} stranger"] = await stranger.get(doors.path(template, "broken"))
    for template in sorted(TAKEN, key=lambda one: one != "/forms/{slug:str}"):
        if not template.startswith("/admin"):
            answers[f"POST {template} broken"] = await stranger.post(
                doors.path(template, "broken"), data={"x": "y"}
            )
    for template in (
        "/forms/{slug:str}",
        "/u/{token:str}",
        "/confirm/{token:str}",
        "/preferences/{token:str}",
    ):
        answers[f"POST {template}"] = await stranger.post(doors.path(template), data=doors.fields(template))
    return answers


@ON_ONE
async def test_no_cookie_but_the_owners(still: Stage) -> None:
    doors = await opened(still)
    for name, answer in (await every_answer(doors)).items():
        assert "Set-Cookie" not in answer.headers, name


@ON_ONE
async def test_no_page_with_a_link_is_kept_or_passed_on(still: Stage) -> None:
    doors = await opened(still)
    for name, answer in (await every_answer(doors)).items():
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "no-referrer", name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert "default-src 'none'" in policy, name
        if name in PREVIEWS:
            assert policy.startswith("sandbox; "), name
            policy = policy.replace("style-src 'unsafe-inline'", "")
        assert "unsafe" not in policy, name
        if "/embed" not in name and name not in PREVIEWS:
            assert "frame-ancestors" not in policy or "frame-ancestors 'none'" in policy, name
            assert answer.headers["X-Frame-Options"] == "DENY", name
        if (
            not re.search(r"/assets/|/embed\.js|/robots|/threads|/isso|/archive", name)
            or answer.status_code >= 400
        ):
            assert "no-store" in answer.headers["Cache-Control"], name


ADDRESS = re.compile(r"""(?:https?:)?//[\w.:-]+""")
EMBEDDED = re.compile(
    r"""<(?:script|iframe|img|link(?! rel="(?:canonical|alternate)")|object|video|audio|source|embed)\b[^>]*>"""
    r"""|url\(|@import|srcset"""
)


def strangers(text: str) -> set[str]:
    """The origins that a page or a mail names, but for our own, the name of SVG, and what stands for "your site"."""
    return {found.removesuffix(".") for found in ADDRESS.findall(text)} - {
        URL,
        "http://www.w3.org",
        "https://example.org",
    }


@ON_ONE
async def test_no_page_leads_anywhere_else(still: Stage) -> None:
    doors = await opened(still)
    for name, answer in (await every_answer(doors)).items():
        if answer.headers.get("Content-Type", "").startswith(("text/html", "text/css", "text/javascript")):
            assert not strangers(answer.text), name
            for found in EMBEDDED.findall(answer.text):
                ours = re.search(r"""(?:src|href)=["']/assets/""", found) or found == "<script>"
                assert ours or 'sandbox=""' in found, (name, found)


async def test_no_mail_fetches_or_names_anybody(service: Stage) -> None:
    web = await service.visitor()
    page, guide = await service.joins(web, ADA, name="Ada")
    await web.post("/admin/sign-in", data={"email": OLGA})
    service.clock.forward(31 * DAY)
    await web.post(link(guide, "/downloads/") + "/fresh")
    service.clock.forward(DAY)
    await service.signs_up(web, ADA)
    service.clock.forward(DAY)
    await web.post(link(page, "/preferences/") + "/fresh")
    letters = [*await service.letters(ADA, 5), *await service.letters(OLGA, 1)]
    assert {mail.message for mail in await service.house.mails()} == {
        "confirmation", "guide", "fresh_link", "already", "preferences", "sign_in",
    }  # fmt: skip
    for letter in letters:
        mail = message_from_string(letter.source, policy=modern)
        assert not strangers(letter.text + letter.html), letter.subject
        assert not EMBEDDED.findall(letter.html), letter.subject
        assert [name for name in ("Cc", "Bcc", "Received", "X-Mailer", "User-Agent") if mail[name]] == []
        assert mail.get_all("To") == [letter.to]


def named_in_logs(caplog: pytest.LogCaptureFixture, words: set[str]) -> list[str]:
    """What our own loggers said, at the most talkative level, with any of these words in it."""
    written = logging.Formatter("%(name)s %(message)s")
    lines = [written.format(record) for record in caplog.records if record.name.split(".")[0] in OURS]
    return [line for line in lines if any(word in line for word in words)]


async def test_no_log_names_anybody(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """From the form to the erasure, with what people get wrong in between."""
    caplog.set_level(logging.DEBUG)
    async with serve(trusted_proxies=("127.0.0.0/8",)) as service:
        web = await service.visitor({**FIREFOX, "X-Forwarded-For": NETWORK})
        page, guide = await service.joins(web, ADA, name="Lovelace")
        paths = re.findall(r'"(/(?:downloads|preferences)/[^"]+)"', page)
        paths += [link(guide, "/downloads/"), link(guide, "/u/")]
        for path in [*paths, f"{paths[0]}x", "/confirm/x", "/nowhere/ada@example.org"]:
            await web.get(path)
        await web.post("/forms/guide", data={"email": "ada@@example.org", "name": "Lovelace"})
        await web.post("/forms/guide", content=ADA, headers={"Content-Type": "application/json"})
        await web.post(f"{link(page, '/preferences/')}/erase")
        await web.post("/admin/sign-in", data={"email": OLGA})
        enter = link((await service.letters(OLGA, 1))[0], "/admin/enter/")
        assert (await web.post(enter)).status_code == 303
        assert (await web.get("/admin")).status_code == 200
        secret = {ADA, "Lovelace", OLGA, *web.cookies.values(), *(path.split("/")[2] for path in paths)}
    assert not named_in_logs(caplog, {*secret, enter.split("/")[3], NETWORK, FIREFOX["User-Agent"]})


async def test_no_log_of_trouble_names_anybody(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """A relay that repeats the address, and a fault of our own: a table that is gone."""
    caplog.set_level(logging.DEBUG)
    relay = Sink()
    relay.plays({"RCPT": f"550 5.1.1 <{ADA}>: nobody here"})
    await relay.open()
    async with serve(smtp_url=f"smtp://127.0.0.1:{relay.port}?tls=off") as service:
        web = await service.visitor()
        await service.signs_up(web, ADA)
        await service.settled()
        assert [mail.state for mail in await service.house.mails()] == ["failed"]
        path = link((await web.post(await service.invitation(ADA))).text, "/downloads/")
        await service.site.db.write(_drop, "downloads")
        failed = await web.get(path)
    await relay.close()

    (reference,) = re.findall(r"<code>([0-9a-f]{8})</code>", failed.text)
    assert failed.status_code == 500
    assert f"GET /downloads/{{token}} failed, reference {reference}" in caplog.text
    assert "the relay said 550" in caplog.text
    assert not named_in_logs(caplog, {ADA, path.split("/")[2]})


async def _drop(tx: Tx, table: str) -> None:
    await tx.run(f"DROP TABLE {table}")


async def test_no_header_changes_a_mailed_link(service: Stage) -> None:
    web = await service.visitor()
    forged = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "ftp",
        "Forwarded": "host=evil.example",
    }
    forged |= {
        "X-Original-URL": "https://evil.example/",
        "Origin": "null",
        "Referer": "https://evil.example/",
    }
    await web.post("/forms/guide", data={"email": ADA}, headers=forged)
    (invitation,) = await service.letters(ADA, 1)
    assert link(invitation, "/confirm/")
    assert "evil" not in invitation.source
    refused = await web.post("/forms/guide", data={"email": MALLORY}, headers={"Host": "evil.example"})
    assert refused.status_code == 400
    assert HOST in invitation.text
    assert BLOG not in invitation.text
