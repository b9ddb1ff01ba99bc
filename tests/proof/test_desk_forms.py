"""The forms' pages in a browser: on any screen, light and dark, with mistakes, and by keyboard without JavaScript."""

from typing import Literal

import msgspec
import pytest
from playwright.async_api import Browser, expect

from newsletter.signups import Field
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
    for path in ("/admin/forms", "/admin/forms/new", "/admin/magnets", "/admin/forms/guide"):
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
    await expect(page.locator("p.notice")).to_contain_text("Saved.")
    await page.get_by_role("button", name="Ask one thing more").press("Enter")
    await page.get_by_label("What it asks", exact=True).last.press_sequentially("Your city")
    await page.get_by_label("Takes").last.select_option("One of several")
    await page.get_by_label("Answers to choose from").last.fill("Porto\nLisbon")
    await page.get_by_role("button", name="Move it up").press("Enter")
    await page.get_by_label("Title", exact=True).press("Enter")  # the first button of the form is one to save
    await expect(page.locator("p.notice")).to_contain_text("Saved.")
    await page.goto(f"{home}/forms/course")
    await expect(page.get_by_role("heading", name="What you get")).to_be_visible()
    await expect(page.locator("form label:not(.away *)")).to_have_text(
        ["Email (required)", "Your city", "First name"]
    )
    await context.close()


async def test_the_preview_follows_while_the_owner_types(browser: Browser, service: Stage) -> None:
    page = await browser.new_page()
    home = await signs_in(page, service)
    await page.goto(f"{home}/admin/forms/guide")
    before = await page.evaluate("history.length")
    frame = page.frame_locator("iframe:not(.coming)")
    await expect(frame.get_by_role("heading", name="Get the free guide")).to_be_visible()
    await page.get_by_label("Title", exact=True).fill("<i>Another</i>")
    await expect(frame.get_by_role("heading", name="<i>Another</i>")).to_be_visible()
    await page.get_by_label("Background").fill("#102030")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    await expect(frame.locator("body")).to_have_css("background-color", "rgb(16, 32, 48)")
    await page.get_by_label("Closed: it says so").check()
    await expect(frame.get_by_text("This form is closed")).to_be_visible()
    assert await page.evaluate(ground) != "rgb(16, 32, 48)"
    assert await page.evaluate("history.length") == before
    await page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("accent", "background"), [("#8b1a4a", ""), ("#ffd24d", "#12203a"), ("", "#fff4e0")])
async def test_readers_can_read_it_in_its_own_colours(
    browser: Browser, service: Stage, accent: str, background: str, scheme: Literal["light", "dark"]
) -> None:
    site = service.site
    form = await site.db.read(site.forms.stored, "guide")
    size = Field("size", "Your size", type="choice", options=("Small", "Large"), required=True)
    own = msgspec.structs.replace(form, accent=accent, background=background, fields=(*form.fields, size))
    await site.db.write(site.forms.change, own)
    site.forms.forget(own)
    context = await browser.new_context(viewport={"width": 320, "height": 900}, color_scheme=scheme)
    page = await context.new_page()
    for path in ("/forms/guide", "/forms/guide/embed"):
        await page.goto(site.settings.public_url + path)
        await well(page, path)
        await page.get_by_label("Email").fill("nobody")
        await page.get_by_role("button").click()
        await expect(page.get_by_role("heading", name="Almost.")).to_be_visible()
        await well(page, f"{path} with mistakes")
    await context.close()
