"""One's own comment: changed and taken back for a quarter of an hour, previewed, followed no more, erased."""

import pytest
from markupsafe import escape

from newsletter.addresses import parse
from newsletter.clock import DAY, MINUTE
from newsletter.comments import render
from newsletter.storage import Tx
from newsletter.web.kit import people
from tests.web.conftest import Serve
from tests.web.saying import (
    ARTICLE,
    confirmation,
    edit_token,
    filled,
    is_known,
    kept,
    open_for_comments,
    says,
)
from tests.web.stage import ADA, BEN, BLOG, PROGRAM, Stage

JSON = {**PROGRAM, "Origin": BLOG}


async def shown(service: Stage) -> int:
    return (await service.site.db.read(service.site.threads.counts, [ARTICLE])).get(ARTICLE, 0)


async def test_a_comment_is_changed_within_a_quarter_of_an_hour(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        path = f"/comments/edit/{edit_token(await says(web))}"
        asked = (await web.get(path)).text
        assert "I agree.</textarea>" in asked
        assert f'<a href="{path.replace("/edit/", "/sent/")}">Leave it as it is</a>' in asked

        looked = await web.post(path, data={"comment": "I *disagree*.", "do": "preview"})
        assert "<em>disagree</em>" in looked.text
        assert [one.raw for one in await kept(service)] == ["I agree."]

        saved = await web.post(path, data={"comment": "I *disagree*.", "do": "save"})
        assert (saved.status_code, saved.headers["Location"]) == (
            303,
            f"{path.replace('/edit/', '/sent/')}?saved=1",
        )
        assert "<h1>Your change is kept</h1>" in (await web.get(saved.headers["Location"])).text
        (comment,) = await kept(service)
        assert (comment.raw, comment.html) == ("I *disagree*.", render("I *disagree*."))

        service.clock.forward(15 * MINUTE + 1000)
        for answer in (
            await web.get(path),
            await web.post(path, data={"comment": "Never."}),
            await web.post(f"{path}/delete"),
        ):
            assert answer.status_code == 410
        assert [one.raw for one in await kept(service)] == ["I *disagree*."]
        late = await web.get(path.replace("/edit/", "/sent/"))
        assert (late.status_code, "/comments/edit/" in late.text) == (200, False)


async def test_a_change_that_cannot_be_is_named_and_stays_in_the_form(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        path = f"/comments/edit/{edit_token(await says(web))}"
        for text in ("", "  ", "a\u202eb", "x" * 10_001):
            refused = await web.post(path, data={"comment": text, "do": "save"})
            assert (refused.status_code, "aria-invalid" in refused.text) == (422, True)
        foreign = await web.post(path, data={"comment": "No."}, headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403
        assert [one.raw for one in await kept(service)] == ["I agree."]


async def test_a_comment_is_taken_back_and_leaves_no_trace(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        token = edit_token(await says(web))
        asked = f"/comments/edit/{token}/delete"
        assert (await web.get(asked)).status_code == 405
        sent = f"/comments/sent/{token}"
        assert "is deleted" not in (await web.get(f"{sent}?deleted={ARTICLE}")).text, "it stands"
        done = await web.post(asked)
        assert done.status_code == 303
        assert await kept(service) == []
        gone = (await web.get(done.headers["Location"])).text
        assert "<h1>Your comment is deleted</h1>" in gone
        assert f'<a href="{ARTICLE}">Back to the article</a>' in gone
        assert "evil" not in (await web.get(f"{sent}?deleted=https://evil.example/")).text
        assert (await web.post(asked)).status_code == 404
        assert (await web.get(f"/comments/edit/{token}")).status_code == 404
        assert (await web.get(f"/comments/sent/{token}")).status_code == 200


async def test_a_script_changes_and_deletes_as_json(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        await is_known(web, service)
        said = await web.post("/comments", json=filled("Seccond."), headers=JSON)
        path = f"/comments/edit/{said.json()['edit']}"
        standing = await web.get(path, headers=JSON)
        assert standing.json() == {
            "status": "approved", "id": said.json()["id"], "html": "<p>Seccond.</p>", "comment": "Seccond.",
        }  # fmt: skip
        assert standing.headers["Access-Control-Allow-Origin"] == BLOG
        changed = await web.post(path, json={"comment": "Second."}, headers=JSON)
        assert (changed.status_code, changed.json()["html"]) == (200, "<p>Second.</p>")
        assert (await web.post(path, json={"comment": ""}, headers=JSON)).status_code == 422
        for asked in (path, f"{path}/delete"):
            allowed = await web.options(asked, headers={"Origin": BLOG})
            assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (204, BLOG)
        assert await shown(service) == 2
        gone = await web.post(f"{path}/delete", headers=JSON)
        assert (gone.json(), await shown(service)) == ({"status": "deleted"}, 1)


async def test_no_link_of_one_comment_opens_another(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web, site = await service.visitor(), service.site
        first, second = edit_token(await says(web)), edit_token(await says(web, "Two.", email=BEN))
        await web.post(f"/comments/edit/{second}", data={"comment": "Changed."})
        assert [one.raw for one in await kept(service)] == ["I agree.", "Changed."]
        number = (await kept(service))[0].id
        for purpose in ("moderate", "comment", "unfollow", "confirm"):
            token = site.tokens.make(purpose, number, now=service.clock.now())
            assert (await web.get(f"/comments/edit/{token}")).status_code == 404
        assert (await web.get(f"/comments/confirm/{first}")).status_code == 404


async def test_a_preview_is_rendered_as_it_would_be_kept_and_keeps_nothing(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        text = "**Bold** <script>alert(1)</script> [x](javascript:alert(1))"
        looked = await web.post("/comments/preview", json={"comment": text}, headers=JSON)
        assert (looked.status_code, looked.json()) == (200, {"html": render(text)})
        assert looked.headers["Access-Control-Allow-Origin"] == BLOG
        page = await web.post("/comments/preview", data=filled(text, follow="thread"))
        assert "<strong>Bold</strong>" in page.text
        assert "<script>alert" not in page.text
        assert 'value="thread" selected' in page.text
        empty = await web.post("/comments/preview", data=filled(""))
        assert (empty.status_code, "aria-invalid" in empty.text) == (422, True)
        assert await kept(service) == []


async def test_previews_have_a_budget(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        codes = [
            (await web.post("/comments/preview", json={"comment": "x"}, headers=JSON)).status_code
            for _ in range(125)
        ]
        assert codes[:120] == [200] * 120
        assert codes[-1] == 429
        kept_text = await web.post("/comments/preview", data=filled("Still here."))
        assert (kept_text.status_code, "Still here.</textarea>" in kept_text.text) == (429, True)
        assert (await says(web)).status_code == 303


async def follow_token(service: Stage) -> str:
    async def look(tx: Tx) -> int:
        return int(await tx.value("SELECT id FROM follows"))

    return service.site.tokens.make("unfollow", await service.site.db.read(look))


FOLLOWING = "SELECT count(*) FROM follows WHERE kind <> 'none'"


@pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "One-Click"}, {"anything": "x"}])
async def test_following_ends_by_one_post_and_by_no_look(serve: Serve, body: dict[str, str]) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        await is_known(web, service, follow="thread")
        path = f"/f/{await follow_token(service)}"
        assert (await web.get(path)).status_code == 200
        assert await service.house.count(FOLLOWING) == 1
        for _ in range(2):
            assert (await web.post(path, data=body)).status_code == 200
            assert await service.house.count(FOLLOWING) == 0
        assert [(await web.post("/f/none")).status_code, (await web.get("/f/none")).status_code] == [200, 404]


async def everything(service: Stage) -> str:
    return repr(await service.dump())


async def test_erasing_a_subscriber_erases_what_they_said(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        await is_known(web, service, follow="thread")
        first = (await kept(service))[0]
        await is_known(web, service, BEN, parent=str(first.id))
        await service.member(web, ADA)
        ada = await service.house.person(ADA)
        token = service.site.tokens.make("preferences", ada.id, ada.epoch, now=service.clock.now())

        data = (await web.get(f"/preferences/{token}/data")).json()
        assert [(one["text"], one["page"]) for one in data["comments"]] == [("First.", ARTICLE)]

        assert (await web.post(f"/preferences/{token}/erase")).status_code == 200
        left = await everything(service)
        assert ADA not in left
        assert [(one.status, one.raw) for one in await kept(service)] == [
            ("deleted", ""),
            ("approved", "First, by ben."),
        ]
        assert await shown(service) == 1


async def test_who_only_commented_is_shown_and_erased_by_their_address(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web, site = await service.visitor(), service.site
        await is_known(web, service)
        known = await site.db.read(people.data_at, site, parse(ADA))
        assert (known["email"], [one["text"] for one in known["comments"]]) == (ADA, ["First."])
        await site.db.write(people.erase_at, site, parse(ADA))
        assert ADA not in await everything(service)
        assert await kept(service) == []
        assert await site.db.read(site.post.suppressed, ADA)
        service.clock.forward(DAY)
        edit_token(await says(web, "Again."))
        assert await service.house.mails(ADA) == []
        assert ADA not in await everything(service)


async def test_one_mail_confirms_a_comment_and_the_newsletter(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web, house = await service.visitor(), service.house
        edit_token(await says(web, newsletter="1"))
        assert [m.message for m in await house.mails()] == ["comment_confirm"]
        assert (await house.person(ADA)).status == "pending"
        path = await confirmation(service)
        page = (await web.get(path)).text
        assert "Confirm my comment and get the guide</button>" in page
        assert escape((await house.form()).wording) in page
        assert (await house.person(ADA)).status == "pending"

        pressed = (await web.post(path)).text
        assert "Download my guide" in pressed
        assert [m.message for m in await house.mails()] == ["comment_confirm", "guide"]
        person = await house.person(ADA)
        (record,) = (await service.site.db.read(service.site.subscribers.own_data, person.id))["consent"]
        (asked, _) = await house.mails()
        assert (person.status, record["kind"], record["message_id"]) == (
            "active",
            "confirmed",
            asked.message_id,
        )
        assert [one.status for one in await kept(service)] == ["pending"]
        assert await house.count("SELECT count(*) FROM commenters WHERE confirmed_at IS NOT NULL") == 1

        again = await web.post(path)
        assert again.status_code == 200
        assert len(await house.mails()) == 2


async def test_without_the_tick_nobody_is_signed_up(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web, house = await service.visitor(), service.house
        edit_token(await says(web))
        page = (await web.get(await confirmation(service))).text
        assert "get the guide" not in page
        await web.post(await confirmation(service))
        assert await house.known(ADA) is None
        assert await house.count("SELECT count(*) FROM signups") == 0


async def test_the_tick_of_who_is_known_here_asks_by_a_mail_of_its_own(serve: Serve) -> None:
    """Their comment needs no mail; the newsletter does."""
    async with open_for_comments(serve) as service:
        web, house = await service.visitor(), service.house
        await is_known(web, service)
        await says(web, "Second.", newsletter="1")
        assert [m.message for m in await house.mails()] == ["comment_confirm", "confirmation"]
        assert (await house.confirms(ADA)).email == ADA
        assert (await house.person(ADA)).status == "active"


async def test_the_tick_of_a_subscriber_changes_nothing(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web, house = await service.visitor(), service.house
        await house.joins(ADA)
        edit_token(await says(web, newsletter="1"))
        assert [m.message for m in await house.mails(ADA)] == ["confirmation", "guide", "comment_confirm"]
        assert await house.count("SELECT count(*) FROM signups") == 1
        await web.post(await confirmation(service))
        assert (await house.person(ADA)).status == "active"
        assert len(await house.mails(ADA)) == 3


async def test_an_office_may_comment_and_gets_no_letters(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        office = "postmaster@example.org"
        refused = await says(web, email=office, newsletter="1")
        assert (refused.status_code, "checked" in refused.text) == (422, True)
        edit_token(await says(web, email=office))
