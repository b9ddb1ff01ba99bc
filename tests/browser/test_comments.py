"""The thread element on somebody else's page, at the real service: what a reader writes, and is told."""

import json
import re

import pytest
from playwright.async_api import BrowserContext, Page, expect

from newsletter.clock import DAY, HOUR, MINUTE, SECOND, moment
from newsletter.comments import PER_PAGE
from newsletter.web.public.comments import WAITING
from tests.browser.embedded import (
    address_of,
    answer,
    comments,
    conversation,
    held,
    is_known,
    status,
    thread,
    write,
)
from tests.comments.payloads import PAYLOADS
from tests.web.said import say
from tests.web.saying import kept
from tests.web.stage import ADA, BEN, Stage

FREE = pytest.mark.parametrize("service", [{"proof_above": 0}], indirect=True)


async def test_a_first_comment_waits_and_its_words_say_for_what(
    page: Page, blog: str, service: Stage
) -> None:
    form = await conversation(page, blog, service)
    await write(form, "I kept a **journal**.", follow="replies")
    await expect(status(page)).to_contain_text(WAITING)
    await expect(status(page)).to_be_focused()
    await expect(form).to_be_hidden()
    (comment,) = await kept(service)
    assert (comment.raw, comment.name, comment.follow) == ("I kept a **journal**.", "Ada", "replies")
    assert comment.status == "unverified"


async def test_who_is_known_sees_the_comment_at_once(page: Page, blog: str, service: Stage) -> None:
    await is_known(service, blog)
    form = await conversation(page, blog, service)
    await write(form, "I *agree*.")
    mine = comments(page).last
    await expect(mine).to_contain_text("I agree.")
    await expect(mine).to_be_focused()
    await expect(thread(page).get_by_role("heading")).to_have_text("2 comments")
    await expect(form.get_by_label("Your comment")).to_have_value("")
    await expect(status(page)).to_contain_text("Your comment is published.")
    await conversation(page, blog, service)  # the page loaded anew
    await expect(status(page)).to_contain_text("Your comment is published.")


async def test_errors_stand_beside_their_fields_and_nothing_typed_is_lost(
    page: Page, blog: str, service: Stage
) -> None:
    form = await conversation(page, blog, service)
    await write(form, "Kept.", name="", email="ada@nowhere")
    name, address = form.get_by_label("Name"), form.get_by_label("Email")
    await expect(name).to_have_attribute("aria-invalid", "true")
    await expect(name).to_have_accessible_description("Please say what we may call you. Any name will do.")
    await expect(name).to_be_focused()
    await expect(address).to_have_attribute("aria-invalid", "true")
    await expect(form.get_by_label("Your comment")).to_have_value("Kept.")
    await write(form, "Kept.")
    await expect(status(page)).to_contain_text(WAITING)
    assert await name.get_attribute("aria-invalid") is None


@pytest.mark.parametrize("trouble", ["answers nothing", "is dead"])
async def test_trouble_on_the_way_is_told_and_keeps_everything(
    page: Page, blog: str, service: Stage, trouble: str
) -> None:
    form = await conversation(page, blog, service)
    dead = trouble == "is dead"
    await page.route("**/comments", lambda route: route.abort() if dead else answer(route, 500), times=1)
    await write(form, "Kept.")
    await expect(status(page)).to_contain_text("We can’t reach" if dead else "That did not work.")
    await expect(status(page).get_by_role("button")).to_have_count(0)
    await expect(form.get_by_label("Your comment")).to_have_value("Kept.")
    assert await page.evaluate("sessionStorage.length") == 0
    await form.get_by_role("button", name="Send comment").click()
    await expect(status(page)).to_contain_text(WAITING)
    assert [c.raw for c in await kept(service)] == ["Kept."]


async def test_a_reply_is_written_below_what_it_answers(page: Page, blog: str, service: Stage) -> None:
    await is_known(service, blog)
    first = await say(service, "The first.", url=f"{blog}/", name="Olga")
    await say(service, "Another.", url=f"{blog}/", name="Ben")
    form = await conversation(page, blog, service)
    answered = page.locator(f"#comment-{first}")

    await answered.get_by_role("link", name="Reply to Olga").press("Enter")
    await expect(answered.locator("form")).to_be_visible()
    await expect(form.get_by_label("Your answer to Olga")).to_be_focused()
    await form.get_by_role("button", name="Cancel").click()
    await expect(answered.locator("form")).to_have_count(0)
    await expect(form.get_by_label("Your comment")).to_be_visible()
    await expect(answered).to_be_focused()

    await answered.get_by_role("link", name="Reply to Olga").click()
    await write(form, "An answer.")
    reply = comments(page).filter(has_text="An answer.")
    await expect(reply).to_have_attribute("data-depth", "1")
    await expect(answered.locator("form")).to_have_count(0)
    assert (await kept(service))[-1].parent_id == first


async def test_its_author_changes_it_and_takes_it_back(
    context: BrowserContext, page: Page, blog: str, service: Stage
) -> None:
    await is_known(service, blog)
    form = await conversation(page, blog, service)
    await write(form, "Wrogn.")
    await status(page).get_by_role("button", name="Edit").click()
    await expect(form.get_by_label("Your comment")).to_have_value("Wrogn.")
    await form.get_by_label("Your comment").fill("Right.")
    await form.get_by_role("button", name="Save").click()
    await expect(comments(page).last).to_contain_text("Right.")
    await expect(comments(page)).to_have_count(2)
    assert [c.raw for c in await kept(service)][1:] == ["Right."]

    await conversation(page, blog, service)  # the page loaded anew
    await status(page).get_by_role("button", name="Delete").click()
    await status(page).get_by_role("button", name="Really delete?").click()
    await expect(status(page)).to_have_text("Your comment is deleted.")
    await expect(comments(page)).to_have_count(1)
    assert len(await kept(service)) == 1
    assert await page.evaluate("sessionStorage.length + localStorage.length") == 0
    assert await context.cookies() == []


async def test_after_a_quarter_of_an_hour_it_stands(page: Page, blog: str, service: Stage) -> None:
    form = await conversation(page, blog, service)
    await write(form, "It stands.")
    await expect(status(page)).to_contain_text(WAITING)
    service.clock.forward(16 * MINUTE)
    await status(page).get_by_role("button", name="Delete").click()
    await status(page).get_by_role("button", name="Really delete?").click()
    await expect(status(page)).to_contain_text("15 minutes")
    assert [c.raw for c in await kept(service)] == ["It stands."]


async def test_a_preview_shows_what_it_will_look_like(page: Page, blog: str, service: Stage) -> None:
    form = await conversation(page, blog, service)
    await form.get_by_label("Your comment").fill("**Loud**")
    await form.get_by_role("button", name="Preview").click()
    await expect(status(page).locator("strong")).to_have_text("Loud")
    assert await kept(service) == []


async def test_it_remembers_only_whom_it_is_asked_to(page: Page, blog: str, service: Stage) -> None:
    form = await conversation(page, blog, service)
    await write(form, "One.")
    await expect(status(page)).to_contain_text(WAITING)
    assert await page.evaluate("localStorage.length") == 0
    service.clock.forward(HOUR)

    form = await conversation(page, blog, service)
    await form.get_by_label("Remember me").check()
    await write(form, "Two.")
    await expect(status(page)).to_contain_text(WAITING)
    remembered = json.loads(await page.evaluate("localStorage.newsletter"))
    assert remembered == {"name": "Ada", "email": ADA, "website": ""}

    form = await conversation(page, blog, service)
    await expect(form.get_by_label("Email")).to_have_value(ADA)
    await expect(form.get_by_label("Remember me")).to_be_checked()
    await form.get_by_label("Remember me").uncheck()
    service.clock.forward(HOUR)
    await write(form, "Three.")
    await expect(status(page)).to_contain_text(WAITING)
    assert await page.evaluate("localStorage.length") == 0


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (400 * DAY, "last year"),
        (50 * DAY, "2 months ago"),
        (DAY, "yesterday"),
        (3 * HOUR, "3 hours ago"),
        (2 * MINUTE, "2 minutes ago"),
        (5 * SECOND, "5 seconds ago"),
        (-HOUR, "now"),  # a reader's clock may be slow
    ],
)
async def test_times_are_told_as_people_do(
    page: Page, blog: str, service: Stage, ago: int, said: str
) -> None:
    await say(service, "x", url=f"{blog}/")
    await page.clock.set_fixed_time(moment(service.clock.now() + ago))
    await conversation(page, blog, service)
    time = comments(page).locator("time")
    await expect(time).to_have_text(said)
    await expect(time).to_have_attribute("title", re.compile(r"\d+ \w+ 20\d\d"))


async def test_more_comments_are_added_and_a_link_finds_one_among_them(
    page: Page, blog: str, service: Stage
) -> None:
    for n in range(PER_PAGE + 2):
        last = await say(service, f"Number {n}.", url=f"{blog}/")
    await conversation(page, blog, service)
    await expect(comments(page)).to_have_count(PER_PAGE)
    await thread(page).get_by_role("link", name="More comments").click()
    await expect(comments(page)).to_have_count(PER_PAGE + 2)
    await expect(comments(page).nth(PER_PAGE)).to_be_focused()
    await expect(thread(page).get_by_role("link", name="More comments")).to_have_count(0)

    await page.goto("about:blank")
    await page.goto(f"{blog}/#comment-{last}")
    await expect(page.locator(f"#comment-{last}")).to_be_focused()
    await expect(page.locator(f"#comment-{last}")).to_be_in_viewport()


async def test_counts_of_all_links_come_in_one_question(page: Page, blog: str, service: Stage) -> None:
    await say(service, "One.", url=f"{blog}/")
    await say(service, "Two.", url=f"{blog}/")
    await say(service, "Elsewhere.", url=f"{blog}/other")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/counts" in request.url else None)
    await page.add_init_script(
        """document.onreadystatechange = () => {
          if (document.readyState !== "interactive") return
          for (const path of ["other", "none"]) {
            const link = document.createElement("a")
            link.dataset.newsletterCount = new URL(path, location)
            document.querySelector("article").append(link)
          }
        }"""
    )
    await page.goto(f"{blog}/")
    await expect(page.locator(".byline a[data-newsletter-count]")).to_have_text("2 comments")
    await expect(page.locator("article > a").first).to_have_text("1 comment")
    await expect(page.locator("article > a").last).to_have_text("0 comments")
    assert len(asked) == 1


@FREE
async def test_it_proves_its_work_when_asked(page: Page, blog: str, service: Stage) -> None:
    form = await conversation(page, blog, service)
    await write(form, "By hand.")
    await expect(status(page)).to_contain_text(WAITING, timeout=30_000)


async def test_what_strangers_write_never_runs(page: Page, blog: str, service: Stage) -> None:
    ran: list[str] = []
    page.on("dialog", lambda dialog: ran.append(dialog.message))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for text in PAYLOADS:
        if text.isprintable():
            await say(service, text, url=f"{blog}/", name=text[:80])
    await conversation(page, blog, service)
    await page.wait_for_load_state("networkidle")
    assert await comments(page).count() > 50
    assert ran == []
    assert all(url.startswith((blog, address_of(service))) for url in asked)


async def test_it_sends_once_however_often_it_is_pressed(page: Page, blog: str, service: Stage) -> None:
    form = await conversation(page, blog, service)
    with held() as (wait, free):
        await page.route("**/comments", wait)
        await write(form, "Once.", email=BEN)
        await expect(status(page)).to_have_text("Sending…")
        await form.get_by_role("button", name="Send comment").dispatch_event("click")
        free.set()
        await expect(status(page)).to_contain_text(WAITING)
    assert len(await kept(service)) == 1
