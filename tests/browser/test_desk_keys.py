"""Who uses no mouse comes past the desk's menu with one press, and to the field that is first on the page."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.sights import all_sights

SIZES = ({"width": 390, "height": 844}, {"width": 1440, "height": 900})


@pytest.mark.parametrize("size", SIZES, ids=("phone", "wide"))
async def test_the_menu_is_passed_by_one_press(
    browser: Browser, tmp_path: Path, size: dict[str, int]
) -> None:
    async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db") as sights:
        page = await (await sights.owner(browser)).new_page()
        await page.set_viewport_size({"width": size["width"], "height": size["height"]})
        await page.goto(f"{sights.home}/admin/settings/relay")
        past = page.get_by_role("link", name="To the content")
        before = await past.bounding_box()
        await page.keyboard.press("Tab")
        await expect(past).to_be_focused()
        shown = await past.bounding_box()
        assert before
        assert shown
        assert (before["width"], shown["width"] > 100, shown["x"] >= 0, shown["y"] >= 0) == (
            1,
            True,
            True,
            True,
        )
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(page.locator("main").get_by_role("link", name="Settings")).to_be_focused()
