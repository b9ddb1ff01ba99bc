"""The README's pictures, taken from the running demonstration: `make screenshots`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser.conftest import QUIET, chromium
from tests.browser.demonstration import Demonstration, demonstration

PICTURES = Path(__file__).parents[2] / "docs" / "screenshots"


async def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with demonstration(Path(folder)) as demo, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium(), args=QUIET)
            await reader(await room(browser, 1000, 760), demo)
            for name, text in SAID.items():
                await commenter(await room(browser, 1000, 1000), demo, name, text)
            await owner(await room(browser, 1000, 1000), demo)
            await under_the_article(await room(browser, 1000, 1000), demo)
            await phone(await room(browser, 390, 760), demo)
            await browser.close()


async def room(browser: Browser, width: int, height: int) -> BrowserContext:
    return await browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")


async def take(page: Page, name: str) -> None:
    await page.wait_for_load_state("networkidle")
    await page.screenshot(path=PICTURES / f"{name}.png")
    print(f"docs/screenshots/{name}.png", file=sys.stderr)


async def reader(context: BrowserContext, demo: Demonstration) -> None:
    """The form on somebody's page, the mail, the button, the guide."""
    page = await context.new_page()
    for name in ("ada", "ben", "cleo"):
        await page.goto(f"{demo.blog}/?form=plain")
        form = page.locator("form[action*='/forms/guide']")
        await form.get_by_label("Email").fill(f"{name}@example.org")
        await form.get_by_role("button").evaluate("button => button.scrollIntoView({block: 'center'})")
        await take(page, "form") if name == "ada" else None
        await form.get_by_role("button").click()
        await demo.opens_newest_mail(page, "Confirm to get your guide")
        await take(page, "mail") if name == "ada" else None
        url = await page.frame_locator("iframe").get_by_role("link").first.get_attribute("href")
        if name == "cleo":
            return
        await page.goto(str(url))
        await take(page, "confirm") if name == "ada" else None
        await page.get_by_role("button", name="Download my guide").click()
        await take(page, "guide") if name == "ada" else None


SAID = {
    "Ada": "I kept such a box too, for *nine* years. What helped me was to date every sheet.",
    "Ben": "Does this work for somebody who likes the job they have?",
}


async def commenter(context: BrowserContext, demo: Demonstration, name: str, text: str) -> None:
    page = await context.new_page()
    await page.goto(f"{demo.blog}/?comments=script")
    form = page.locator("newsletter-comments form")
    await form.get_by_role("textbox", name="comment").fill(text)
    await form.get_by_role("textbox", name="Name").fill(name)
    await form.get_by_role("textbox", name="Email").fill(f"{name.lower()}@example.org")
    await page.wait_for_timeout(2100)  # our own form's minimum age
    await form.get_by_role("button", name="Send").click()
    await page.get_by_text("Your comment is kept").first.wait_for()
    await demo.opens_newest_mail(page, "Confirm your comment")
    url = await page.frame_locator("iframe").get_by_role("link").first.get_attribute("href")
    await page.goto(str(url))
    await page.get_by_role("button", name="Confirm my comment").click()
    await page.wait_for_load_state()


async def under_the_article(context: BrowserContext, demo: Demonstration) -> None:
    page = await context.new_page()
    await page.goto(f"{demo.blog}/?comments=script")
    first = page.locator("newsletter-comments .comment").first
    await first.wait_for()
    await page.locator("#comments").evaluate("section => section.scrollIntoView()")
    await take(page, "comments")


async def owner(context: BrowserContext, demo: Demonstration) -> None:
    page = await context.new_page()
    await page.goto(demo.desk)
    await page.get_by_role("button", name="Sign in").click()
    await take(page, "desk")
    await page.goto(f"{demo.service}/admin/comments")
    await take(page, "moderation")
    await broadcast(page, demo)
    await page.goto(f"{demo.service}/admin/comments")
    for _ in SAID:
        await page.get_by_role("button", name="Approve").last.click()
        await page.wait_for_load_state()


LETTER = """# On keeping a box

Dear {{ first_name | "there" }},

a job is *what you do this year*. A career is the box in which you keep what you learnt from it.

- Write down one thing a week, with its date.
- Read the box in January, before anybody asks you for a plan.

[The guide](https://example.org/guide) has a sheet for it."""


async def broadcast(page: Page, demo: Demonstration) -> None:
    """A broadcast as it is written, with its preview beside it; it stays a draft."""
    await page.set_viewport_size({"width": 1280, "height": 1000})
    await page.goto(f"{demo.service}/admin/broadcasts")
    await page.get_by_role("link", name="Write a new one").click()
    await page.get_by_label("Subject").fill("On keeping a box")
    await page.locator("textarea[name=body]").fill(LETTER)
    await page.frame_locator("iframe").get_by_text("Read the box in January").wait_for()
    await page.evaluate("scrollTo(0, 0)")
    await take(page, "broadcast")


async def phone(context: BrowserContext, demo: Demonstration) -> None:
    page = await context.new_page()
    await page.emulate_media(color_scheme="dark")
    await page.goto(f"{demo.service}/forms/guide")
    await take(page, "phone")


if __name__ == "__main__":
    asyncio.run(main())
