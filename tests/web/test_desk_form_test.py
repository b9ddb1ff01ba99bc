"""A test of a form's texts at the desk, from its begin to the choice, and what its readers meet meanwhile."""

import re

from tests.conftest import ON_ONE
from tests.web.stage import ADA, BEN, PROGRAM, Stage
from tests.web.test_desk import csrf_on

PATH = "/admin/forms/guide/test"
B = {"title": "Another <title>", "intro": "", "button": "Get it", "action": "begin"}


@ON_ONE
async def test_a_test_from_begin_to_choice(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get(PATH))}
    assert 'name="variant"' not in (await web.get("/forms/guide")).text
    for wrong in ({"title": ""}, {"button": ""}, {"title": "x" * 200}):
        assert (await web.post(PATH, data={**B, **wrong, **own})).status_code == 422
    begun = await web.post(PATH, data={**B, **own})
    assert (begun.status_code, begun.headers["Location"]) == (303, PATH)
    desk = (await web.get(PATH)).text
    assert "Nothing can be said yet." in desk
    test = re.findall(r'name="test" value="(\d+)"', desk)[0]

    for path in ("/forms/guide", "/forms/guide/embed", "/"):
        page = (await web.get(path)).text
        (variant,) = re.findall(r'name="variant" value="(\d+[ab])"', page)
        assert ("Another &lt;title&gt;" in page) == variant.endswith("b")
    drawn = (await web.get("/forms/guide", headers=PROGRAM)).json()
    assert (drawn["title"] == B["title"]) == drawn["variant"].endswith("b")
    assert [one["value"] for one in drawn["hidden"]] == [drawn["token"], drawn["variant"]]
    again = await web.post("/forms/guide", data={"email": "nobody", "variant": f"{test}b"})
    assert (again.status_code, f'value="{test}b"' in again.text) == (422, True)

    await still.signs_up(web, ADA, variant=f"{test}b")
    for email, none in ((BEN, "7b"), ("cleo@example.org", f"{test}c"), ("dora@example.org", "x" * 40)):
        await still.signs_up(web, email, variant=none)
    assert await still.house.count("SELECT count(*) FROM signups WHERE variant <> ''") == 1
    assert (await web.post(await still.invitation(ADA))).status_code == 200
    row = re.findall(r'data-label="(?:Signed up|Confirmed)">(\d+)<', (await web.get(PATH)).text)
    assert row == ["0", "0", "1", "1"]

    assert (await web.post(PATH, data={"action": "choose-b", "test": "7", **own})).status_code == 409
    assert (await web.post(PATH, data={"action": "choose-b", "test": test, **own})).status_code == 303
    page = (await web.get("/forms/guide")).text
    assert "Another &lt;title&gt;" in page
    assert 'name="variant"' not in page
    late = await web.post("/forms/guide", data={"email": "late@example.org", "variant": f"{test}a"})
    assert late.status_code == 303
