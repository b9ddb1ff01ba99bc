"""The signup forms at the desk: their numbers, their texts, and the code for a page."""

import html
import re

import httpx

from newsletter.signups import CLOSED
from newsletter.storage import Tx
from newsletter.web.kit.body import JSON, URLENCODED
from newsletter.web.kit.colours import allowed
from tests.web.stage import ADA, BEN, PROGRAM, URL, Stage
from tests.web.test_desk import csrf_on

FILLED = {
    "title": "A <course>",
    "intro": "In six letters.\nFree.",
    "button": "Join & learn",
    "wording": "Yes, the course.",
    "tags": "course, spring,course",
    "thanks_url": f"{URL}/thanks",
    "f0-label": "First name",
    "f0-name": "name",
    "f0-help": "So that we can greet you. Optional.",
}
ASKED = {
    "f0-label": "Größe?",
    "f0-type": "choice",
    "f0-options": "Small\nLarge\n\nSmall",
    "f1-label": "Age",
    "f1-type": "number",
    "f1-required": "1",
    "f2-label": "",
}


async def own_values(web: httpx.AsyncClient, path: str) -> dict[str, str]:
    return {"csrf": csrf_on(await web.get(path))}


async def test_a_form_is_made_and_taken_to_a_page(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own = await own_values(web, "/admin/forms/new")
    made = await web.post("/admin/forms/new", data={"slug": "course", **FILLED, **own})
    assert (made.status_code, made.headers["Location"]) == (303, "/admin/forms/course?saved=1")
    page = await web.get("/admin/forms/course")
    assert 'value="course, spring"' in page.text
    code = html.unescape(
        re.findall(r'<textarea id="code-plain"[^>]*>\n(.*?)</textarea>', page.text, re.DOTALL)[0]
    )
    assert f'action="{URL}/forms/course"' in code
    assert "<button>Join &amp; learn</button>" in code
    assert 'title="A &lt;course&gt;"' in html.unescape(page.text)
    reader = await web.get("/forms/course")
    assert "A &lt;course&gt;" in reader.text
    assert "What you get" not in reader.text
    again = await web.post("/admin/forms/new", data={"slug": "course", **FILLED, **own})
    assert again.status_code == 422
    assert "There is a form of this name already." in again.text


async def test_mistakes_stand_beside_their_fields_and_nothing_is_saved(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own = await own_values(web, "/admin/forms/guide")
    wrong = {
        "title": "",
        "intro": "Kept as typed",
        "button": "",
        "wording": "",
        "tags": ",".join(f"t{n}" for n in range(11)),
        "thanks_url": "https://evil.example/",
    }
    answer = await web.post("/admin/forms/guide", data={**wrong, **own})
    assert answer.status_code == 422
    for name in ("title", "button", "wording", "tags", "thanks_url"):
        assert f'href="#field-{name}"' in answer.text
        assert f'id="{name}-error"' in answer.text
    assert "Kept as typed" in answer.text
    assert "Kept as typed" not in (await web.get("/admin/forms/guide")).text
    for slug in ("new", "preview", "Köln", "a/b", "", "-a"):
        made = await web.post("/admin/forms/new", data={"slug": slug, **FILLED, **own})
        assert made.status_code == 422, slug
        assert 'id="slug-error"' in made.text


async def test_another_wording_is_a_new_version_and_the_old_one_stays(service: Stage) -> None:
    web = await service.visitor()
    old = await service.site.db.read(service.site.forms.stored, "guide")
    await service.signs_up(web, ADA)
    link = await service.invitation(ADA)
    await service.signs_in(web)
    own = await own_values(web, "/admin/forms/guide")
    for title in ("Once", "Twice"):  # the second changes no wording
        saved = await web.post("/admin/forms/guide", data={**FILLED, "title": title, "thanks_url": "", **own})
        assert saved.status_code == 303
    assert "Twice" in (await web.get("/forms/guide")).text  # at once
    assert old.wording in html.unescape((await web.get(link)).text)
    assert (await web.post(link)).status_code == 200

    async def rows(tx: Tx) -> tuple[object, ...]:
        versions = await tx.value("SELECT count(*) FROM wordings WHERE form_id = :id", id=old.id)
        agreed = await tx.value("SELECT wording_id FROM signups WHERE form_id = :id", id=old.id)
        return versions, agreed, await tx.value("SELECT text FROM wordings WHERE id = :id", id=agreed)

    assert await service.site.db.read(rows) == (2, old.wording_id, old.wording)
    new = await service.site.db.read(service.site.forms.stored, "guide")
    assert (new.wording, new.tags, new.magnets) == ("Yes, the course.", ("course", "spring"), ())
    assert new.fields == old.fields


async def test_own_fields_are_asked_everywhere_and_reach_the_subscriber(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own = await own_values(web, "/admin/forms/guide")
    texts = {**FILLED, "f0-name": "", "thanks_url": "", **own}
    added = await web.post("/admin/forms/guide", data={**texts, **ASKED, "do": "add"})
    assert 'name="f3-label"' in added.text
    moved = await web.post("/admin/forms/guide", data={**texts, **ASKED, "do": "up-1"})
    assert re.findall(r'name="f\d-label"[^>]* value="([^"]*)"', moved.text) == ["Age", "Größe?", ""]
    wrong = await web.post(
        "/admin/forms/guide", data={**texts, **ASKED, "f0-options": "Small", "f1-name": "email"}
    )
    assert wrong.status_code == 422
    assert 'id="f0-options-error"' in wrong.text
    assert 'href="#field-f1-name"' in wrong.text
    assert "Age" not in (await web.get("/forms/guide")).text  # none of these has saved anything
    assert (await web.post("/admin/forms/guide", data={**texts, **ASKED})).status_code == 303

    hosted, framed = await web.get("/forms/guide"), await web.get("/forms/guide/embed")
    for page in (hosted, framed):
        assert re.search(r'<select id="field-grosse" name="grosse"', page.text)
        assert re.search(r'name="age"[^>]*inputmode="decimal"', page.text)
    drawn = (await web.get("/forms/guide", headers=PROGRAM)).json()["fields"]
    assert [(one["name"], one["type"], one["options"]) for one in drawn[1:]] == [
        ("grosse", "choice", ["", "Small", "Large"]),
        ("age", "number", []),
    ]
    desk = html.unescape((await web.get("/admin/forms/guide")).text)
    assert '<select id="guide-grosse" name="grosse">' in desk

    refused = await web.post("/forms/guide", data={"email": ADA, "grosse": "Huge", "age": "old"})
    assert refused.status_code == 422
    assert 'id="field-grosse-error"' in refused.text
    assert 'id="field-age-error"' in refused.text
    assert 'value="old"' in refused.text
    told = (await web.post("/forms/guide", json={"email": ADA, "grosse": "Huge"})).json()["errors"]
    assert sorted(told) == ["age", "grosse"]
    await still.member(web, ADA, grosse="Large", age="7,5")
    assert (await web.post("/forms/guide", json={"email": BEN, "age": "8"})).status_code == 202
    assert (await web.post(await still.invitation(BEN))).status_code == 200
    kept = [(await still.house.person(email)).fields for email in (ADA, BEN)]
    assert kept == ['{"grosse":"Large","age":"7.5"}', '{"age":"8"}']


async def test_a_closed_form_says_so_and_takes_nothing(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_up(web, BEN)
    await still.signs_in(web)
    own = await own_values(web, "/admin/forms/guide")
    closed = {**FILLED, "thanks_url": "", "closed": "1", **own}
    assert (await web.post("/admin/forms/guide", data=closed)).status_code == 303
    for path in ("/forms/guide", "/forms/guide/embed", "/"):
        page = await web.get(path)
        assert (page.status_code, CLOSED in page.text, "<form" in page.text) == (200, True, False), path
    assert (await web.get("/forms/guide", headers=PROGRAM)).json()["closed"] == CLOSED
    for media_type, body in ((URLENCODED, "email=ada@example.org"), (JSON, '{"email": "ada@example.org"}')):
        answer = await web.post("/forms/guide", content=body, headers={"Content-Type": media_type})
        assert answer.status_code == 403
        assert CLOSED in answer.text
    assert await still.house.count("SELECT count(*) FROM signups") == 1
    assert (
        await web.post(await still.invitation(BEN))
    ).status_code == 200  # who asked before may still confirm


async def test_colours_are_held_to_their_contrast_and_stand_in_every_page(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own = {**FILLED, "thanks_url": "", **await own_values(web, "/admin/forms/guide")}
    faint = await web.post("/admin/forms/guide", data={**own, "accent": "#ffcc00", "background": "#777777"})
    assert faint.status_code == 422
    assert re.search(r'id="background-error">.*4.5:1 is needed', faint.text)
    assert 'id="accent-error"' in (await web.post("/admin/forms/guide", data={**own, "accent": "red"})).text
    good = {**own, "accent": "7A1F5B", "background": "#fff4e0"}
    assert (await web.post("/admin/forms/guide", data=good)).status_code == 303
    assert re.search(r'id="accent-help">.*Contrast: 8\.', (await web.get("/admin/forms/guide")).text)
    for path in ("/forms/guide", "/forms/guide/embed", "/forms/guide/sent", "/forms/guide/embed/sent"):
        page = await web.get(path)
        css = re.findall(r"<style>(.*?)</style>", page.text)[0]
        assert "--accent:#7a1f5b" in css
        assert "--paper:#fff4e0" in css
        assert f"style-src 'self' {allowed(css)};" in page.headers["Content-Security-Policy"]
    assert "--own:#7a1f5b" in (await web.get("/forms/guide", headers=PROGRAM)).json()["colours"]


async def test_the_preview_shows_what_is_typed_and_keeps_nothing(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own = await own_values(web, "/admin/forms/guide")
    before = await still.dump()
    typed = {**FILLED, **ASKED, "slug": "guide", "accent": "#7a1f5b", "button": "", **own}
    seen = await web.post("/admin/forms/preview", data={**typed, "look": "page", "scheme": "dark"})
    assert seen.status_code == 200
    assert seen.headers["Content-Security-Policy"].startswith("sandbox;")
    assert "A &lt;course&gt;" in seen.text
    assert 'name="age"' in seen.text
    assert "--accent:#7a1f5b" in seen.text
    assert '<link rel="stylesheet"' not in seen.text
    new = await web.post(
        "/admin/forms/preview", data={**typed, "slug": "not yet", "closed": "1", "look": "frame"}
    )
    assert CLOSED in new.text
    assert await still.dump() == before


async def test_the_numbers_of_each_form(service: Stage) -> None:
    web = await service.visitor()
    for email in (ADA, BEN):
        await service.signs_up(web, email)
    confirmed = await web.post(await service.invitation(ADA))
    link = re.search(r'href="(/downloads/[^"]+|[^"]*/downloads/[^"]+)"', confirmed.text)
    assert link
    assert (await web.get(html.unescape(link[1]))).status_code == 200
    found = await service.site.db.read(service.site.forms.tallies)
    assert [(one.slug, one.mailed, one.confirmed, one.downloaded) for one in found] == [("guide", 2, 1, 1)]
    await service.signs_in(web)
    assert "2 mailed, 1 confirmed, 1 downloaded" in (await web.get("/admin/forms")).text


async def test_the_list_says_which_are_closed(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own = await own_values(web, "/admin/forms/new")
    for slug, more in (("course", {"closed": "1"}), ("walk", {})):
        await web.post("/admin/forms/new", data={"slug": slug, **FILLED, **more, **own})
    rows = re.findall("<li>(.*?)</li>", (await web.get("/admin/forms")).text, re.DOTALL)
    said = {
        re.findall("<code>(.*?)</code>", row)[0]: "closed</span>" in row for row in rows if "<code>" in row
    }
    assert said == {"course": True, "guide": False, "walk": False}


async def test_nobody_else_gets_there(still: Stage) -> None:
    web = await still.visitor()
    for path in ("/admin/forms", "/admin/forms/new", "/admin/forms/guide"):
        for method in ("GET", "POST") if path != "/admin/forms" else ("GET",):
            answer = await web.request(method, path)
            assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/sign-in")
    await still.signs_in(web)
    assert (await web.post("/admin/forms/guide", data={**FILLED, "csrf": "no"})).status_code == 422
    assert "A &lt;course&gt;" not in (await web.get("/forms/guide")).text
    assert (await web.get("/admin/forms/none")).status_code == 404
