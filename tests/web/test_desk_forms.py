"""The signup forms at the desk: their numbers, their texts, and the code for a page."""

import html
import re

import httpx

from newsletter.storage import Tx
from tests.web.stage import ADA, BEN, URL, Stage
from tests.web.test_desk import csrf_on

FILLED = {
    "title": "A <course>",
    "intro": "In six letters.\nFree.",
    "button": "Join & learn",
    "wording": "Yes, the course.",
    "tags": "course, spring,course",
    "thanks_url": f"{URL}/thanks",
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
    for slug in ("new", "Köln", "a/b", "", "-a"):
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
