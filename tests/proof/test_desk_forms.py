"""The forms' pages in a browser: on any screen, light and dark, with mistakes, and by keyboard without JavaScript."""

from typing import Literal

import pytest
from playwright.async_api import Browser, expect

from tests.browser.test_desk_broadcasts import signs_in
from tests.proof.test_desk_import import well
from tests.web.stage import Stage


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_every_page_is_accessible(
    browser: Browser, service: Stage, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = await context.new_page()
    home = await signs_in(page, service)
    for path in ("/admin/forms", "/admin/forms/new", "/admin/forms/guide"):
        await page.goto(home + path)
        await well(page, path)
    await page.get_by_label("Title", exact=True).fill("")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", name="Please look at this again")).to_be_visible()
    await well(page, "a mistake")
    await context.close()


async def test_a_form_is_made_by_keyboard_and_without_javascript(browser: Browser, service: Stage) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    home = await signs_in(page, service)
    await page.get_by_role("link", name="Forms", exact=True).press("Enter")
    await page.get_by_role("link", name="Make a new one").press("Enter")
    await page.get_by_label("Its name in addresses").press_sequentially("course")
    await page.get_by_label("Title", exact=True).press_sequentially("A course")
    await page.get_by_label("Structure your career").press("Space")
    await page.get_by_role("button", name="Make this form").press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Saved.")
    await page.goto(f"{home}/forms/course")
    await expect(page.get_by_role("heading", name="What you get")).to_be_visible()
    await context.close()
