"""From a form on somebody's page to a comment that all can read, with the answers on the way."""

import re
from urllib.parse import quote

import pytest

from tests.web.conftest import Serve
from tests.web.saying import (
    ARTICLE,
    confirmation,
    edit_token,
    filled,
    is_known,
    kept,
    lets_all_speak,
    open_for_comments,
    says,
)
from tests.web.stage import ADA, BEN, BLOG, MALLORY, PROGRAM, URL

JSON = {**PROGRAM, "Origin": BLOG}
FOREIGN = {"Origin": "https://evil.example"}


async def test_a_first_comment_is_confirmed_by_one_mail_and_one_button(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        await lets_all_speak(service)
        token = edit_token(await says(web, "I *agree*."))
        (comment,) = await kept(service)
        assert comment.status == "unverified"
        assert "look at your inbox" in (await web.get(f"/comments/sent/{token}")).text

        path = await confirmation(service)
        page = (await web.get(path)).text
        assert f">{comment.html}</blockquote>" in page, "as it will be read"
        assert "Confirm my comment</button>" in page
        assert [one.status for one in await kept(service)] == ["unverified"]

        pressed = await web.post(path)
        assert f'href="{ARTICLE}#comment-{comment.id}"' in pressed.text
        assert [one.status for one in await kept(service)] == ["approved"]
        opened_again = (await web.get(path)).text
        assert "confirmed already" in opened_again
        assert f'href="{ARTICLE}#comment-{comment.id}"' in opened_again
        assert "<button" not in opened_again
        assert (await web.post(path)).status_code == 200
        assert [m.message for m in await service.house.mails(ADA)] == ["comment_confirm"]


async def test_the_button_shows_all_that_it_publishes(serve: Serve) -> None:
    """A stranger may have written under the same address; its reader sees it before it is theirs, unlinked."""
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        await says(web, "I agree.")
        await says(web, "Buy [pills](https://pills.example).")
        page = (await web.get(await confirmation(service))).text
        assert "I agree." in page
        assert "Buy pills" in page
        assert "pills.example" not in page
        assert "This waits under your address too" in page


async def test_who_is_known_sees_the_comment_at_once(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        await is_known(web, service)
        sent = await says(web, "Second.")
        newest = (await kept(service))[-1]
        assert (sent.status_code, sent.headers["Location"]) == (303, f"{ARTICLE}#comment-{newest.id}")
        back = f"{BLOG}/on-work/?page=2#end"
        sent = await says(web, "Third.", redirect_to=back)
        assert re.fullmatch(re.escape(f"{BLOG}/on-work/?page=2#comment-") + r"\d+", sent.headers["Location"])


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", f"{BLOG}@evil.example/", f"{BLOG}.evil.example/",
               "javascript:alert(1)", "/\\evil.example", "https://blog.example.org\\@evil.example/"],
)  # fmt: skip
async def test_nobody_is_sent_to_where_the_owner_did_not_allow(serve: Serve, target: str) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        await is_known(web, service)
        sent = await says(web, "Second.", redirect_to=target)
        assert sent.headers["Location"].startswith(f"{ARTICLE}#comment-")


async def test_the_answer_to_what_waits_tells_nothing(serve: Serve) -> None:
    """A new address, one that is held, one that is blocked, one that is never mailed, and a trap that was filled."""
    async with open_for_comments(serve) as service:
        web, site = await service.visitor(), service.site
        await is_known(web, service, MALLORY)
        await site.db.write(site.moderation.block, (await kept(service))[0].id)
        await site.db.write(site.moderation.set_options, "all", 3, 2, 0, "")
        edit_token(await says(web, "Ben, too.", email=BEN))
        await web.post(await confirmation(service, BEN))
        await site.db.write(site.post.suppress, "cleo@example.org", "erased")
        answers = [
            await says(web, f"Anew, {number}.", **more)
            for number, more in enumerate(
                (
                    {},
                    {"email": BEN},
                    {"email": MALLORY},
                    {"email": "cleo@example.org"},
                    {"leave_blank": "x", "email": "dora@example.org"},
                )
            )
        ]
        assert {one.status for one in (await kept(service))[2:]} == {"unverified", "pending", "spam"}
        told = [await web.get(answer.headers["Location"]) for answer in answers]
        assert len({answer.status_code for answer in [*answers, *told]}) == 2
        pages = {re.sub(r"/comments/edit/[^/\"]+", "", page.text) for page in told[:-1]}
        assert len(pages) == 1
        programs = [
            await web.post("/comments", json=filled(f"Once more, {email[:3]}.", email=email), headers=JSON)
            for email in (ADA, BEN, MALLORY, "cleo@example.org")
        ]
        assert {(p.status_code, *p.json(), p.json()["message"]) for p in programs} == {
            (202, "status", "message", "edit", programs[0].json()["message"])
        }


async def test_what_fills_the_trap_is_thanked_and_not_kept(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        token = edit_token(await says(web, leave_blank="https://spam.example"))
        assert await kept(service) == []
        assert await service.house.mails(ADA) == []
        thanked = await web.get(f"/comments/sent/{token}")
        assert (thanked.status_code, "Your comment is kept" in thanked.text) == (200, True)


async def test_a_program_is_answered_as_json(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        first = await web.post("/comments", json=filled(), headers=JSON)
        assert (first.status_code, first.json()["status"]) == (202, "waiting")
        assert first.headers["Access-Control-Allow-Origin"] == BLOG
        await lets_all_speak(service)
        await web.post(await confirmation(service))
        second = await web.post("/comments", json=filled("Second."), headers=JSON)
        newest = (await kept(service))[-1]
        assert second.status_code == 201
        assert (second.json()["status"], second.json()["id"]) == ("approved", str(newest.id))
        wrong = await web.post("/comments", json=filled(email="ada"), headers=JSON)
        assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["email"])
        assert wrong.headers["Access-Control-Allow-Origin"] == BLOG
        asked = await web.options("/comments", headers={"Origin": BLOG})
        assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, BLOG)


async def test_pages_that_the_owner_did_not_allow_can_send_nothing(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        for path in ("/comments", "/comments/preview", "/wp-comments-post.php"):
            refused = await web.post(path, data=filled(), headers=FOREIGN)
            assert refused.status_code == 403, path
            assert "Access-Control-Allow-Origin" not in refused.headers
        for url in (
            "https://evil.example/on-work",
            "javascript:alert(1)",
            "",
            f"{BLOG}@evil.example",
            "x" * 2_000,
        ):
            refused = await says(web, url=url)
            assert (refused.status_code, "I agree." in refused.text) == (422, True), url
        assert await kept(service) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("email", "ada"),
        ("comment", "  \n "),
        ("comment", "x" * 10_001),
        ("comment", "a\u202eb"),
        ("website", "javascript:alert(1)"),
        ("follow", "everything"),
        ("parent", "one"),
        ("parent", str(2**63)),
        ("title", "a\nb"),
    ],
)
async def test_each_mistake_is_named_and_all_that_was_typed_stays(
    serve: Serve, field: str, value: str
) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        typed = {"website": "https://ada.example.org/", "follow": "thread", field: value}
        refused = await says(web, "**Two**\n<lines>", **{"name": "Ada L.", **typed})
        assert refused.status_code == 422
        assert "Almost. Please look at this again" in refused.text
        for name, shown in (("name", 'value="Ada L."'), ("comment", "**Two**\n&lt;lines&gt;</textarea>"),
                            ("website", 'value="https://ada.example.org/"'), ("email", f'value="{ADA}"'),
                            ("follow", '<option value="thread" selected>')):  # fmt: skip
            assert name == field or shown in refused.text, name
        if field in ("name", "email", "comment", "website"):
            assert re.search(rf'name="{field}"[^>]*aria-describedby="comment-{field}-error', refused.text)
            assert re.search(rf'name="{field}"[^>]*\sautofocus', refused.text)
        assert await kept(service) == []


async def test_the_same_again_is_refused_and_kept_on_the_page(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        edit_token(await says(web))
        again = await says(web)
        assert (again.status_code, "I agree.</textarea>" in again.text) == (409, True)
        assert len(await kept(service)) == 1


async def test_an_answer_to_a_comment_that_is_gone_can_be_sent_as_one_of_its_own(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        await is_known(web, service)
        first = (await kept(service))[0]
        assert (await says(web, "Yes.", parent=str(first.id))).status_code == 303
        elsewhere = await says(web, "No.", parent=str(first.id), url=f"{BLOG}/on-rest")
        assert (elsewhere.status_code, "No.</textarea>" in elsewhere.text) == (403, True)
        assert 'name="parent"' not in elsewhere.text
        assert [one.parent_id for one in await kept(service)] == [None, first.id]


async def test_where_comments_are_closed_the_text_is_given_back(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web, site = await service.visitor(), service.site
        edit_token(await says(web))
        await site.db.write(site.moderation.close, (await kept(service))[0].thread_id, closed=True)
        refused = await says(web, "Too late?")
        assert (refused.status_code, "Too late?</textarea>" in refused.text) == (403, True)
        assert "Comments are closed" in refused.text


async def test_a_confirmation_of_an_erased_person_opens_nothing(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web, site = await service.visitor(), service.site
        edit_token(await says(web))
        fresh = await confirmation(service)
        assert await site.db.write(site.persons.erase, ADA)
        assert [(await web.get(fresh)).status_code, (await web.post(fresh)).status_code] == [404, 404]
        assert await kept(service) == []


async def test_the_hosted_form_says_what_it_answers(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        await is_known(web, service)
        first = (await kept(service))[0]
        page = await web.get(f"/comments/new?url={quote(ARTICLE)}&parent={first.id}")
        assert (page.status_code, "First." in page.text, "On work" in page.text) == (200, True, True)
        assert f'name="parent" value="{first.id}"' in page.text
        assert ("(required, never shown)" in page.text, ADA in page.text) == (True, False)
        assert f"form-action 'self' {BLOG};" in page.headers["Content-Security-Policy"]
        for query in ("", "url=", "url=https://evil.example/", f"url={ARTICLE}&url={ARTICLE}", "url=%ED%A0%80",
                      f"url={ARTICLE}&title=a%0ab", f"url={ARTICLE}&parent={'9' * 21}"):  # fmt: skip
            assert (await web.get(f"/comments/new?{query}")).status_code == 422, query
        unknown = await web.get(f"/comments/new?url={URL}/elsewhere&parent={first.id}")
        assert (unknown.status_code, "First." in unknown.text) == (200, False)


async def test_waiting_comments_are_not_shown_to_who_guesses_their_number(serve: Serve) -> None:
    async with open_for_comments(serve) as service:
        web = await service.visitor()
        edit_token(await says(web, "Nobody shall see this."))
        (comment,) = await kept(service)
        page = await web.get(f"/comments/new?url={quote(ARTICLE)}&parent={comment.id}")
        assert (page.status_code, "Nobody shall see this." in page.text) == (200, False)
