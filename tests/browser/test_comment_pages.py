"""Our own pages of comments, and the desk: what stands where, and where the keys lead."""

import re

from playwright.async_api import Page, expect

from tests.web.said import say
from tests.web.stage import Stage


async def test_an_error_moves_no_label_out_of_line(page: Page, blog: str, service: Stage) -> None:
    await page.set_viewport_size({"width": 1200, "height": 900})
    await page.goto(f"{service.site.settings.public_url}/comments/new?url={blog}/")
    await page.get_by_role("textbox", name="Your comment").fill("I agree.")
    await page.get_by_role("textbox", name="Email").fill("ada@example.org")
    await page.get_by_role("button", name="Send comment").click()
    await expect(page.locator("#comment-name-error")).to_be_visible()
    await expect(page.locator("#comment-email-error")).to_have_count(0)
    for left, right in (("name", "email"), ("website", "follow")):
        for what in ("[for=comment-{}]", "#comment-{}"):
            boxes = [await page.locator(what.format(name)).bounding_box() for name in (left, right)]
            assert boxes[0]
            assert boxes[1]
            assert abs(boxes[0]["y"] + boxes[0]["height"] - boxes[1]["y"] - boxes[1]["height"]) < 2


async def test_the_trap_is_unseen_without_our_styles(page: Page, blog: str, service: Stage) -> None:
    await say(service, "The first.", url=f"{blog}/")
    await page.route("**/*.css", lambda route: route.abort())
    await page.goto(f"{service.site.settings.public_url}/threads?url={blog}/")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Comments on")
    await expect(page.get_by_text("The first.")).to_be_visible()
    await expect(page.locator("[name=leave_blank]")).to_be_hidden()


async def test_the_desk_asks_before_it_deletes_and_goes_on_below(
    page: Page, blog: str, service: Stage
) -> None:
    for text in ("Oldest.", "Middle.", "Newest."):
        await say(service, text, url=f"{blog}/", status="pending")
    home = service.site.settings.public_url
    await page.goto(home + await service.sign_in_link())
    await page.get_by_role("button").click()
    await page.wait_for_url(f"{home}/admin")
    await page.goto(f"{home}/admin/comments")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("d")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Delete 1 comment for good?")
    await page.get_by_role("button", name="Delete 1 comment").click()
    await expect(page.get_by_role("status")).to_have_text("1 comment deleted.")
    await expect(page.locator(".row:focus")).to_contain_text("Oldest.")
    await page.keyboard.press("s")
    await expect(page.get_by_role("status")).to_have_text("1 comment marked as spam.")
    await expect(page.locator(".row:focus")).to_contain_text("Newest.")
    await expect(page.locator(".row").filter(has_text=re.compile("Middle|Oldest"))).to_have_count(0)
