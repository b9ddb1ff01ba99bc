"""The mail server named by somebody who uses no mouse: a fault, then a server that refuses, then one that takes."""

from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.browser.sights import all_sights
from tests.web.relays import relay

PATH = "/admin/settings/relay"


async def fill(page: Page, **values: str) -> None:
    """By the keyboard alone, from the top of the form on."""
    await page.locator("[name=host]").focus()
    for name in ("host", "port", "tls", "username", "password"):
        assert await page.evaluate("document.activeElement.name") == name
        if name == "tls":
            await page.keyboard.type("Never")
        elif name in values:
            await page.keyboard.press("Control+A")
            await page.keyboard.type(values[name])
        await page.keyboard.press("Tab")


async def test_it_is_named_by_the_keyboard_alone(browser: Browser, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/newsletter.db"
    async with all_sights(tmp_path, url) as sights, relay(("olga", "geheim")) as box:
        page = await (await sights.owner(browser)).new_page()
        await page.goto(sights.home + PATH)
        await fill(page, host="no host", port=str(box.port))
        await page.keyboard.press("Enter")
        fault = page.get_by_role("link", name="The server’s name:")
        await expect(fault).to_be_visible()
        await fault.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("[name=host]")).to_be_focused()
        await fill(page, host="127.0.0.1", port=str(box.port), username="olga", password="guess")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("refused the login (535)")).to_be_visible()
        await expect(page.locator("[name=password]")).to_have_value("")
        await fill(page, host="127.0.0.1", port=str(box.port), username="olga", password="geheim")
        await page.keyboard.press("Tab")  # past the way to take it all the same
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("All mail goes by this server")
        assert box.to == ["olga@example.org"]
