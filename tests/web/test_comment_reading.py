"""Words that change between somebody's look at them and the press of their button: only what was read goes public."""

import re

from newsletter.comments import Words
from tests.web.conftest import Serve
from tests.web.saying import confirmation, edit_token, kept, lets_all_speak, open_for_comments, says
from tests.web.stage import Stage
from tests.web.test_moderate_mail import path_to
from tests.web.test_moderation import at_desk, states, waiting

AGAIN = "Please look again"


def fields(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)"', page)


async def rewrites(service: Stage, id: int, text: str = "Buy pills") -> None:
    """Its author changes it, a second after whatever was looked at."""
    service.clock.forward(1_000)
    await service.site.db.write(service.site.comments.edit, id, Words(text))


async def test_what_a_stranger_adds_meanwhile_is_not_confirmed_with_the_rest(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        await lets_all_speak(service)
        edit_token(await says(web, "I agree."))
        path = await confirmation(service)
        (seen,) = fields((await web.get(path)).text, "seen")
        edit_token(await says(web, "Buy pills", name="Ada"))
        for change in ("Buy pills", "Buy more"):
            pressed = await web.post(path, data={"seen": seen})
            assert (pressed.status_code, "Please look at it again." in pressed.text) == (409, True)
            assert change in pressed.text
            assert {one.status for one in await kept(service)} == {"unverified"}
            (seen,) = fields(pressed.text, "seen")
            await rewrites(service, (await kept(service))[1].id, "Buy more")
        (seen,) = fields((await web.get(path)).text, "seen")
        assert (await web.post(path, data={"seen": seen})).status_code == 200
        assert {one.status for one in await kept(service)} == {"approved"}
        assert (await web.post(path, data={"seen": seen})).status_code == 200, "pressed twice"


async def test_the_mailed_page_approves_what_it_showed(still: Stage) -> None:
    web = await still.visitor()
    (id,) = await waiting(still)
    path = path_to(still, id)
    (read, _) = fields((await web.get(path)).text, "read")
    await rewrites(still, id)
    for more in ({"action": "approve"}, {"action": "reply", "comment": "Thank you."}):
        late = await web.post(path, data={"read": read, **more})
        assert (late.status_code, AGAIN in late.text, "Buy pills" in late.text) == (409, True, True)
        assert await states(still) == {id: "pending"}
    assert "Thank you.</textarea>" in late.text, "what was typed stays"
    (read, _) = fields(late.text, "read")
    assert (await web.post(path, data={"read": read, "action": "approve"})).status_code == 200
    assert await states(still) == {id: "approved"}


async def test_what_was_not_read_can_be_refused_all_the_same(still: Stage) -> None:
    web = await still.visitor()
    one, other = await waiting(still, 2)
    for id, action in ((one, "spam"), (other, "delete")):
        await rewrites(still, id)
        assert (await web.post(path_to(still, id), data={"read": "0", "action": action})).status_code == 200
    assert await states(still) == {one: "spam"}


async def test_the_desk_approves_what_it_showed(still: Stage) -> None:
    web, csrf = await at_desk(still)
    one, other = await waiting(still, 2)
    page = (await web.get("/admin/comments")).text
    await rewrites(still, one)
    ticks = {f"c{id}": fields(page, f"c{id}")[0] for id in (one, other)}
    button = re.search(rf'value="(approve-{one}-\d+)"', page)
    assert button
    told = await web.post("/admin/comments", data={"csrf": csrf, "action": "approve", **ticks})
    assert await states(still) == {one: "pending", other: "approved"}
    page = (await web.get(told.headers["Location"])).text
    assert "1 comment approved. 1 comment was changed by its author" in page
    await web.post("/admin/comments", data={"csrf": csrf, "action": button[1]})
    assert await states(still) == {one: "pending", other: "approved"}
    late = await web.post(f"/admin/comments/{one}", data={"csrf": csrf, "action": "approve", "read": "0"})
    assert (late.status_code, AGAIN in late.text) == (409, True)
    button = re.search(rf'value="(approve-{one}-\d+)"', page)
    assert button
    await web.post("/admin/comments", data={"csrf": csrf, "action": button[1]})
    assert await states(still) == {one: "approved", other: "approved"}


async def test_a_page_that_tells_not_what_it_showed_still_acts(still: Stage) -> None:
    """One that was opened before this service was renewed."""
    web = await still.visitor()
    (id,) = await waiting(still)
    await rewrites(still, id)
    assert (await web.post(path_to(still, id), data={"action": "approve"})).status_code == 200
    assert await states(still) == {id: "approved"}
