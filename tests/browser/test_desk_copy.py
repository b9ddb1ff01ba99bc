"""Code for the author's page is copied by a button, which says so; where that can't be, it can still be selected."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.sights import Sights, all_sights

COPY = re.compile("^Copy")
PAGES = ("/admin", "/admin/forms/guide")
NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
NOT_ALLOWED = f"{NO_CLIPBOARD}; document.execCommand = () => false"


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path) -> AsyncIterator[Sights]:
    async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db") as sights:
        yield sights


async def shown(context: BrowserContext, desk: Sights, path: str) -> Page:
    page = await context.new_page()
    await page.goto(desk.home + path)
    return page


def codes(page: Page) -> Locator:
    return page.locator("textarea[readonly]")


async def pressed(page: Page, code: Locator) -> Locator:
    """Its button, by the next stop of the Tab key; returns where it is said what came of it."""
    await code.focus()
    await page.keyboard.press("Tab")
    button = page.get_by_role("button", name=COPY).and_(page.locator(":focus"))
    await expect(button).to_be_visible()
    await page.keyboard.press("Enter")
    return page.locator(".acts:focus-within, .field:focus-within").get_by_role("status").first


async def pasted(page: Page) -> str:
    """By the keyboard, into a field that was not there before."""
    await page.evaluate("document.querySelector('main').append(document.createElement('textarea'))")
    field = page.locator("main > textarea").last
    await field.focus()
    await page.keyboard.press("Control+V")
    return await field.input_value()


@pytest.mark.parametrize("script", ["", NO_CLIPBOARD], ids=["https", "http"])
async def test_each_code_is_copied(browser: Browser, desk: Sights, script: str) -> None:
    context = await desk.owner(browser)
    await context.add_init_script(script)
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    for path in PAGES:
        page = await shown(context, desk, path)
        assert await codes(page).count() >= 3
        for code in await codes(page).all():
            said = await pressed(page, code)
            await expect(said).to_have_text("Copied.")
            await expect(page.get_by_role("button", name=COPY).and_(page.locator(":focus"))).to_be_visible()
            text = await code.input_value()
            assert (await pasted(page)).strip() == text.strip()
    await context.close()


async def test_where_the_browser_does_not_allow_it_the_code_is_selected(
    browser: Browser, desk: Sights
) -> None:
    context = await desk.owner(browser)
    await context.add_init_script(NOT_ALLOWED)
    page = await shown(context, desk, PAGES[1])
    code = codes(page).first
    said = await pressed(page, code)
    await expect(said).to_contain_text("It is selected now")
    await expect(code).to_be_focused()
    whole = "one => one.selectionStart === 0 && one.selectionEnd === one.value.length"
    assert await code.evaluate(whole)
    await context.close()


async def test_without_javascript_there_is_no_button_and_it_can_be_selected(
    browser: Browser, desk: Sights
) -> None:
    signed_in = await desk.owner(browser)
    context = await browser.new_context(java_script_enabled=False)
    await context.add_cookies(await signed_in.cookies())  # type: ignore[arg-type]  # what one gives, the other takes
    for path in PAGES:
        page = await shown(context, desk, path)
        await expect(page.get_by_role("button", name=COPY)).to_have_count(0)
        await codes(page).first.focus()
        await expect(codes(page).first).to_be_focused()
    await context.close()


async def test_each_code_of_a_form_says_when_to_take_it(browser: Browser, desk: Sights) -> None:
    context = await desk.owner(browser)
    page = await shown(context, desk, PAGES[1])
    for label, when in (
        ("A plain form, which needs no script", "For pages that take no script."),
        ("The same in place, without leaving the page", "For your own sites, where scripts may run"),
        ("A frame", "For page builders that take no forms."),
    ):
        field = page.get_by_label(label, exact=True)
        described = await field.evaluate(
            "one => document.getElementById(one.getAttribute('aria-describedby')).innerText"
        )
        assert described.startswith(when)
    await context.close()
