"""Subscribers from elsewhere, in the browser: a file is sent, looked over and taken in, and nothing of it is left."""

import re
from html import unescape
from io import BytesIO
from pathlib import Path

import httpx
import openpyxl
import pytest

from newsletter.clock import DAY
from newsletter.web.kit import importing, waiting_files
from tests.conftest import ON_ONE
from tests.mail.conftest import eventually
from tests.web.conftest import Serve
from tests.web.stage import ADA, BEN, CLEO, Stage

PEOPLE = f"Mail;Name;Seit\n{ADA};Ada;2024-05-06\n{BEN};Ben;\nnonsense;X;\n{ADA};Ada again;\n"
MAILCHIMP = (
    "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_IP,CONFIRM_IP,LATITUDE,TAGS,LONGITUDE,GMTOFF,DSTOFF,"
    "TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER\n"
    f"{ADA},Ada,Byron,2,192.0.2.1,192.0.2.1,51.5,work,-0.1,0,1,Europe/London,GB,,2024-05-06 10:00:00,1,a,,,,\n"
)
ORIGIN = "the form on my old page"

pytestmark = ON_ONE


def key_on(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', page.text)
    assert found, page.text
    return found[1]


async def owner(stage: Stage) -> httpx.AsyncClient:
    web = await stage.visitor()
    await stage.signs_in(web)
    return web


async def sends(web: httpx.AsyncClient, content: bytes, name: str = "people.csv") -> httpx.Response:
    csrf = key_on(await web.get("/admin/import"))
    return await web.post("/admin/import", data={"csrf": csrf}, files={"file": (name, content, "text/csv")})


async def presses(web: httpx.AsyncClient, path: str, action: str, **fields: str) -> httpx.Response:
    csrf = key_on(await web.get(path))
    return await web.post(path, data={"csrf": csrf, "action": action, **fields})


def kept(stage: Stage) -> list[Path]:
    folder = waiting_files.folder(stage.site.settings)
    return sorted(folder.iterdir()) if folder.exists() else []


async def test_from_a_file_to_subscribers(service: Stage) -> None:
    """With the worker that is at work in every service."""
    web = await owner(service)
    sent = await sends(web, PEOPLE.encode())
    path = sent.headers["Location"]
    columns = unescape((await web.get(path)).text)
    assert "<p><bdi>people.csv</bdi></p>" in columns
    assert "2024-05-06" in columns
    assert re.search(r'name="c0">\s+<option value="email" selected', columns)
    assert "A field of its own: seit" in columns
    answer = await presses(web, path, "check", c0="email", c1="name", c2="joined", origin=ORIGIN, tag="moved")
    assert answer.headers["Location"] == path

    async def looked_over() -> bool:
        return "What would happen" in (await web.get(path)).text

    await eventually(looked_over, 60)
    report = unescape((await web.get(path)).text)
    assert re.search(r"active .*?</dt><dd class=\"number\">2<", report)
    assert "Line 4: This doesn’t look like an email address." in report
    assert "Line 5: The same address stands in line 2." in report
    assert await service.house.count("SELECT count(*) FROM subscribers") == 0
    await presses(web, path, "start")

    async def done() -> bool:
        return "Taken in" in (await web.get(path)).text

    await eventually(done, 60)
    person = await service.house.person(ADA)
    assert (person.status, person.name) == ("active", "Ada")
    data = await service.site.db.read(service.site.subscribers.own_data, person.id)
    assert (data["tags"], data["signed_up"]) == (["moved"], "2024-05-06T00:00:00+00:00")
    assert data["consent"][0]["detail"]["origin"] == ORIGIN
    refused = (await web.get(f"{path}/refused.csv")).text.splitlines()
    assert [line.partition(",")[0] for line in refused] == ["\ufeffline", "4", "5"]
    assert kept(service) == []
    assert {mail.message for mail in await service.house.mails()} <= {"sign_in"}


async def test_a_workbook_comes_in_as_a_table_of_text_does(still: Stage) -> None:
    web, book, content = await owner(still), openpyxl.Workbook(), BytesIO()
    for row in (
        ["E-Mail", "Name", "Status"],
        [ADA, "Ada", "active"],
        [BEN, "Ben", "unsubscribed"],
        ["nonsense"],
    ):
        book.active.append(row)
    book.save(content)
    path = (await sends(web, content.getvalue(), "people.xlsx")).headers["Location"]
    answer = await presses(web, path, "check", c0="email", c1="name", c2="status", origin=ORIGIN)
    assert answer.status_code == 303
    await importing.keep_going(still.site)
    assert "Line 4: This doesn’t look like an email address." in unescape((await web.get(path)).text)
    await presses(web, path, "start")
    await importing.keep_going(still.site)
    people = [await still.house.person(email) for email in (ADA, BEN)]
    assert [(one.name, one.status) for one in people] == [("Ada", "active"), ("Ben", "unsubscribed")]


async def test_columns_that_are_left_out_lie_folded(still: Stage) -> None:
    web = await owner(still)
    path = (await sends(web, MAILCHIMP.encode())).headers["Location"]
    page = (await web.get(path)).text
    taken, _, left = page.partition("<details")
    assert "20 columns" not in page
    assert "17 columns are left out" in left
    assert re.findall(r'<select id="c\d+" name="(c\d+)"', taken) == ["c0", "c1", "c2", "c7"]
    assert len(re.findall(r'<select id="c\d+"', left.partition("</details>")[0])) == 17
    own = await presses(web, path, "check", c4="field:optin_ip", c7="ignore", origin="")
    taken, _, left = own.text.partition("<details")
    assert re.findall(r'<select id="c\d+" name="(c\d+)"', taken) == ["c0", "c1", "c2", "c4"]
    assert own.status_code == 422


async def test_the_file_is_the_owners_alone_while_it_waits(still: Stage) -> None:
    web = await owner(still)
    path = (await sends(web, PEOPLE.encode(), "C:\\my\\people.csv")).headers["Location"]
    (file,) = kept(still)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert file.read_text("utf-8") == PEOPLE
    assert "<bdi>people.csv</bdi>" in (await web.get(path)).text
    stranger = await still.visitor()
    for other in (path, f"{path}/refused.csv"):
        assert (await stranger.get(other)).headers["Location"] == "/admin/sign-in"
    assert (await presses(web, path, "delete")).headers["Location"] == "/admin/import"
    assert kept(still) == []
    assert (await web.get(path)).status_code == 404


async def test_a_file_that_is_left_alone_goes_after_a_day(still: Stage) -> None:
    web = await owner(still)
    await sends(web, PEOPLE.encode())
    still.clock.forward(DAY - 1000)
    await importing.keep_going(still.site)
    assert len(kept(still)) == 1
    still.clock.forward(2000)
    await importing.keep_going(still.site)
    assert kept(still) == []
    assert await still.house.count("SELECT count(*) FROM import_uploads") == 0


async def test_who_may_not_send_leaves_nothing(still: Stage) -> None:
    web, stranger = await owner(still), await still.visitor()
    csrf = key_on(await web.get("/admin/import"))
    files = {"file": ("people.csv", PEOPLE.encode(), "text/csv")}
    answer = await stranger.post("/admin/import", data={"csrf": csrf}, files=files)
    assert answer.headers["Location"] == "/admin/sign-in"
    assert (await web.post("/admin/import", data={"csrf": "0" * len(csrf)}, files=files)).status_code == 422
    assert (await web.post("/admin/import", files=files)).status_code == 422
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert (
        await web.post("/admin/import", data={"csrf": csrf}, files=files, headers=foreign)
    ).status_code == 422
    assert (await web.post("/admin/import", data={"csrf": csrf})).status_code == 415
    assert kept(still) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Please choose a file."),
        (b"\n", "There is no row in this file."),
        (b"PK\x03\x04", "can’t be read"),
    ],
)
async def test_what_is_no_table_is_said_beside_the_field(still: Stage, content: bytes, said: str) -> None:
    web = await owner(still)
    answer = await sends(web, content)
    assert answer.status_code == 422
    assert said in unescape(answer.text)
    assert kept(still) == []


async def test_a_file_may_be_as_large_as_the_setting_says(serve: Serve) -> None:
    async with serve(worker=False, import_mb=1) as stage:
        web = await owner(stage)
        line = b"somebody@example.org\n"
        assert (await sends(web, line * (1_000_000 // len(line)))).status_code == 303
        answer = await sends(web, line * (1_200_000 // len(line)))
        assert answer.status_code == 413
        assert len(kept(stage)) == 1


async def test_mistakes_are_named_and_what_was_chosen_stays(still: Stage) -> None:
    web = await owner(still)
    path = (await sends(web, PEOPLE.encode())).headers["Location"]
    answer = await presses(web, path, "check", c0="email", c1="email", c2="ignore", origin="", tag="a,b")
    said = unescape(answer.text)
    assert answer.status_code == 422
    assert "Please write down how these people agreed." in said
    assert "Two columns can’t both be email: Mail and Name." in said
    assert re.search(r'name="c2">(.(?!</select))*value="ignore" selected', said, re.DOTALL)
    assert await still.house.count("SELECT count(*) FROM import_uploads WHERE state = 'uploaded'") == 1


async def test_what_began_goes_on_in_another_process(still: Stage) -> None:
    """After a restart: what is to be done stands in rows, and the file on the disk."""
    web = await owner(still)
    path = (await sends(web, f"email\n{ADA}\n{CLEO}\n".encode())).headers["Location"]
    await presses(web, path, "start")  # too early: nothing happens
    await presses(web, path, "check", c0="email", origin=ORIGIN)
    assert "Being looked over" in (await web.get(path)).text
    await importing.keep_going(still.site)
    assert "What would happen" in (await web.get(path)).text
    await presses(web, path, "again")
    await presses(web, path, "check", c0="email", origin=ORIGIN)
    await importing.keep_going(still.site)
    await presses(web, path, "start")
    await presses(web, path, "start")
    await importing.keep_going(still.site)
    await importing.keep_going(still.site)
    assert await still.house.count("SELECT count(*) FROM consent_records WHERE kind = 'imported'") == 2
    assert (
        "Taken in" in (await web.get("/admin/import")).text
        or "2 taken in" in (await web.get("/admin/import")).text
    )


async def test_every_row_that_a_check_refuses_is_listed(still: Stage) -> None:
    web = await owner(still)
    words = "email\n" + "nonsense\n" * 250 + f"{ADA}\n" * 3
    path = (await sends(web, words.encode())).headers["Location"]
    await presses(web, path, "check", c0="email", origin=ORIGIN)
    await importing.keep_going(still.site)
    rows = (await web.get(f"{path}/refused.csv")).text.splitlines()
    assert [row.partition(",")[0] for row in rows] == ["\ufeffline", *map(str, range(2, 252)), "253", "254"]


async def test_a_file_that_vanished_is_said(still: Stage) -> None:
    web = await owner(still)
    path = (await sends(web, PEOPLE.encode())).headers["Location"]
    kept(still)[0].unlink()
    assert importing.GONE in unescape((await web.get(path)).text)


async def test_the_encoding_is_said_and_another_is_chosen(still: Stage) -> None:
    web = await owner(still)
    path = (await sends(web, f"email,name\n{CLEO},Ада Лавлейс\n".encode("windows-1251"))).headers["Location"]
    page = unescape((await web.get(path)).text)
    assert re.search(r'<option value="windows-1252" selected>', page)
    assert "Ада" not in page
    again = await web.get(path, params={"encoding": "windows-1251"})
    page = unescape(again.text)
    assert re.search(r'<option value="windows-1251" selected>', page)
    assert "Ада Лавлейс" in page
    assert '<input type="hidden" name="encoding" value="windows-1251">' in page
    assert (await web.get(path, params={"encoding": "klingon"})).status_code == 422
    said = {"c0": "email", "c1": "name", "origin": ORIGIN, "encoding": "windows-1251"}
    assert (await presses(web, path, "check", **said)).status_code == 303
    await importing.keep_going(still.site)
    await presses(web, path, "start")
    await importing.keep_going(still.site)
    assert (await still.house.person(CLEO)).name == "Ада Лавлейс"


async def test_what_a_file_begins_with_says_its_encoding(still: Stage) -> None:
    web = await owner(still)
    path = (await sends(web, PEOPLE.encode("utf-16"))).headers["Location"]
    assert re.search(r'<option value="utf-16" selected>', (await web.get(path)).text)
    path = (await sends(web, PEOPLE.encode("utf-8-sig"))).headers["Location"]
    assert re.search(r'<option value="utf-8" selected>', (await web.get(path)).text)
