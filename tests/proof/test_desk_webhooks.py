"""The webhooks' pages in a browser: on any screen, in light and dark, by keyboard; with deliveries that really go."""

from typing import Literal

import pytest
from playwright.async_api import Browser, expect

from tests.browser.test_desk_broadcasts import signs_in
from tests.proof.test_desk_import import well
from tests.web.stage import Stage
from tests.webhooks.conftest import rounds_of
from tests.webhooks.receiver import receiving, says

BUSY = "The server says that it is too busy, and that somebody should come back later. " * 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_one_is_made_tried_and_deleted(
    browser: Browser, service: Stage, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_default_timeout(20_000)
    page = await context.new_page()
    home = await signs_in(page, service)
    rounds = rounds_of(service.house)
    async with receiving() as receiver:
        receiver.script = [says(503, BUSY)]
        await page.goto(f"{home}/admin")
        await page.get_by_role("link", name="Webhooks", exact=True).press("Enter")
        await page.get_by_role("button", name="Make a webhook").press("Enter")
        await expect(page.get_by_role("heading", name="Please look at this again")).to_be_visible()
        await well(page, "faults")
        await page.get_by_label("Address").fill(f"{receiver.url}&{'long-' * 20}name")
        await page.get_by_label("Somebody confirmed").press("Space")
        await page.get_by_role("button", name="Make a webhook").press("Enter")
        await expect(page.get_by_label("Copy it now")).to_be_focused()
        await well(page, "secret")
        for state, answer in (("to be tried again", "503"), ("sent", "204")):
            await page.get_by_role("button", name="Send a test").press("Enter")
            await expect(page.get_by_text("A test is on its way")).to_be_visible()
            await rounds.once()
            await rounds.idle()
            await page.reload()
            row = page.get_by_role("row").nth(1)  # the newest, below the headings
            await expect(row.get_by_text(state, exact=True)).to_be_visible()
            await expect(row.get_by_text(answer, exact=True)).to_be_visible()
        assert [one.json["type"] for one in receiver.got] == ["webhook.test"] * 2
        await well(page, "log")
        await page.get_by_role("button", name="Send again").first.press("Enter")
        await rounds.once()
        await rounds.idle()
        assert len(receiver.got) > 2
        await rounds.stop()
    await page.get_by_role("link", name="All webhooks").press("Enter")
    await well(page, "list")
    await page.get_by_role("link", name="127.0.0.1").press("Enter")
    await page.get_by_role("button", name="Delete it …").press("Enter")
    await well(page, "the question")
    await page.get_by_role("button", name="Delete it", exact=True).press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("It is deleted")
    await context.close()
