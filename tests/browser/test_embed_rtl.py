"""What the script puts on a page that reads from right to left stays within it; what is hidden is, and answers step in
from the right."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.embedded import comments, conversation, element
from tests.web.said import say
from tests.web.stage import Stage

_RIGHT_TO_LEFT = "document.documentElement.dir = 'rtl'"
_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [390, 1440])
async def test_the_form_stays_within_the_page(page: Page, blog: str, service: Stage, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 900})
    form = await element(page, blog, service)
    await page.evaluate(_RIGHT_TO_LEFT)
    assert await page.evaluate(_TOO_WIDE) == 0
    box = await form.locator("[name=leave_blank]").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] < 0 or box["x"] > width, "who sees the trap would fill it in"
    email = await form.get_by_role("textbox", name="Email (required)").bounding_box()
    button = form.get_by_role("button", name="Send me the guide")
    await expect(button).to_be_visible()
    pressed = await button.bounding_box()
    assert email is not None
    assert pressed is not None
    assert abs((email["x"] + email["width"]) - (pressed["x"] + pressed["width"])) < 2, (
        "both begin at the right"
    )


@pytest.mark.parametrize("width", [390, 1440])
async def test_the_thread_stays_within_the_page(page: Page, blog: str, service: Stage, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 900})
    first = await say(service, "> نعم\n\nأوافق.", url=f"{blog}/", name="Ada")
    await say(service, "So do I.", url=f"{blog}/", parent_id=first)
    await conversation(page, blog, service)
    await expect(comments(page)).to_have_count(2)
    await page.evaluate(_RIGHT_TO_LEFT)
    assert await page.evaluate(_TOO_WIDE) == 0
    outer, inner = [await comments(page).nth(n).bounding_box() for n in (0, 1)]
    assert outer is not None
    assert inner is not None
    assert inner["x"] + inner["width"] < outer["x"] + outer["width"] - 10
    quote = comments(page).first.locator("blockquote")
    assert await quote.evaluate("node => getComputedStyle(node).borderRightWidth") == "2px"
