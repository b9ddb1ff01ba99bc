"""The subscribers at the desk: listed, found, looked at one by one, and changed by their owner."""

import json
import re
from io import BytesIO

import httpx
import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from newsletter.clock import DAY, iso
from newsletter.mail.outbox import Reason
from newsletter.storage import Tx
from newsletter.subscribers import HEADER, records
from newsletter.web.kit.rostering import Event, when
from newsletter.words import speak
from tests.web.conftest import Serve
from tests.web.stage import ADA, BEN, Stage
from tests.web.test_desk import csrf_on

LIST = "/admin/subscribers"


@pytest.fixture
async def desk(still: Stage) -> httpx.AsyncClient:
    """Ada is active under a name, Ben pending."""
    visitor = await still.visitor()
    await still.member(visitor, ADA, name="Ada Lovelace")
    await still.signs_up(visitor, BEN)
    web = await still.visitor()
    await still.signs_in(web)
    return web


async def page_of(still: Stage, email: str) -> str:
    return f"{LIST}/{(await still.house.person(email)).id}"


async def does(web: httpx.AsyncClient, path: str, action: str, **fields: str) -> httpx.Response:
    csrf = csrf_on(await web.get(path))
    return await web.post(path, data={"csrf": csrf, "action": action, **fields})


@pytest.mark.parametrize(
    ("query", "seen", "unseen", "words"),
    [
        ("", (ADA, BEN), (), "2 people."),
        ("?status=active", (ADA,), (BEN,), "1 person."),
        ("?where=status:pending", (BEN,), (ADA,), "1 person."),
        ("?status=active&where=not+form:guide", (), (ADA, BEN), "Nobody."),
        ("?search=ada", (ADA,), (BEN,), ""),
        ("?search=lovelace", (), (ADA, BEN), "begins like this"),
        ("?search=Ada+L", (ADA,), (BEN,), ""),
    ],
)
async def test_who_is_listed(
    desk: httpx.AsyncClient, query: str, seen: tuple[str, ...], unseen: tuple[str, ...], words: str
) -> None:
    page = await desk.get(LIST + query)
    assert page.status_code == 200
    assert all(email in page.text for email in seen)
    assert not any(email in page.text for email in unseen)
    assert words in page.text


async def test_an_empty_list_says_where_to_bring_one_from(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    page = (await web.get(LIST)).text
    assert "Nobody." in page
    assert (
        'href="/admin/import">Bring subscribers from elsewhere</a>' in page.partition('<nav class="tabs"')[0]
    )
    assert (await web.get("/admin/import")).status_code == 200


async def test_a_desk_without_anybody_begins_with_what_to_do_first(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    first = (await web.get("/admin")).text.partition('id="counts-title"')[0]
    assert '<a class="button" href="#snippets-title">Put the form on a page</a>' in first
    assert '<a class="button plain" href="/admin/import">Bring subscribers from elsewhere</a>' in first
    await still.signs_up(web, BEN)
    assert "#snippets-title" not in (await web.get("/admin")).text


@pytest.mark.parametrize(
    ("query", "whom"),
    [
        ("status=active", [ADA]),
        ("where=status:pending", [BEN]),
        ("status=active&where=not+form:guide", []),
        ("search=Ada+L", [ADA]),
        ("search=BEN@", [BEN]),
        ("search=lovelace", []),
    ],
)
async def test_a_list_is_exported_as_it_is_shown(
    desk: httpx.AsyncClient, query: str, whom: list[str]
) -> None:
    page = (await desk.get(f"{LIST}?{query}")).text
    assert ('href="/admin/export?format=ndjson&amp;' in page) == bool(whom)
    lines = (await desk.get(f"/admin/export?format=ndjson&{query}")).text.splitlines()
    assert [json.loads(line)["email"] for line in lines] == whom
    sheet = await desk.get(f"/admin/export?format=xlsx&{query}")
    header, *rows = load_workbook(BytesIO(sheet.content)).active.iter_rows(values_only=True)
    assert (header, [row[0] for row in rows]) == (HEADER, whom)
    assert (await desk.get("/admin/export?where=tag+coaching")).status_code == 422


async def test_a_segment_that_is_none_is_told_where(desk: httpx.AsyncClient) -> None:
    page = await desk.get(LIST, params={"where": "tag coaching"})
    assert page.status_code == 422
    assert 'id="where-error"' in page.text
    assert 'value="tag coaching"' in page.text
    assert (await desk.get(LIST, params={"status": "gone"})).status_code == 422


async def test_what_happened_to_one_person(still: Stage, desk: httpx.AsyncClient) -> None:
    path = await page_of(still, ADA)
    page = (await desk.get(path)).text
    for words in (
        "Filled in the form “guide”",
        "Consent, record 1: confirmed",
        "Mail “guide”",
        "Ada Lovelace",
    ):
        assert words in page
    answer = await desk.get(f"{path}/data.json")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    known = json.loads(answer.text)
    assert known["email"] == ADA
    assert known["consent_chain_intact"]
    assert (await desk.get(f"{LIST}/1")).status_code == (await desk.get(f"{LIST}/x")).status_code == 404


@pytest.mark.parametrize(("spoken", "day"), [("en", "16 January 2026"), ("de", "16. Januar 2026")])
async def test_when_it_happened_is_told_by_the_owners_clock(serve: Serve, spoken: str, day: str) -> None:
    async with serve(worker=False, time_zone="Pacific/Kiritimati") as stage:  # 14 hours ahead
        await stage.member(await stage.visitor(), ADA)
        web = await stage.visitor()
        await stage.signs_in(web)
        speak(spoken)
        try:
            page = (await web.get(await page_of(stage, ADA))).text
        finally:
            speak("en")
    at = re.escape(iso(stage.clock.now()))
    assert re.search(rf'<time datetime="{at}">{day}, 02:00 \+14</time>', page), page


def test_a_time_beyond_all_calendars_stays_as_it_is() -> None:
    event = Event("9999-12-31T23:00:00+00:00", "Came here for the first time")
    assert when(event, "Pacific/Kiritimati") == "31 December 9999, 23:00 UTC"


async def test_their_owner_changes_them(still: Stage, desk: httpx.AsyncClient) -> None:
    path = await page_of(still, ADA)
    id = (await still.house.person(ADA)).id
    assert (await does(desk, path, "rename", name="Countess")).status_code == 303
    await does(desk, path, "tag", tag="coaching")
    assert "coaching" in (await desk.get(LIST)).text
    person = await still.house.db.read(records.find, id)
    assert (person.name, person.tags) == ("Countess", ["coaching"])
    await does(desk, path, "untag", tag="coaching")
    assert (await still.house.db.read(records.find, id)).tags == []
    wrong = await does(desk, path, "tag", tag="one, two")
    assert wrong.status_code == 422
    assert 'id="tag-error"' in wrong.text
    assert (await does(desk, path, "nonsense")).status_code == 422


async def test_fields_of_their_own(still: Stage, desk: httpx.AsyncClient) -> None:
    path, id = await page_of(still, ADA), (await still.house.person(ADA)).id

    async def fields() -> dict[str, str]:
        found: dict[str, str] = json.loads((await still.house.db.read(records.find, id)).fields)
        return found

    assert (await does(desk, path, "keep", field="city", value="Porto")).status_code == 303
    assert await fields() == {"city": "Porto"}
    assert 'value="Porto"' in (await desk.get(path)).text
    nameless = await does(desk, path, "keep", value="Porto")
    assert (nameless.status_code, 'id="field-error"' in nameless.text) == (422, True)
    await does(desk, path, "keep", field="city", value="")
    assert await fields() == {}


@pytest.mark.parametrize(("email", "message"), [(BEN, "confirmation"), (ADA, "fresh_link")])
async def test_what_they_were_mailed_is_mailed_again_once_a_day(
    still: Stage, desk: httpx.AsyncClient, email: str, message: str
) -> None:
    path, id = await page_of(still, email), (await still.house.person(email)).id
    guides = await still.site.db.read(records.guides, id)
    assert [one.title for one in guides] == (["Structure your career"] if email == ADA else [])
    guide = {"guide": str(guides[0].id)} if guides else {}
    sent = f"SELECT count(*) FROM outbox WHERE subscriber_id = {id} AND message = '{message}'"
    before = await still.house.count(sent)
    still.clock.forward(DAY + 1)
    assert (await does(desk, path, "mail", **guide)).status_code == 303
    again = await does(desk, path, "mail", **guide)
    assert (again.status_code, "one such mail a day" in again.text) == (422, True)
    assert await still.house.count(sent) == before + 1


@pytest.mark.parametrize(
    ("reason", "asks", "words"),
    [("bounced", False, "mail to it came back"), ("complained", True, "they called mail from here spam")],
)
async def test_they_may_be_mailed_again(
    still: Stage, desk: httpx.AsyncClient, reason: Reason, asks: bool, words: str
) -> None:
    path = await page_of(still, ADA)
    await still.site.db.write(still.site.post.suppress, ADA, reason)
    page = await desk.get(path)
    assert f"On the suppression list: {words}" in page.text
    refused = await does(desk, path, "mail")
    assert (refused.status_code, "Take it off first" in refused.text) == (422, True)
    answer = await does(desk, path, "unsuppress")
    if asks:
        assert "their own wish" in answer.text
        assert await still.site.db.read(still.site.post.suppressed, ADA)
        answer = await does(desk, path, "unsuppress", sure="1")
    assert answer.status_code == 303
    assert not await still.site.db.read(still.site.post.suppressed, ADA)


async def test_a_certificate_says_what_was_agreed_to(still: Stage, desk: httpx.AsyncClient) -> None:
    path = f"{await page_of(still, ADA)}/consent"
    form = await still.site.forms.find("guide")
    known = json.loads((await desk.get(f"{path}.json")).text)
    (record,) = known["records"]
    assert (known["email"], known["intact"], known["issuer"]["name"]) == (ADA, True, "Olga Writes")
    assert (record["kind"], record["wording"], record["wording_version"]) == ("confirmed", form.wording, 1)
    page = (await desk.get(path)).text
    assert record["hash"] in page
    assert "complete and unchanged" in page
    await still.site.db.write(_meddle, "UPDATE consent_records SET at = at + 1")
    assert "They prove nothing" in (await desk.get(path)).text


async def _meddle(tx: Tx, sql: str) -> None:
    await tx.run(sql)


async def test_a_certificate_on_paper(still: Stage, desk: httpx.AsyncClient) -> None:
    path = await page_of(still, ADA)
    await does(desk, path, "rename", name='#panic("x") *Łukasz* [Ωmega]')
    answer = await desk.get(f"{path}/consent.pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    text = PdfReader(BytesIO(answer.content)).pages[0].extract_text()
    assert '#panic("x") *Łukasz* [Ωmega]' in text
    assert ADA in text
    assert "complete and unchanged" in " ".join(text.split())
    speak("de")
    try:
        german = (await desk.get(f"{path}/consent.pdf")).content
    finally:
        speak("en")
    said = PdfReader(BytesIO(german)).pages[0].extract_text().split()
    assert {"Nachweis", "Einwilligung", "Ausgestellt", "aktiv", "Zugestimmt"} <= {*said}
    assert not {"Issued", "active", "Standing", "When"} & {*said}
    await still.site.db.write(_meddle, "UPDATE consent_records SET at = at + 1")
    altered = PdfReader(BytesIO((await desk.get(f"{path}/consent.pdf")).content)).pages[0].extract_text()
    assert "They prove nothing" in " ".join(altered.split())
    assert "complete and unchanged" not in " ".join(altered.split())


async def test_they_are_mailed_no_more(still: Stage, desk: httpx.AsyncClient) -> None:
    path = await page_of(still, ADA)
    await does(desk, path, "unsubscribe")
    assert (await still.house.person(ADA)).status == "unsubscribed"
    await does(desk, path, "suppress")
    assert "On the suppression list" in (await desk.get(path)).text


async def test_erasing_asks_first(still: Stage, desk: httpx.AsyncClient) -> None:
    path = await page_of(still, ADA)
    asked = await does(desk, path, "erase")
    assert "Erase everything about" in asked.text
    assert await still.house.known(ADA)
    done = await does(desk, path, "erase", sure="1")
    assert (await desk.get(done.headers["Location"])).text.count("They are erased") == 1
    assert await still.house.known(ADA) is None
