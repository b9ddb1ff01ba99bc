"""What the frame beside a text shows: the colours of its owner's own screen, until others are chosen."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, expect

from tests.browser.sights import all_sights

Scheme = Literal["light", "dark"]

GROUND: dict[Scheme, str] = {"light": "rgb(246, 245, 241)", "dark": "rgb(20, 24, 29)"}
"""Behind a mail, and behind a form's page."""

PAGES = ("/admin/broadcasts/new", "/admin/forms/guide/mails", "/admin/forms/guide")


@pytest.mark.parametrize(("own", "other"), [("light", "dark"), ("dark", "light")])
async def test_it_looks_as_on_the_owners_screen(
    browser: Browser, tmp_path: Path, own: Scheme, other: Scheme
) -> None:
    async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db") as sights:
        page = await (await sights.owner(browser)).new_page()
        await page.emulate_media(color_scheme=own)
        shown = page.frame_locator(".screen iframe:not(.coming)").locator("body")
        for path in PAGES:
            await page.goto(sights.home + path)
            if "broadcasts" in path:
                await page.locator("[name=body]").fill("Hello.")
            await expect(page.get_by_role("radio", name="Like your screen")).to_be_checked()
            await expect(shown).to_have_css("background-color", GROUND[own])
            chosen: tuple[tuple[str, Scheme], ...] = ((other, other), (own, own), ("Like your screen", own))
            for name, scheme in chosen:
                await page.get_by_role("radio", name=name).check()
                await expect(shown).to_have_css("background-color", GROUND[scheme])


async def test_where_nothing_is_written_it_is_no_white_sheet_in_the_dark(
    browser: Browser, tmp_path: Path
) -> None:
    async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db") as sights:
        page = await (await sights.owner(browser)).new_page()
        await page.emulate_media(color_scheme="dark")
        await page.goto(f"{sights.home}/admin/broadcasts/new")
        shown = page.frame_locator(".screen iframe").locator("body")
        await expect(shown).to_contain_text("as soon as something is written")
        await expect(shown).to_have_css("background-color", GROUND["dark"])
