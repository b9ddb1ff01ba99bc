"""What a reader's system asks for: paper shows what is read and no buttons to press, and nothing moves by itself."""

from pathlib import Path

from playwright.async_api import Browser

from tests.browser.sights import all_sights

_MOVES = """() => [...document.querySelectorAll("*")].filter(one => {
  const style = getComputedStyle(one)
  return [style.transitionDuration, style.animationDuration].some(all => all.split(", ").some(one => one !== "0s"))
}).length"""
_COLOURS = """() => {
  const all = [document.body, document.querySelector("h1")].map(one => getComputedStyle(one))
  return [all[0].backgroundColor, all[1].color]
}"""


async def test_paper_is_white_and_holds_what_is_read(browser: Browser, tmp_path: Path) -> None:
    async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db") as sights:
        page = await (await sights.owner(browser)).new_page()
        await page.emulate_media(color_scheme="dark")
        for path in ("/admin/subscribers", "/archive/guide"):
            await page.emulate_media(media="screen")
            await page.goto(sights.home + path)
            dark = await page.evaluate(_COLOURS)
            on_screen = page.locator(".account, .on-screen")
            shown = [await one.is_visible() for one in await on_screen.all()]
            await page.emulate_media(media="print")
            assert await page.evaluate(_COLOURS) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"] != dark, path
            assert any(shown), path
            assert not [one for one in await on_screen.all() if await one.is_visible()], path
            assert await page.get_by_role("heading", level=1).is_visible()


async def test_nothing_moves_for_who_wants_it_still(browser: Browser, tmp_path: Path) -> None:
    async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db") as sights:
        page = await (await sights.owner(browser)).new_page()
        for path in ("/admin", "/admin/comments", "/admin/broadcasts/new", "/forms/guide", "/archive"):
            await page.goto(sights.home + path)
            await page.emulate_media(reduced_motion="no-preference")
            moving = await page.evaluate(_MOVES)
            await page.emulate_media(reduced_motion="reduce")
            assert (moving > 0, await page.evaluate(_MOVES)) == (True, 0), path
