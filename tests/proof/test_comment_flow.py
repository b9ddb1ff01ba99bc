"""From a comment's form to the mail about an answer, in the demonstration: without scripts, with ours, in a frame."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.demonstration import Demonstration, demonstration
from tests.browser.test_comments_plain import reader


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
