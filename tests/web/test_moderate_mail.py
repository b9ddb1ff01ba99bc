"""Moderation from the mail: one link, one comment, for two weeks, and nothing happens before a button is pressed."""

import httpx
import pytest

from newsletter.clock import DAY
from newsletter.tokens import Purpose
from tests.mail.conftest import run
from tests.web.stage import OLGA, Stage, link
from tests.web.test_moderation import confirms, says, shown, states, waiting


def path_to(service: Stage, id: int, purpose: Purpose = "moderate") -> str:
    return f"/comments/moderate/{service.site.tokens.make(purpose, id, now=service.clock.now())}"


async def press(web: httpx.AsyncClient, path: str, action: str, comment: str = "") -> httpx.Response:
    return await web.post(path, data={"action": action, **({"comment": comment} if comment else {})})


async def test_the_mail_leads_to_a_page_that_approves(service: Stage) -> None:
    ids = await waiting(service)
    (letter,) = await service.letters(OLGA, 1)
    assert letter.subject == "1 comment waits for you on news.example.org"
    assert "Number 0" in letter.text
    path = link(letter, "/comments/moderate/")
    web = await service.visitor()
    page = await web.get(path)
    assert "Number 0" in page.text
    assert "approved" not in (await states(service)).values()
    assert "It is published." in (await press(web, path, "approve")).text
    assert (await states(service))[ids[0]] == "approved"
    assert "Set-Cookie" not in page.headers


async def test_the_comment_is_shown_as_it_will_be_published(still: Stage) -> None:
    web = await still.visitor()
    id = await says(still, "**Loud**\n\n- one\n- <img src=x>")
    await confirms(still, id)
    page = (await web.get(path_to(still, id))).text
    assert "<p><strong>Loud</strong></p>\n<ul>\n<li>one</li>\n<li>&lt;img src=x&gt;</li>\n</ul></div>" in page


async def test_a_look_changes_nothing(still: Stage) -> None:
    web = await still.visitor()
    (id,) = await waiting(still)
    path = path_to(still, id)
    before = await still.dump()
    for query in ("", "?action=approve", "?action=delete&comment=x"):
        assert (await web.get(path + query)).status_code == 200
        assert (await web.head(path + query)).status_code == 200
    assert (await web.options(path)).status_code in (204, 405)
    for bad in ("", "publish", "edit", "close"):
        assert (await press(web, path, bad)).status_code == 422
    assert await still.dump() == before


@pytest.mark.parametrize(("action", "left"), [("approve", "approved"), ("spam", "spam"), ("block", "spam")])
async def test_acting_twice_is_harmless(still: Stage, action: str, left: str) -> None:
    web = await still.visitor()
    one, other = await waiting(still, 2)
    path = path_to(still, one)
    assert (await press(web, path, action)).status_code == 200
    before = await still.dump()
    assert (await press(web, path, action)).status_code == 200
    assert await still.dump() == before
    assert await states(still) == {one: left, other: "spam" if action == "block" else "pending"}


async def test_nobody_can_be_blocked_whose_address_is_not_kept(still: Stage) -> None:
    """Who asked never to be written to: the page promises nothing of what comes from there."""
    web = await still.visitor()
    (id,) = await waiting(still)
    assert "Block the author" in (await web.get(path_to(still, id))).text
    await run(still.house.db, "UPDATE comments SET commenter_id = NULL")
    assert "Block the author" not in (await web.get(path_to(still, id))).text


async def test_a_deleted_one_is_gone_for_every_act(still: Stage) -> None:
    web = await still.visitor()
    one, other = await waiting(still, 2)
    path = path_to(still, one)
    for action in ("delete", "delete", "approve", "spam", "block"):
        answer = await press(web, path, action)
        assert answer.status_code == 200
        assert "gone" in answer.text
    assert (await press(web, path, "reply", "Hello")).status_code == 404
    assert (await web.get(path)).status_code == 404
    assert await states(still) == {other: "pending"}


async def test_an_answer_from_the_mail(still: Stage) -> None:
    web = await still.visitor()
    (id,) = await waiting(still)
    path = path_to(still, id)
    empty = await press(web, path, "reply")
    assert empty.status_code == 422
    assert await states(still) == {id: "pending"}
    assert "Your answer is published." in (await press(web, path, "reply", "Thank you.")).text
    again = await press(web, path, "reply", "Thank you.")
    assert again.status_code == 409
    assert "Thank you." in again.text
    assert await shown(still) == 2
    assert sorted((await states(still)).values()) == ["approved", "approved"]


async def test_only_its_own_link_opens_it_and_not_for_ever(still: Stage) -> None:
    web = await still.visitor()
    one, other = await waiting(still, 2)
    path = path_to(still, one)
    kinds: tuple[Purpose, ...] = ("comment", "comment-edit", "unfollow", "unsubscribe", "sign-in")
    foreign = [path_to(still, one, kind) for kind in kinds]
    forged = [path[:-1], path[:-1] + ("A" if path[-1] != "A" else "B"), "/comments/moderate/x"]
    before = await still.dump()
    for bad in [*foreign, *forged]:
        assert (await web.get(bad)).status_code == 404, bad
        assert (await press(web, bad, "approve")).status_code == 404, bad
    still.clock.forward(14 * DAY)
    assert (await web.get(path)).status_code == 200
    still.clock.forward(DAY)
    for late in (await web.get(path), await press(web, path, "approve")):
        assert late.status_code == 410
        assert "live for 14 days" in late.text
    assert await still.dump() == before
    fresh = path_to(still, other)
    assert "Number 1" in (await web.get(fresh)).text
    assert "Number 0" not in (await web.get(fresh)).text
