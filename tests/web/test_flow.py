"""The main job, whole: from the form to the guide in the inbox, and out again, over real sockets and SMTP."""

import asyncio
import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from newsletter.cli import cli
from newsletter.clock import DAY, SECOND
from newsletter.ids import new_id
from newsletter.signups import GUIDE
from newsletter.storage import Tx
from tests.web.stage import ADA, BEN, FIREFOX, URL, Stage, link

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


async def counted(service: Stage) -> int:
    return await service.house.count("SELECT count(*) FROM downloads WHERE automatic = 0")


async def test_from_the_form_to_the_guide(service: Stage) -> None:
    web = await service.visitor()
    page = (await web.get("/forms/guide")).text
    token = page.partition('name="token" value="')[2].partition('"')[0]
    service.clock.forward(3 * SECOND)
    typed = {"email": ADA, "name": "Buy pills", "token": token, "leave_blank": ""}
    sent = await web.post("/forms/guide", data=typed)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/forms/guide/sent")
    thanks = (await web.get("/forms/guide/sent")).text

    (invitation,) = await service.letters(ADA, 1)
    assert invitation.subject in thanks
    assert "pills" not in invitation.source
    path = link(invitation, "/confirm/")
    asked = await web.get(path)
    assert asked.text.count("<button") == 1
    assert ">Download my guide</button>" in asked.text
    assert f'action="{path}"' in asked.text
    assert (await service.house.person(ADA)).status == "pending"

    pressed = await web.post(path)
    assert pressed.status_code == 200
    file = await web.get(link(pressed.text, "/downloads/"))
    assert file.content == await asyncio.to_thread(GUIDE.read_bytes)
    assert (await service.house.person(ADA)).status == "active"
    guide = (await service.letters(ADA, 2))[1]
    assert (await web.get(link(guide, "/downloads/"))).content == file.content
    assert await counted(service) == 1


async def test_a_hundred_presses_at_once_make_one_event_and_one_mail(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_up(web, ADA)
    path = await still.invitation(ADA)
    pages = await asyncio.gather(*(web.post(path) for _ in range(100)))

    assert {page.status_code for page in pages} == {200}
    assert all("/downloads/" in page.text for page in pages)
    assert await still.house.count("SELECT count(*) FROM consent_records") == 1
    assert [mail.message for mail in await still.house.mails(ADA)] == ["confirmation", "guide"]


async def test_looking_changes_nothing(still: Stage) -> None:
    """Promise 3: scanners open every link, and what is behind it."""
    web = await still.visitor()
    preferences = link(await still.member(web, ADA), "/preferences/")
    await still.signs_up(web, BEN)
    asked = await web.get(await still.invitation(BEN))
    left = link((await web.get(preferences)).text, "/u/")
    paths = [link(asked.text, "/confirm/"), link(asked.text, "/block/"), left, preferences]
    before = await still.dump()
    for path in [*paths, f"{preferences}/data", f"{preferences}/erase"]:
        for method in ("GET", "HEAD") * 3:
            assert (await web.request(method, path)).status_code == 200, path
    assert await still.dump() == before


async def test_the_download_resumes_and_counts_once(still: Stage) -> None:
    web = await still.visitor()
    path = link(await still.member(web, ADA), "/downloads/")
    whole = await asyncio.to_thread(GUIDE.read_bytes)
    head = await web.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole))
    rest = await web.get(path, headers={"Range": "bytes=1000-", "If-Range": head.headers["ETag"]})
    tail = await web.get(path, headers={"Range": "bytes=-100"})
    assert await counted(still) == 0

    start = await web.get(path, headers={"Range": "bytes=0-999"})
    assert [part.status_code for part in (start, rest, tail)] == [206, 206, 206]
    assert start.content + rest.content == whole
    assert rest.headers["Content-Range"] == f"bytes 1000-{len(whole) - 1}/{len(whole)}"
    assert tail.content == whole[-100:]
    for headers in ({}, {"Range": "bytes=0-1,5-9"}, {"Range": "bytes=0-9", "If-Range": '"another"'}):
        again = await web.get(path, headers=headers)
        assert (again.status_code, again.content) == (200, whole), headers
    beyond = await web.get(path, headers={"Range": "bytes=999999-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(whole)}")
    assert (await web.get(path, headers={"If-None-Match": head.headers["ETag"]})).status_code == 304
    assert await counted(still) == 1


async def test_a_scanner_is_not_counted(service: Stage) -> None:
    web = await service.visitor()
    _, guide = await service.joins(web, ADA)
    path = link(guide, "/downloads/")
    assert (await web.get(path)).status_code == 200  # as soon as the mail was there
    service.clock.forward(60 * SECOND)
    for scanner in (
        {"User-Agent": "python-requests/2.32"},
        {"User-Agent": ""},
        {"Sec-Fetch-Mode": "no-cors"},
    ):
        assert (await web.get(path, headers=scanner)).status_code == 200
    assert await counted(service) == 0

    assert (await web.get(path)).status_code == 200
    assert await counted(service) == 1


async def test_an_expired_link_offers_a_fresh_one(service: Stage) -> None:
    web = await service.visitor()
    _, guide = await service.joins(web, ADA)
    service.clock.forward(31 * DAY)
    old = link(guide, "/downloads/")
    expired = await web.get(old)
    assert expired.status_code == 410
    assert f'action="{old}/fresh"' in expired.text
    assert (await web.post(f"{old}/fresh", data={"email": BEN})).status_code == 200

    fresh = (await service.letters(ADA, 3))[2]
    assert (await web.get(link(fresh, "/downloads/"))).status_code == 200
    assert (await web.post(f"{old}/fresh")).status_code == 200  # and once a day only
    assert len(await service.house.mails()) == 3


async def test_leaving_by_one_click(service: Stage) -> None:
    """RFC 8058, by a program without cookies that nobody has heard of."""
    web, program = await service.visitor(), await service.visitor({"User-Agent": ""})
    for email, sent in (
        (ADA, {"data": ONE_CLICK}),
        (BEN, {"files": {"List-Unsubscribe": (None, "One-Click")}}),
    ):
        page, guide = await service.joins(web, email)
        assert guide.unsubscribe == URL + link(guide, "/u/")
        left = await program.post(guide.unsubscribe, **sent)
        assert left.status_code == 200
        assert (await service.house.person(email)).status == "unsubscribed"

        for path in (guide.unsubscribe, guide.unsubscribe[:-4], f"{URL}/u/nobody"):
            again = await program.post(path, **sent)
            assert (again.status_code, again.text) == (200, left.text)
        confirm = link((await service.letters(email, 2))[0], "/confirm/")
        assert (await web.post(confirm)).status_code == 404
        assert (await web.get(f"{link(page, '/preferences/')}/data")).json()["status"] == "unsubscribed"
    assert await service.house.count("SELECT count(*) FROM consent_records WHERE kind = 'unsubscribed'") == 2


async def test_preferences(still: Stage) -> None:
    web = await still.visitor()

    async def add_topic(tx: Tx) -> None:
        await tx.run(
            "INSERT INTO tags (id, name, title, public) VALUES (:id, 'work', 'On work', 1)", id=new_id()
        )

    await still.site.db.write(add_topic)
    page = await still.member(web, ADA, name="Ada")
    path = link(page, "/preferences/")
    shown = (await web.get(path)).text
    assert 'value="Ada"' in shown
    saved = await web.post(path, data={"name": "Countess", "topic-work": "1", "pause": "1"})
    assert (saved.status_code, saved.headers["Location"]) == (303, f"{path}?saved=1")
    assert 'role="status">Saved' in (await web.get(f"{path}?saved=1")).text
    refused = await web.post(path, data={"name": "x" * 101, "pause": "5"})
    assert refused.status_code == 422
    assert "Please choose one of the pauses." in refused.text
    data = await web.get(f"{path}/data")
    assert data.headers["Content-Disposition"].startswith("attachment")
    until = datetime.fromtimestamp((still.clock.now() + 30 * DAY) / 1000, UTC).isoformat()
    known = data.json()
    assert (known["email"], known["name"], known["tags"]) == (ADA, "Countess", ["work"])
    assert (known["paused_until"], known["consent_chain_intact"]) == (until, True)

    await web.post(path, data={"pause": "none"})
    changed = (await web.get(f"{path}/data")).json()
    assert (changed["name"], changed["tags"], changed["paused_until"]) == ("Countess", [], None)


async def test_to_be_forgotten(still: Stage, database_url: str) -> None:
    web = await still.visitor()
    page = await still.member(web, ADA, name="Lovelace")
    path = link(page, "/preferences/")
    assert "Erase me</button>" in (await web.get(f"{path}/erase")).text
    assert (await web.post(f"{path}/erase")).status_code == 200

    for dead in (path, f"{path}/data", f"{path}/erase", link(page, "/downloads/")):
        assert (await web.get(dead)).status_code == 404, dead
    await still.signs_up(web, ADA)
    assert {mail.reply for mail in await still.house.mails()} == {"suppressed"}
    everything = repr(await still.dump())
    assert "ada@" not in everything
    assert "Lovelace" not in everything
    if database_url.startswith("sqlite"):
        file = Path(database_url.removeprefix("sqlite:///"))
        for each in (file, file.with_name(f"{file.name}-wal")):
            assert b"ada@example" not in await asyncio.to_thread(each.read_bytes)


async def test_this_was_not_me(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_up(web, ADA)
    invitation = await still.invitation(ADA)
    asked = link((await web.get(invitation)).text, "/block/")
    assert "Never write to me</button>" in (await web.get(asked)).text
    assert (await web.post(asked)).status_code == 200

    assert (await web.post(invitation)).status_code == 404
    still.clock.forward(2 * DAY)
    await still.signs_up(web, ADA)
    assert await still.house.mails(ADA) == []


async def test_mistakes_stand_beside_their_fields(still: Stage) -> None:
    web = await still.visitor()
    for path in ("/forms/guide", "/forms/guide/embed"):
        refused = await web.post(path, data={"email": "ada@gmial", "name": "<Ada>\u202e"})
        assert refused.status_code == 422
        for stated in (
            'value="ada@gmial"',
            'value="&lt;Ada&gt; "',
            'aria-describedby="field-email-error field-email-help" aria-invalid="true" autofocus',
            'id="field-email-error"',
            'aria-describedby="field-name-error field-name-help" aria-invalid="true">',
            'href="#field-name"',
        ):
            assert stated in refused.text, stated
    refused = await web.post("/forms/guide", json={"email": "ada", "name": "\u202e"})
    assert (refused.status_code, refused.headers["Content-Type"]) == (422, "application/problem+json")
    assert refused.json()["errors"].keys() == {"email", "name"}


async def test_a_slip_is_pointed_out_and_taken(still: Stage) -> None:
    web = await still.visitor()
    sent = await web.post("/forms/guide", data={"email": "ada@gmial.com"})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/forms/guide/sent?typed=gmial.com")
    assert "Did you mean <strong>gmail.com</strong>?" in (await web.get(sent.headers["Location"])).text
    sent = await web.post("/forms/guide", json={"email": "ben@gmial.com"})
    assert (sent.status_code, sent.json()["hint"]) == (202, "gmail.com")
    assert len(await still.house.mails()) == 2


async def test_everything_comes_out_again(still: Stage, database_url: str) -> None:
    web = await still.visitor()
    await still.member(web, ADA, name="=1+1")
    await still.signs_up(web, BEN)
    await still.signs_in(web)
    answer = await web.get("/admin/export?format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["email"], row["name"], row["status"]) for row in rows] == [
        (ADA, "'=1+1", "active"),
        (BEN, "", "pending"),
    ]
    assert rows[0]["consent_message_id"] == (await still.house.mails(ADA))[0].message_id
    lines = (await web.get("/admin/export?format=ndjson&status=active")).text.splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["=1+1"]

    settings = {
        "NEWSLETTER_DATABASE_URL": database_url,
        "NEWSLETTER_PUBLIC_URL": URL,
        "NEWSLETTER_SECRET_KEY": "k" * 40,
    }
    command = ["export", "subscribers", "--format", "ndjson", "--status", "active"]
    done = await asyncio.to_thread(CliRunner().invoke, cli, command, env=settings)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == lines
    assert FIREFOX["User-Agent"] not in done.output
