"""People at the desk: invited by mail, given another role, removed; there is always an owner."""

import re

import httpx
import msgspec

from newsletter.clock import DAY
from tests.web.stage import OLGA, Stage, link
from tests.web.test_desk import csrf_on, signed_in

EMMA = "emma@example.org"


async def test_invited_by_mail_she_comes_in_once(service: Stage) -> None:
    web, hers = await service.visitor(), await service.visitor()
    await service.signs_in(web)
    own = {"csrf": csrf_on(await web.get("/admin/people"))}
    wrong = await web.post("/admin/people", data={"email": "emma", "role": "king", **own})
    assert wrong.status_code == 422
    assert 'href="#field-email"' in wrong.text
    asked = await web.post("/admin/people", data={"email": EMMA, "role": "moderator", **own})
    assert asked.headers["Location"] == "/admin/people?done=invited"
    (letter,) = await service.letters(EMMA, 1)
    path = link(letter, "/admin/join/")
    assert "as a moderator" in " ".join(letter.text.split())
    assert "You are invited" in (await hers.get(path)).text
    assert "not here yet" in (await web.get("/admin/people")).text
    assert (await hers.post(path)).headers["Location"] == "/admin"
    assert (await hers.get("/admin/comments")).status_code == 200
    assert (await hers.post(path)).status_code == 404
    assert "not here yet" not in (await web.get("/admin/people")).text
    again = await web.post("/admin/people", data={"email": EMMA, "role": "editor", **own})
    assert again.status_code == 422
    assert "already" in again.text
    await hers.post("/admin/sign-in", data={"email": EMMA})  # from now on as everybody
    assert len(await service.letters(EMMA, 2)) == 2


async def test_another_role_and_none(still: Stage) -> None:
    web, hers = await still.visitor(), await still.visitor()
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get("/admin/people"))}
    await web.post("/admin/people", data={"email": EMMA, "role": "editor", **own})
    old, page = await path_of(still), await person(still)
    await web.post(page, data={"action": "again", **own})
    assert (await hers.post(old)).status_code == 404
    await hers.post(await path_of(still))
    assert (await hers.get("/admin/subscribers")).status_code == 200
    await web.post(page, data={"action": "role", "role": "moderator", **own})
    assert (await hers.get("/admin/subscribers")).status_code == 403
    asked = await web.post(page, data={"action": "remove", **own})
    assert "Remove them?" in asked.text
    assert await signed_in_anywhere(hers)
    gone = await web.post(page, data={"action": "remove", "sure": "1", **own})
    assert gone.headers["Location"] == "/admin/people?done=remove"
    assert not await signed_in_anywhere(hers)
    assert (await web.get(page)).status_code == 404


async def test_somebody_is_signed_out_everywhere_and_may_come_again(still: Stage) -> None:
    web, hers, other = await still.visitor(), await still.visitor(), await still.visitor()
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get("/admin/people"))}
    await web.post("/admin/people", data={"email": EMMA, "role": "editor", **own})
    page = await person(still)
    assert 'value="end"' not in (await web.get(page)).text, "who has not come yet is signed in nowhere"
    await hers.post(await path_of(still))
    await comes_in_by_mail(still, other)
    assert 'value="end"' in (await web.get(page)).text
    ended = await web.post(page, data={"action": "end", **own})
    assert ended.headers["Location"] == "/admin/people?done=end"
    assert "signed in nowhere any more" in (await web.get(ended.headers["Location"])).text
    assert not await signed_in_anywhere(hers)
    assert not await signed_in_anywhere(other)
    assert await signed_in(web)
    await comes_in_by_mail(still, hers)
    assert await signed_in_anywhere(hers)
    assert "(<bdi>end</bdi>)" in (await web.get("/admin/audit")).text


async def test_an_invitation_lives_a_week(still: Stage) -> None:
    web, hers = await still.visitor(), await still.visitor()
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get("/admin/people"))}
    await web.post("/admin/people", data={"email": EMMA, "role": "editor", **own})
    path = await path_of(still)
    still.clock.forward(6 * DAY)
    assert (await hers.get(path)).status_code == 200
    still.clock.forward(2 * DAY)
    assert (await hers.post(path)).status_code == 410


async def test_whom_the_settings_name_stays_the_owner(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get("/admin/people"))}
    page = await person(still, OLGA)
    for data in ({"action": "role", "role": "editor"}, {"action": "remove", "sure": "1"}):
        refused = await web.post(page, data={**data, **own})
        assert refused.status_code == 422
        assert "NEWSLETTER_OWNER_EMAIL" in refused.text
    assert await signed_in(web)


async def signed_in_anywhere(web: httpx.AsyncClient) -> bool:
    """As whatever."""
    return (await web.get("/admin/comments")).status_code == 200


async def person(stage: Stage, email: str = EMMA) -> str:
    web = await stage.visitor()
    await stage.signs_in(web)
    page = (await web.get("/admin/people")).text
    found = re.search(rf'<bdi>{email}</bdi>.+?href="(/admin/people/\d+)"', page, re.DOTALL)
    assert found
    return found[1]


async def comes_in_by_mail(stage: Stage, web: httpx.AsyncClient) -> None:
    await web.post("/admin/sign-in", data={"email": EMMA})
    links = msgspec.json.decode((await stage.house.mails(EMMA))[-1].context)["links"]
    start, purpose, ids = links["sign_in"]
    await web.post(f"{start}{stage.site.tokens.make(purpose, *ids, now=stage.clock.now())}")
    assert await signed_in_anywhere(web)


async def path_of(stage: Stage, email: str = EMMA) -> str:
    """The link that was mailed last."""
    links = msgspec.json.decode((await stage.house.mails(email))[-1].context)["links"]
    start, purpose, ids = links["join"]
    return f"{start}{stage.site.tokens.make(purpose, *ids, now=stage.clock.now())}"
