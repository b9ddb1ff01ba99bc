"""The queue at the desk: acts by POST with the desk's own key only, many at once, whatever a row holds."""

import re
from typing import Any

import httpx
import pytest

from newsletter.addresses import parse
from newsletter.comments import Draft, Imported
from newsletter.storage import Tx
from tests.web.stage import ADA, BEN, MALLORY, Stage

PAGE = "https://blog.example.org/on-work"
HOSTILE = [
    "</textarea><script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "</div></li></ol></form></main>",
    "{{ 7 * 7 }} {% raw %} {{ csrf }}",
    "&#60;script&#62;&lt;b&gt;]]>-->",
    "\u202eevil\u202c \u2066x",
    "\ufffe\ufeff\u200b\u0000".replace("\0", ""),
    "javascript:alert(1) https://mallory.example/?a=1&copy=2",
    "> " * 2_000,
    "Z̸̡̢͇̗̙" * 300,
    "長" * 9_999,
]


async def says(service: Stage, text: str, email: str = ADA, **more: Any) -> int:
    known = {"url": PAGE, "title": "On work", "parent_id": None, "name": "Ada", "website": ""} | more
    draft = Draft(address=parse(email), raw=text, **known)
    return (await service.site.db.write(service.site.comments.write, draft)).id


async def confirms(service: Stage, id: int) -> None:
    await service.site.db.write(service.site.comments.confirm, id, 1)


async def waiting(service: Stage, count: int = 1) -> list[int]:
    """Comments of Ada's, whom the owner has not let speak yet."""
    ids = [await says(service, f"Number {n}") for n in range(count)]
    await confirms(service, ids[0])
    return ids


async def at_desk(service: Stage) -> tuple[httpx.AsyncClient, str]:
    web = await service.visitor()
    await service.signs_in(web)
    found = re.search(r'name="csrf" value="(\w+)"', (await web.get("/admin")).text)
    assert found
    return web, found[1]


async def states(service: Stage) -> dict[int, str]:
    rows = (await service.dump())["comments"]
    return {int(row[0]): next(str(c) for c in row if c in STATES) for row in rows}


STATES = ("unverified", "pending", "approved", "spam", "deleted")


async def shown(service: Stage) -> int:
    return (await service.site.db.read(service.site.threads.counts, [PAGE])).get(PAGE, 0)


async def test_many_are_approved_with_one_press_and_twice_is_harmless(still: Stage) -> None:
    web, csrf = await at_desk(still)
    ids = await waiting(still, 3)
    page = (await web.get("/admin/comments")).text
    assert all(f'name="c{id}"' in page for id in ids)
    data = {"csrf": csrf, "show": "pending", "action": "approve", **{f"c{id}": "0" for id in ids[:2]}}
    for _ in range(2):
        answer = await web.post("/admin/comments", data=data)
        assert (answer.status_code, answer.headers["Location"]) == (
            303,
            "/admin/comments?show=pending&act=approve&done=2",
        )
    assert "2 comments approved." in (await web.get(answer.headers["Location"])).text
    assert [(await states(still))[id] for id in ids] == ["approved", "approved", "pending"]
    assert await shown(still) == 2


async def test_a_hundred_at_once(still: Stage) -> None:
    web, csrf = await at_desk(still)
    ids = await waiting(still, 101)
    ticks = {f"c{id}": "0" for id in ids}
    too_many = await web.post("/admin/comments", data={"csrf": csrf, "action": "spam", **ticks})
    assert too_many.status_code == 422
    assert "100 at most" in too_many.text
    ticks.popitem()
    answer = await web.post("/admin/comments", data={"csrf": csrf, "action": "spam", **ticks})
    assert answer.headers["Location"].endswith("done=100")
    assert sorted((await states(still)).values()) == ["pending"] + ["spam"] * 100


async def test_the_queue_comes_in_pages(still: Stage) -> None:
    web, _ = await at_desk(still)
    ids = await waiting(still, 53)
    first = (await web.get("/admin/comments")).text
    found = re.search(r'href="(/admin/comments\?show=pending&amp;before=\d+)"', first)
    assert found
    second = (await web.get(found[1].replace("&amp;", "&"))).text
    seen = [int(id) for id in re.findall(r'name="c(\d+)"', first + second)]
    assert seen == ids[::-1]


@pytest.mark.parametrize(
    ("action", "left"), [("approve", "approved"), ("spam", "spam"), ("block", "spam"), ("delete", None)]
)
async def test_a_row_has_its_own_buttons(still: Stage, action: str, left: str | None) -> None:
    web, csrf = await at_desk(still)
    one, other = await waiting(still, 2)
    data = {"csrf": csrf, "action": f"{action}-{one}", f"c{other}": "0"}
    data |= {"sure": "1"} if action == "delete" else {}
    assert (await web.post("/admin/comments", data=data)).status_code == 303
    after = await states(still)
    assert (after.get(one), after[other]) == (left, "spam" if action == "block" else "pending")
    assert (await web.post("/admin/comments", data=data)).status_code == 303
    assert await states(still) == after


async def test_deleting_asks_once_and_goes_on_with_the_row_below(still: Stage) -> None:
    web, csrf = await at_desk(still)
    oldest, middle, newest = await waiting(still, 3)
    for action, ticked in ((f"delete-{newest}", ()), ("delete", (newest, middle))):
        data = {"csrf": csrf, "show": "pending", "action": action, **{f"c{id}": "0" for id in ticked}}
        before = await states(still)
        asked = await web.post("/admin/comments", data=data)
        assert f"Delete {len(ticked) or 1} comment" in asked.text
        assert "for good?</h1>" in asked.text
        assert await states(still) == before
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', asked.text))
    assert {f"c{newest}", f"c{middle}", "csrf", "sure"} <= set(fields)
    assert (
        await web.post("/admin/comments", data={**fields, "csrf": "", "action": "delete"})
    ).status_code == 422
    done = await web.post("/admin/comments", data={**fields, "action": "delete"})
    assert done.headers["Location"] == f"/admin/comments?show=pending&act=delete&done=2#row-{oldest}"
    page = (await web.get(done.headers["Location"])).text
    assert "2 comments deleted." in page
    assert f'id="row-{oldest}"' in page
    assert await states(still) == {oldest: "pending"}


async def test_the_queue_shows_words_as_read_and_when_they_came(still: Stage) -> None:
    web, _ = await at_desk(still)
    id = await says(still, "I *fully* agree, [see](https://ada.example.org/).\n\nTwo")
    await confirms(still, id)
    page = (await web.get("/admin/comments")).text
    words = "<p>I <em>fully</em> agree, see <cite>(https://ada.example.org/)</cite>.</p>\n<p>Two</p></div>"
    assert words in page
    assert words in (await web.get(f"/admin/comments/{id}")).text
    assert re.search(r"\d{4}, \d\d:\d\d UTC</time>", page)


async def test_nothing_acts_without_the_desks_own_form(still: Stage) -> None:
    web, csrf = await at_desk(still)
    (id,) = await waiting(still)
    good = {"csrf": csrf, "action": "approve", f"c{id}": "0"}
    stranger = await still.visitor()
    before = await still.dump()
    paths = ["/admin/comments", f"/admin/comments/{id}", "/admin/comments/settings"]
    for path in paths:
        assert (await stranger.post(path, data=good)).headers["Location"] == "/admin/sign-in"
        assert (await stranger.get(path)).headers["Location"] == "/admin/sign-in"
        for data in ({}, {"csrf": ""}, {"csrf": csrf[:-1]}):
            assert (await web.post(path, data={"action": "approve", **data})).status_code == 422
        foreign = await web.post(path, data=good, headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status_code == 422
        for query in ("", f"?action=approve&c{id}=1", f"?done=1&show=pending&csrf={csrf}"):
            assert (await web.get(path + query)).status_code == 200
            assert (await web.head(path + query)).status_code == 200
    for bad in (
        {"action": "approve"},
        {"action": "publish", f"c{id}": "0"},
        {f"c{id}": "0"},
        {"action": f"x-{id}"},
    ):
        assert (await web.post("/admin/comments", data={"csrf": csrf, **bad})).status_code == 422
    for path in (
        "/admin/comments/1",
        "/admin/comments/" + "9" * 30,
        "/admin/comments/-1",
        "/admin/comments/x",
    ):
        assert (await web.get(path)).status_code == 404
    assert (await web.get("/admin/comments?show=all")).status_code == 422
    assert await still.dump() == before


async def test_a_hostile_row_never_breaks_the_page(still: Stage) -> None:
    web, csrf = await at_desk(still)
    ids = [await says(still, text, MALLORY, name=text[:80], title=text[:80]) for text in HOSTILE]
    await confirms(still, ids[0])

    async def worse(tx: Tx) -> None:
        for id, text in zip(ids, HOSTILE, strict=True):
            sql = "UPDATE comments SET name = :x, website = :x, why = :x WHERE id = :id"
            await tx.run(sql, id=id, x=text[:200])

    await still.site.db.write(worse)
    last = (await waiting(still))[0]
    assert "{{ 7 * 7 }}" in (await web.get("/admin/comments")).text
    pages = [(await web.get("/admin/comments")), *[await web.get(f"/admin/comments/{id}") for id in ids]]
    for page in pages:
        assert page.status_code == 200
        assert page.text.count("<form") == page.text.count("</form>")
        assert page.text.count("<textarea") == page.text.count("</textarea>")
        assert not re.findall(r"<(?:img|b>|script(?! src=\"/assets/desk))", page.text.replace("<b><bdi>", ""))
        assert not re.search(r'href="(?!/|#main|https://blog\.example\.org/)', page.text)
        assert page.text.rstrip().endswith("</html>")
    data = {"csrf": csrf, "action": "approve", **{f"c{id}": "0" for id in [*ids, last]}}
    assert f"done={len(ids) + 1}" in (await web.post("/admin/comments", data=data)).headers["Location"]


async def test_an_answer_is_the_owners_and_approves_what_it_answers(still: Stage) -> None:
    web, csrf = await at_desk(still)
    (id,) = await waiting(still)
    path = f"/admin/comments/{id}"
    empty = await web.post(path, data={"csrf": csrf, "action": "reply", "comment": " \n"})
    assert empty.status_code == 422
    assert 'id="comment-error"' in empty.text
    assert await states(still) == {id: "pending"}
    words = {"csrf": csrf, "action": "reply", "comment": "Thank you.\n\nMore *soon*."}
    assert (await web.post(path, data=words)).headers["Location"] == f"{path}?done=reply"
    again = await web.post(path, data=words)
    assert again.status_code == 409
    assert "Thank you.\n\nMore *soon*." in again.text
    shown_now = (await still.site.db.read(still.site.threads.page, PAGE)).comments
    assert [(c.by_owner, c.name, c.parent_id) for c in shown_now] == [
        (False, "Ada", None),
        (True, "Olga Writes", id),
    ]
    assert "<em>soon</em>" in shown_now[1].html
    assert await shown(still) == 2


async def test_the_owner_edits_and_closes(still: Stage) -> None:
    web, csrf = await at_desk(still)
    (id,) = await waiting(still)
    path = f"/admin/comments/{id}"
    assert (await web.post(path, data={"csrf": csrf, "action": "edit", "raw": ""})).status_code == 422
    await web.post(path, data={"csrf": csrf, "action": "edit", "raw": "Milder <script>alert(1)</script>"})
    comment = await still.site.db.read(still.site.moderation.look, id)
    assert comment.raw.startswith("Milder")
    assert "<script" not in comment.html
    for verb, closed in (("close", True), ("close", True), ("open", False)):
        assert (await web.post(path, data={"csrf": csrf, "action": verb})).status_code == 303
        assert (await still.site.db.read(still.site.moderation.look, id)).closed is closed


async def test_the_settings_name_what_is_wrong_and_keep_what_was_typed(still: Stage) -> None:
    web, csrf = await at_desk(still)
    path = "/admin/comments/settings"
    good = {"csrf": csrf, "policy": "all", "depth": "4", "most_links": "0", "close_after_days": "90"}
    rules = "# mine\nrefuse link *.ru\nhold words casino"
    wrong = await web.post(path, data={**good, "depth": "7", "policy": "some", "rules": rules})
    assert wrong.status_code == 422
    assert "Levels of answers: Please give a whole number from 1 to 6" in wrong.text
    assert re.search(r"Who waits for you: Please choose one of these.*Line 3: ", wrong.text, re.DOTALL)
    ruled = await web.post(path, data={**good, "rules": rules})
    assert ruled.status_code == 422
    assert "Line 3: " in ruled.text
    assert "hold words casino" in ruled.text
    assert (await still.site.db.read(still.site.moderation.options)).policy == "first"
    right = await web.post(path, data={**good, "rules": rules.replace("words", "word")})
    assert (right.status_code, right.headers["Location"]) == (303, f"{path}?saved=1")
    options = await still.site.db.read(still.site.moderation.options)
    assert (options.policy, options.depth, options.most_links, options.close_after_days) == ("all", 4, 0, 90)
    assert options.rules == rules.replace("words", "word")
    assert "hold word casino" in (await web.get(path)).text


async def test_what_waits_stands_on_the_first_page(still: Stage) -> None:
    web, _ = await at_desk(still)
    assert "comments for you" not in (await web.get("/admin")).text
    await waiting(still, 2)
    await says(still, "Not confirmed", BEN)
    page = (await web.get("/admin")).text
    assert re.search(r'<span class="count">2<', page)
    assert re.search(r"comments for you.*?>2<.*?comments unconfirmed.*?>1<", page, re.DOTALL)


async def test_what_came_as_html_is_read_and_changed_as_markdown(still: Stage) -> None:
    web, csrf = await at_desk(still)
    brought = Imported(
        source="wordpress", source_id="1", parent_id=None, url=PAGE, title="", name="Cleo", email="", website="",
        text="So <b>bold</b>\nand <script>alert(1)</script>plain", is_html=True, newlines=True, created_at=1,
        status="pending",
    )  # fmt: skip
    await still.site.db.write(still.site.importing.keep, [brought], lambda url: url)
    (id,) = await states(still)
    page = (await web.get(f"/admin/comments/{id}")).text
    assert "\nSo **bold**\nand plain</textarea>" in page
    assert "&lt;b&gt;" not in page
    await web.post(f"/admin/comments/{id}", data={"csrf": csrf, "action": "edit", "raw": "So **bold**"})
    comment = await still.site.db.read(still.site.moderation.look, id)
    assert comment.html == "<p>So <strong>bold</strong></p>"
