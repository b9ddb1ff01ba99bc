"""A full disk: a clear 503 that says when to come back, nothing half done, and it heals by itself."""

import httpx

from tests.web.full import fill_up, make_room, until_full
from tests.web.stage import ADA, BEN, CLEO, Stage, link


async def test_a_full_disk(still: Stage) -> None:
    web = await still.visitor()
    page = await still.member(web, ADA)
    await still.signs_up(web, BEN)
    confirm, preferences = await still.invitation(BEN), link(page, "/preferences/")
    unsubscribe = link((await web.get(preferences)).text, "/u/")
    await still.site.db.write(fill_up)
    await until_full(web, "/forms/guide")
    before = await still.dump()

    form = await web.post("/forms/guide", data={"email": CLEO, "name": "x" * 100})
    later(form)
    assert f'value="{CLEO}"' in form.text
    problem = await web.post("/forms/guide", json={"email": CLEO, "name": "x" * 100})
    later(problem)
    assert problem.json()["status"] == 503
    later(await web.post(confirm))
    assert await still.dump() == before
    for path in ("/forms/guide", confirm, unsubscribe, link(page, "/downloads/"), preferences, "/health"):
        assert (await web.get(path)).status_code == 200, path

    await still.site.db.write(make_room)
    await still.signs_up(web, CLEO)
    assert (await web.post(confirm)).status_code == 200
    assert (await web.post(unsubscribe)).status_code == 200
    found = [(await still.house.person(who)).status for who in (ADA, BEN, CLEO)]
    assert found == ["unsubscribed", "active", "pending"]


def later(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    assert "Nothing can be stored right now, and nothing was changed." in answer.text
