"""The subscribers' pages in a browser: on any screen, in light and dark, by keyboard, and as one types."""

from typing import Literal

import pytest
from playwright.async_api import Browser, expect

from tests.browser.test_desk_broadcasts import signs_in
from tests.proof.test_desk_import import well
from tests.web.stage import ADA, BEN, Stage


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_they_are_found_and_changed(
    browser: Browser, service: Stage, width: int, scheme: Literal["light", "dark"]
) -> None:
    await service.house.joins(ADA, "Ada Lovelace")
    await service.house.signs_up(BEN)
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = await context.new_page()
    home = await signs_in(page, service)
    await page.goto(f"{home}/admin")
    await page.get_by_role("link", name="Subscribers", exact=True).press("Enter")
    await expect(page.get_by_role("link", name=BEN)).to_be_visible()
    await well(page, "list")
    await page.get_by_label("Address or name begins with").press_sequentially("ada")
    await expect(page.get_by_role("link", name=BEN)).to_have_count(0)
    await well(page, "found")
    await page.get_by_label("Only who is in this segment").fill("tag work")
    await page.get_by_label("Only who is in this segment").press("Enter")
    await expect(page.get_by_text("Column 5")).to_be_visible()
    await well(page, "a segment that is none")
    await page.get_by_role("link", name="Active").press("Enter")
    await page.get_by_role("link", name=ADA).press("Enter")
    await page.get_by_label("Another tag").fill("work")
    await page.get_by_label("Another tag").press("Enter")
    await expect(page.get_by_role("button", name="Take off work")).to_be_visible()
    await well(page, "person")
    await page.get_by_role("button", name="Erase …").press("Enter")
    await well(page, "the question")
    await page.get_by_role("button", name="Erase them").press("Enter")
    await expect(page.get_by_role("status").first).to_contain_text("They are erased")
    await context.close()
