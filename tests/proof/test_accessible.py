"""Nothing for axe to find in the demonstration's pages, on any screen, in light and dark; none is wider than it."""

from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from newsletter.demo import Inbox
from tests.browser.test_demo_pages import MAIL

PAGES = ["/?form=plain", "/?form=script", "/?form=iframe", "/inbox", "newest", "/nothing"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 768, 1280])
async def test_every_page_is_accessible(
    browser: Browser, blog: str, inbox: Inbox, width: int, scheme: Literal["light", "dark"]
) -> None:
    inbox.keep(MAIL % (b"Is this you?", b"#"))
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = await context.new_page()
    for path in PAGES:
        await page.goto(f"{blog}/inbox/{inbox.newest()[0].id}" if path == "newest" else blog + path)
        if "script" in path:
            await expect(page.get_by_role("textbox", name="First name")).to_be_visible()
        for summary in await page.locator("summary").all():
            await summary.click()
        found = await Axe().run(page)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
        sideways = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert sideways <= 0, f"{path} is {sideways} pixels too wide"
    await context.close()
