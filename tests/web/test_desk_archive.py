"""The archive at the desk: what is public, under which address, and what stands above it."""

import pytest

from tests.conftest import ON_ONE
from tests.web.broadcaster import Broadcaster, at_desk
from tests.web.stage import Stage

pytestmark = ON_ONE


@pytest.fixture
async def desk(still: Stage) -> Broadcaster:
    return await at_desk(still)


async def act(desk: Broadcaster, status: int = 303, /, **fields: str) -> str:
    answer = await desk.web.post("/admin/archive", data={"csrf": desk.csrf, **fields})
    assert answer.status_code == status, answer.text
    return answer.headers["Location"] if status == 303 else answer.text


async def shown(desk: Broadcaster, path: str = "/archive") -> int:
    return (await desk.web.get(path)).status_code


async def test_what_was_sent_is_shown_and_hidden(desk: Broadcaster) -> None:
    id = await desk.on_its_way()
    draft = await desk.writes(subject="A draft")
    page = (await desk.web.get("/admin/archive")).text
    assert ("On work" in page, "A draft" in page, "Not shown." in page) == (True, False, True)
    assert await shown(desk, "/archive/on-work") == 404
    assert (await act(desk, action=f"show-{id}")).endswith("?done=show")
    assert await shown(desk, "/archive/on-work") == 200
    assert "/archive/on-work" in (await desk.web.get("/archive")).text
    await act(desk, action=f"hide-{id}")
    assert await shown(desk, "/archive/on-work") == 404
    assert "Only what was sent" in await act(desk, 409, action=f"show-{draft}")
    await act(desk, 404, action="show-99")
    await act(desk, 422, action="dance")


async def test_its_address_is_changed_in_the_list_and_the_feed_at_once(desk: Broadcaster) -> None:
    id = await desk.on_its_way(archive="yes")
    other = await desk.writes()
    for path in ("/archive", "/archive/feed.xml", "/archive/on-work"):
        assert await shown(desk, path) == 200
    await act(desk, action=f"slug-{id}", slug="at-work")
    assert (await shown(desk, "/archive/on-work"), await shown(desk, "/archive/at-work")) == (404, 200)
    for path in ("/archive", "/archive/feed.xml"):
        assert "/archive/at-work" in (await desk.web.get(path)).text
    for slug in ("", "At work", "a--b", "feed", (await desk.now(other)).slug):
        wrong = await act(desk, 422, action=f"slug-{id}", slug=slug)
        assert f'href="#field-slug-{id}"' in wrong, slug
    assert (await desk.now(id)).slug == "at-work"


async def test_what_stands_above_it(desk: Broadcaster) -> None:
    assert await shown(desk) == 200
    await act(desk, action="about", about="Letters on <work>\nand rest.")
    for path in ("/archive", "/archive/feed.xml", "/admin/archive"):
        assert "Letters on &lt;work&gt;\nand rest." in (await desk.web.get(path)).text, path
    await act(desk, 422, action="about", about="x" * 501)
    await act(desk, action="about", about="")
    assert "Letters on" not in (await desk.web.get("/archive")).text
