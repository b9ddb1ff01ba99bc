"""The page of the settings: what is on it is found at once, and a wide window is used."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.sights import all_sights

PHONE, WIDE = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
LARGEST = 3.9
"""Of the window's height: a wide one shows all of it in less than four looks. In one column it took five."""


@pytest_asyncio.fixture(loop_scope="session")
async def settings(browser: Browser, tmp_path: Path) -> AsyncIterator[Page]:
    async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db") as sights:
        page = await (await sights.owner(browser)).new_page()
        await page.goto(f"{sights.home}/admin/settings")
        yield page


async def headings(page: Page) -> list[str]:
    return [one.strip() for one in await page.locator("main").get_by_role("heading").all_inner_texts()]


async def fields(page: Page) -> list[list[float]]:
    """Where each begins and ends, in CSS pixels."""
    ends: list[list[float]] = await page.locator("main form .group .field").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).map(box => [box.left, box.right])"
    )
    return ends


async def test_each_part_has_one_heading_and_is_led_to(settings: Page) -> None:
    found = await headings(settings)
    assert len(found) == len(set(found)) > 5
    links = settings.get_by_role("navigation", name="On this page").get_by_role("link")
    for link in await links.all():
        await link.click()
        name = (await link.inner_text()).strip()
        await expect(settings.get_by_role("heading", name=name, exact=True)).to_be_in_viewport()
    assert {(await one.inner_text()).strip() for one in await links.all()} == {*found[1:]}


async def test_a_wide_window_is_used(settings: Page) -> None:
    await settings.set_viewport_size({"width": WIDE["width"], "height": WIDE["height"]})
    tall = await settings.evaluate("document.documentElement.scrollHeight")
    assert tall < LARGEST * WIDE["height"]
    ends = await fields(settings)
    assert len({round(left) for left, _ in ends}) == 2, "They stand in two columns."
    edge = await settings.locator("main").evaluate("one => one.getBoundingClientRect().right")
    assert max(right for _, right in ends) > edge - 2


async def test_on_a_phone_they_stand_one_below_the_other(settings: Page) -> None:
    await settings.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    assert await settings.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert len({round(left) for left, _ in await fields(settings)}) == 1
