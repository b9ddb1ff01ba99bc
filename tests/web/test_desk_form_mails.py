"""A form's own mails at the desk: their words, how they look, and the proof of which were mailed."""

import re
from typing import Any

import httpx
import msgspec
import pytest

from newsletter.storage import Tx
from tests.conftest import ON_ONE
from tests.web.stage import ADA, BEN, CLEO, Stage, link
from tests.web.test_desk import csrf_on

PATH = "/admin/forms/guide/mails"
WORDS = {
    "confirmation-subject": "One press for {{ guide }}",
    "confirmation-above": "Dear reader,\n<b>hello</b>\n\nyou are nearly there.",
    "confirmation-below": "The link lives {{ days }} days.",
    "guide-subject": 'For you, {{ first_name | "reader" }}',
    "guide-above": 'Good to have you, {{ name }} of {{ field.city | "somewhere" }}.',
    "guide-below": "Olga",
}


async def writes(web: httpx.AsyncClient, **changes: str) -> httpx.Response:
    return await web.post(PATH, data={**WORDS, **changes, "csrf": csrf_on(await web.get(PATH))})


async def certificate(stage: Stage, web: httpx.AsyncClient, email: str) -> Any:
    person = await stage.house.person(email)
    return (await web.get(f"/admin/subscribers/{person.id}/consent.json")).json()


@pytest.fixture
async def desk(service: Stage) -> httpx.AsyncClient:
    web = await service.visitor()
    await service.signs_in(web)
    return web


async def test_the_owners_words_are_mailed_and_the_proof_names_them(
    service: Stage, desk: httpx.AsyncClient
) -> None:
    saved = await writes(desk)
    assert (saved.status_code, saved.headers["Location"]) == (303, f"{PATH}?saved=1")
    _, guide = await service.joins(await service.visitor(), ADA, name="Ada King")
    asked = (await service.letters(ADA, 2))[0]
    assert asked.subject == "One press for Structure your career"
    assert "Dear reader,\n<b>hello</b>\n\nyou are nearly there." in asked.text.replace("\r", "")
    assert "&lt;b&gt;hello&lt;/b&gt;" in asked.html
    assert "The link lives 7 days." in asked.text
    assert "You are not subscribed." in asked.text
    assert link(asked, "/block/")
    assert guide.subject == "For you, Ada"
    assert "Good to have you, Ada King of somewhere." in guide.text
    assert link(guide, "/u/")

    (record,) = (await certificate(service, desk, ADA))["records"]
    page = (await desk.get(PATH)).text
    for mail in ("confirmation", "guide"):
        version, sha256 = re.findall(r"^version (\d), SHA-256 (\w{64})$", record["detail"][mail])[0]
        assert version == "1"
        assert f"SHA-256 {sha256}" in page


@ON_ONE
async def test_other_words_are_a_new_version_and_ours_come_back(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    await writes(web)
    await still.signs_up(web, ADA)
    await writes(web, **{"confirmation-above": "Other words."})  # the guide's are the same as before
    await still.signs_up(web, BEN)
    csrf = csrf_on(await web.get(PATH))
    ours = await web.post(PATH, data={**WORDS, "do": "ours-confirmation", "csrf": csrf})
    assert ours.status_code == 303
    await still.signs_up(web, CLEO)
    for email in (ADA, BEN, CLEO):
        assert (await web.post(await still.invitation(email))).status_code == 200

    async def versions(tx: Tx) -> list[int | None]:
        sql = """SELECT (SELECT number FROM mail_texts WHERE id = s.mail_text_id) FROM signups s
                 WHERE id > :after ORDER BY id LIMIT 1"""
        rows: list[int | None] = []
        after = 0
        for _ in range(3):
            rows.append(await tx.value(sql, after=after))
            after = int(await tx.value("SELECT min(id) FROM signups WHERE id > :after", after=after))
        return rows

    assert await still.site.db.read(versions) == [1, 2, None]
    assert await still.house.count("SELECT count(*) FROM mail_texts") == 3
    proofs = [(await certificate(still, web, email))["records"][0]["detail"] for email in (ADA, BEN, CLEO)]
    assert [one.get("confirmation", "")[:9] for one in proofs] == ["version 1", "version 2", ""]
    assert {one["guide"][:9] for one in proofs} == {"version 1"}
    contexts = [msgspec.json.decode(one.context) for one in await still.house.mails(CLEO)]
    assert ["own" in context for context in contexts] == [False, True]


@ON_ONE
async def test_a_tag_that_the_mail_does_not_know_is_refused_beside_its_field(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    before = await still.dump()
    for name, text in (
        ("confirmation-above", "Dear {{ name }}"),  # a stranger may have typed it
        ("confirmation-subject", "{{ field.city }}"),
        ("guide-below", "{% x %} {{ 7 * 7 }}"),
        ("guide-subject", "{{"),
    ):
        refused = await writes(web, **{name: text})
        assert refused.status_code == 422
        assert f'id="{name}-error"' in refused.text
        assert f'href="#field-{name}"' in refused.text
    assert (await writes(web, other="1")).status_code == 422
    assert await still.dump() == before


@ON_ONE
async def test_the_preview_shows_what_is_typed_in_a_frame_where_nothing_runs(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    before = await still.dump()
    typed = {**WORDS, "csrf": csrf_on(await web.get(PATH))}
    for looks, expected in (
        ({"which": "confirmation", "scheme": "dark"}, "&lt;b&gt;hello&lt;/b&gt;"),
        ({"which": "guide", "look": "html"}, "of somewhere."),
        ({"which": "guide", "look": "text"}, "For you, reader"),
        ({"which": "confirmation", "confirmation-above": ""}, "If it was you:"),
    ):
        seen = await web.post(f"{PATH}/preview", data={**typed, **looks})
        assert seen.status_code == 200
        assert seen.headers["Content-Security-Policy"].startswith("sandbox;")
        assert expected in seen.text
        assert "<script" not in seen.text
    wrong = await web.post(f"{PATH}/preview", data={**typed, "guide-below": "{{ x }}"})
    assert (wrong.status_code, "can’t say {{ x }}" in wrong.text) == (422, True)
    assert await still.dump() == before
