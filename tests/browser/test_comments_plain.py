"""Comments from the form to the answer's mail, with scripts and without; and where scripts fail."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.demonstration import Demonstration, demonstration
from tests.browser.embedded import answer, comments, conversation, held, status, write
from tests.web.said import say
from tests.web.saying import kept
from tests.web.stage import Stage

THREAD = "**/threads?*"
TRUSTED_TYPES = """document.onreadystatechange = () => {
  if (document.readyState !== "interactive") return
  const policy = document.createElement("meta")
  policy.httpEquiv = "Content-Security-Policy"
  policy.content = "require-trusted-types-for 'script'"
  document.head.append(policy)
}"""


@asynccontextmanager
async def reader(browser: Browser, how: str) -> AsyncIterator[tuple[BrowserContext, Page]]:
    """A browser of its own; the plain form is used by one without scripts."""
    context = await browser.new_context(java_script_enabled=how != "plain")
    context.set_default_timeout(10_000)
    yield context, await context.new_page()
    await context.close()


async def comments_by(how: str, page: Page, demo: Demonstration, text: str) -> None:
    await page.goto(f"{demo.blog}/?comments={how}")
    if how == "iframe":
        await page.locator("iframe[title=Comments]").scroll_into_view_if_needed()  # it loads when seen
    within = page.frame_locator("iframe[title=Comments]") if how == "iframe" else page
    form = within.locator("form.comment-form" if how != "plain" else ".thread form")
    await form.get_by_role("textbox", name="comment").fill(text)
    await form.get_by_role("textbox", name="Name").fill("Ada")
    await form.get_by_role("textbox", name="Email").fill("ada@example.org")
    if how == "plain":
        await form.get_by_label("Mail me the answers to it").check()
    else:
        await form.get_by_label("Tell me by mail of").select_option("replies")
        await page.wait_for_timeout(2100)  # our own form's minimum age
    await form.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("Your comment is kept").first).to_be_visible()


async def follows(context: BrowserContext, page: Page, name: str) -> Page:
    """Presses the link of that name in the mail that is open; it opens a page of its own."""
    async with context.expect_page() as opened:
        await page.frame_locator("iframe").get_by_role("link", name=name).first.click()
    landed = await opened.value
    await landed.wait_for_load_state()
    return landed


@pytest.mark.parametrize("how", ["plain", "script", "iframe"])
async def test_from_the_form_to_the_mail_about_an_answer(browser: Browser, tmp_path: Path, how: str) -> None:
    async with demonstration(tmp_path) as demo, reader(browser, how) as (context, page):
        await comments_by(how, page, demo, "I kept a **journal** too.")
        await demo.opens_newest_mail(page, "Confirm your comment")
        confirming = await follows(context, page, "Confirm it")
        await confirming.get_by_role("button", name="Confirm my comment").click()
        await confirming.wait_for_load_state()

        await demo.opens_newest_mail(page, "1 comment waits for you")
        assert await shown(page, demo) == []
        await demo.opens_newest_mail(page, "1 comment waits for you")
        moderating = await follows(context, page, "Look at it")
        assert "journal" in await moderating.locator("main").inner_text()
        await moderating.get_by_label("Your answer").fill("So did *I*.")
        await moderating.get_by_role("button", name="Publish my answer").click()
        await moderating.wait_for_load_state()

        assert await shown(page, demo) == ["I kept a journal too.", "So did I."]
        await demo.opens_newest_mail(page, "An answer to you")
        assert "So did I." in await page.frame_locator("iframe").locator("body").inner_text()
        there = await page.frame_locator("iframe").get_by_role("link", name="Read it").get_attribute("href")
        assert str(there).startswith(f"{demo.blog}/#comment-")
        leaving = await follows(context, page, "Hear no more of this page")
        await leaving.get_by_role("button").click()
        await expect(leaving.get_by_role("heading", level=1)).to_be_visible()
        assert await context.cookies() == []


async def shown(page: Page, demo: Demonstration) -> list[str]:
    """The texts of all comments, as anybody reads them without a script."""
    await page.goto(f"{demo.service}/threads/page?url={demo.blog}/")
    return [text.strip() for text in await page.locator(".comment-text").all_inner_texts()]


async def test_a_reply_needs_no_script(browser: Browser, blog: str, service: Stage) -> None:
    first = await say(service, "The first.", url=f"{blog}/")
    async with reader(browser, "plain") as (_, page):
        await page.goto(f"{blog}/?comments=plain")
        await page.get_by_role("link", name="Read what others have written").click()
        await page.get_by_role("link", name="Reply to Ada").click()
        service.clock.forward(3_000)
        form = page.locator("form.comment-form")
        await write(form, "An answer.")
        await expect(page.get_by_text("Your comment is kept").first).to_be_visible()
    assert [c.parent_id for c in await kept(service)] == [None, first]


@pytest.mark.parametrize("trouble", [404, 503, "dead"])
async def test_the_plain_form_stays_when_the_thread_cannot_be_had(
    page: Page, blog: str, service: Stage, trouble: int | str
) -> None:
    async def meets(route: Route) -> None:
        await (route.abort() if trouble == "dead" else answer(route, int(trouble)))

    await page.route(THREAD, meets)
    async with page.expect_request(THREAD):
        await page.goto(f"{blog}/")
    await uses_the_plain_form(page)
    assert [c.raw for c in await kept(service)] == ["By the plain form."]


async def test_the_plain_form_stays_where_the_page_lets_nobody_parse_html(
    page: Page, blog: str, service: Stage
) -> None:
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    await page.add_init_script(TRUSTED_TYPES)
    async with page.expect_response(THREAD):
        await page.goto(f"{blog}/?form=script")
    await expect(page.get_by_role("textbox", name="First name")).to_be_visible()  # that form needs no parser
    await uses_the_plain_form(page)
    assert broken == []
    assert [c.raw for c in await kept(service)] == ["By the plain form."]


async def uses_the_plain_form(page: Page) -> None:
    form = page.locator("newsletter-comments > form")
    await form.get_by_role("textbox", name="comment").fill("By the plain form.")
    await form.get_by_role("textbox", name="Name").fill("Ada")
    await form.get_by_role("textbox", name="Email").fill("ada@example.org")
    await form.get_by_role("button", name="Send my comment").click()
    await page.wait_for_url("**/comments/sent/*")


async def test_what_was_begun_in_the_plain_form_moves_over(page: Page, blog: str) -> None:
    with held() as (wait, free):
        await page.route(THREAD, wait)
        await page.goto(f"{blog}/")
        await page.locator("newsletter-comments > form textarea").press_sequentially("I be")
        free.set()
        text = page.locator("form.comment-form").get_by_label("Your comment")
        await expect(text).to_have_value("I be")
    await expect(text).to_be_focused()


async def test_it_breaks_no_policy_of_the_page(page: Page, blog: str, service: Stage) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    await say(service, "> quoted\n\n`code`", url=f"{blog}/")
    form = await conversation(page, blog, service)
    await expect(comments(page).locator("svg")).to_be_visible()
    await write(form, "No word in the console.")
    await expect(status(page)).to_contain_text("Your comment is kept.")
    assert said == []
