"""The desk's pages of broadcasts in a browser: on any screen, without JavaScript, and while one is on its way."""

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from newsletter.broadcasts import Broadcast, Draft
from newsletter.web.kit import broadcasting
from tests.browser.demonstration import demonstration
from tests.browser.test_desk_broadcasts import signs_in
from tests.mail.conftest import run
from tests.web.broadcaster import subscribed
from tests.web.stage import Stage


async def sent_off(service: Stage, count: int) -> Broadcast:
    """To so many, who have their rows; no worker runs."""
    await subscribed(service, count)
    site, draft = service.site, Draft(subject="On work", body="Hello {{ name }}.", archive=True)
    one = await site.db.write(broadcasting.send_new, site, draft, broadcasting.frozen(site, draft))
    await broadcasting.fill(site, one.id)
    return one


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_every_page_is_accessible(
    browser: Browser, service: Stage, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = await context.new_page()
    home = await signs_in(page, service)
    site = service.site
    one = await sent_off(service, 60)
    await run(site.db, "UPDATE outbox SET state = 'in_doubt', settled_at = 1 WHERE subscriber_id < 9")
    await run(site.db, "UPDATE outbox SET state = 'failed', reply = '550 No' WHERE subscriber_id > 50")
    draft = await site.db.write(site.broadcasts.new, Draft(subject="x" * 200, body="[a](b) {{ c }}"))
    for path in ("", "/new", f"/{draft.id}", f"/{draft.id}/send", f"/{one.id}", f"/{one.id}/people"):
        await page.goto(f"{home}/admin/broadcasts{path}")
        found = await Axe().run(page)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
        sideways = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert sideways <= 0, f"{path} is {sideways} pixels too wide"
    await context.close()


async def test_how_far_it_has_come_follows_by_itself(page: Page, service: Stage) -> None:
    home = await signs_in(page, service)
    one = await sent_off(service, 2)
    await page.goto(f"{home}/admin/broadcasts/{one.id}")
    await expect(page.locator(".reached")).to_have_text("0 of 2 sent.")
    await page.get_by_role("button", name="Pause").focus()

    await run(service.site.db, "UPDATE outbox SET state = 'sent' WHERE subscriber_id = 1")
    await expect(page.locator(".reached")).to_have_text("1 of 2 sent.", timeout=20_000)
    await expect(page.get_by_role("button", name="Pause")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("It is paused.")
    await expect(page.get_by_role("button", name="Go on")).to_be_visible()


async def test_from_a_blank_page_to_an_inbox_without_a_script(browser: Browser, tmp_path: Path) -> None:
    async with demonstration(tmp_path) as demo:
        context = await browser.new_context(java_script_enabled=False, viewport={"width": 375, "height": 780})
        page = await context.new_page()
        await page.goto(demo.desk)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("link", name="Broadcasts").click()
        await page.get_by_role("link", name="Write a new one").click()
        await page.get_by_label("Subject").fill("On work")
        await page.locator("textarea[name=body]").fill("Hello {{ first_name | 'there' }}.")
        await page.get_by_role("button", name="Preview").click()
        await expect(page.frame_locator("iframe").get_by_text("Hello there.")).to_be_visible()
        await page.get_by_role("button", name="Check it").click()
        await expect(page.get_by_text("Nothing to say about it.")).to_be_visible()
        await page.get_by_role("button", name="Save, and mail me a copy").click()
        await expect(page.get_by_role("status").first).to_contain_text("One copy goes to your own address.")
        await page.get_by_role("button", name="Save, and go on to sending").click()
        await page.get_by_role("button", name="Send it to nobody now").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("On work")
        await expect(page.locator(".state.sent")).to_be_visible(
            timeout=30_000
        )  # the page asks again by itself
        await demo.opens_newest_mail(page, "On work")
        await context.close()
