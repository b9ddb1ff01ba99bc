"""Each door of the desk, asked by everybody: who may come in is let in, and nobody else; a menu shows what opens."""

import re
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
import pytest_asyncio

from newsletter.addresses import parse
from newsletter.owners import ROLES, people
from newsletter.web.admin import LEAST_ROLE
from tests.web.door_rows import SHOWN, TAKEN, least
from tests.web.doors import Doors
from tests.web.test_desk import csrf_on, signed_in
from tests.web.test_desk_people import path_of
from tests.web.test_doors import unread

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("lasting_url", ["sqlite"], indirect=True, scope="module"),
]
DESK = sorted(one for one in SHOWN | TAKEN.keys() if one.startswith("/admin"))
CLOSED = [one for one in DESK if least(one) != "anybody"]
FOREIGN = {"Origin": "https://evil.example"}
Browsers = Mapping[str, httpx.AsyncClient]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browsers(doors: Doors) -> AsyncIterator[Browsers]:
    """One of each role, and one that signed out."""
    service, found = doors.service, {"owner": doors.web}
    for role in ("moderator", "editor"):
        found[role] = await service.visitor()
        await service.site.db.write(people.invite, service.site.post, parse(f"{role}@example.org"), role)
        assert (await found[role].post(await path_of(service, f"{role}@example.org"))).headers[
            "Location"
        ] == "/admin"
    found["left"], found["anybody"] = await service.visitor(), await service.visitor()
    await service.signs_in(found["left"])
    cookies = httpx.Cookies(found["left"].cookies)
    await found["left"].post("/admin/sign-out", data={"csrf": csrf_on(await found["left"].get("/admin"))})
    found["left"].cookies = cookies
    yield found


async def test_each_door_has_its_row_and_says_the_same(doors: Doors) -> None:
    declared = {path: role for role, some in LEAST_ROLE.items() for one in some for path in one.paths}
    assert {one: least(one) for one in CLOSED} == declared
    assert set(doors.service.routes) >= declared.keys()


async def test_who_looks_in(doors: Doors, browsers: Browsers) -> None:
    before = await doors.service.dump()
    for template in sorted(SHOWN.intersection(CLOSED)):
        for role, web in browsers.items():
            answer = await web.get(doors.path(template))
            if role not in ROLES:
                assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/sign-in"), template
            elif ROLES.index(role) < ROLES.index(least(template)):
                assert answer.status_code == 403, (template, role)
                assert f"You are {'an' if role == 'editor' else 'a'} {role} here" in answer.text
                assert "example.org</" not in answer.text
            elif (template, role) == ("/admin", "moderator"):
                assert answer.headers["Location"] == "/admin/comments"
            else:
                assert answer.status_code == 200, (template, role)
    assert unread(await doors.service.dump()) == unread(before)


async def test_who_does_something(doors: Doors, browsers: Browsers) -> None:
    """A form that is right but for its key is looked at no further, and before it who sends it."""
    before = await doors.service.dump()
    for template in sorted(TAKEN.keys() & set(CLOSED)):
        fields = doors.fields(template)
        for role, web in browsers.items():
            answer = await web.post(doors.path(template), data=fields | {"csrf": "wrong"})
            if role not in ROLES:
                assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/sign-in"), template
            elif ROLES.index(role) < ROLES.index(least(template)):
                assert answer.status_code == 403, (template, role)
            else:
                assert answer.status_code in (415, 422), (template, role)
    assert await doors.service.dump() == before


async def test_readers_pages_do_not_ask_who_is_signed_in(doors: Doors, browsers: Browsers) -> None:
    readers = sorted(SHOWN.difference(DESK))
    assert len(readers) > 20
    for template in readers:
        said = set()
        for web in browsers.values():
            answer = await web.get(doors.path(template))
            assert answer.status_code < 400, template
            assert "Set-Cookie" not in answer.headers, template
            said.add((answer.status_code, answer.headers.get("Location")))
        assert len(said) == 1, (template, said)


async def test_no_page_of_elsewhere_does_anything(doors: Doors, browsers: Browsers) -> None:
    before = await doors.service.dump()
    for template in sorted(TAKEN.keys() & set(DESK)):
        answer = await doors.web.post(doors.path(template), data=doors.fields(template), headers=FOREIGN)
        assert answer.status_code == 422, template
        assert "came from elsewhere" in answer.text
    assert await doors.service.dump() == before
    assert await signed_in(browsers["owner"])


async def test_the_menu_shows_what_opens(browsers: Browsers) -> None:
    shown = {}
    for role in ROLES:
        web = browsers[role]
        (menu,) = re.findall(
            r'<nav class="account".+?</nav>', (await web.get("/admin/comments")).text, re.DOTALL
        )
        shown[role] = re.findall(r'href="([^"]+)"', menu)
        for path in shown[role]:
            assert (await web.get(path)).status_code == 200, (role, path)
    assert len(shown["moderator"]) < len(shown["editor"]) < len(shown["owner"])
