"""Comments without scripts, and where scripts fail."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

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
