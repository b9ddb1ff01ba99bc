"""The demonstration's inbox: new mail shows by itself, as its reader would see it."""

from playwright.async_api import Browser, Page, expect

from newsletter.demo import Inbox

MAIL = b"""\
From: Wilma Harrow <wilma@example.org>\r
To: ada@example.org\r
Date: Sun, 22 Nov 2026 20:33:59 +0000\r
Subject: %b\r
List-Unsubscribe: <http://localhost:8000/u/abc>\r
MIME-Version: 1.0\r
Content-Type: multipart/alternative; boundary="--"\r
\r
----\r
Content-Type: text/plain; charset=utf-8\r
\r
Confirm here: http://localhost:8000/confirm/abc\r
----\r
Content-Type: text/html; charset=utf-8\r
\r
<!doctype html><html lang="en"><head><title>Mail</title></head><body><h1>Hello</h1><a href="%b">Confirm</a></body>\r
------\r
"""


async def test_new_mail_shows_by_itself(page: Page, blog: str, inbox: Inbox) -> None:
    await page.goto(f"{blog}/inbox")
    await expect(page.get_by_text("Nothing yet.")).to_be_visible()
    inbox.keep(MAIL % (b"Is this you?", b"#"))
    await expect(page.get_by_role("link", name="Is this you?")).to_be_visible()
    await expect(page.get_by_role("status")).to_have_text("1 mail")
    inbox.keep(MAIL % (b"Here is your guide", b"#"))
    await expect(page.get_by_role("link", name="Here is your guide")).to_be_visible()


async def test_without_a_script_the_inbox_reloads_itself(browser: Browser, blog: str) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{blog}/inbox")
    await expect(page.locator("meta[http-equiv=refresh]")).to_have_attribute("content", "10")
    await context.close()


async def test_links_in_a_mail_open_beside_the_inbox(page: Page, blog: str, inbox: Inbox) -> None:
    inbox.keep(MAIL % (b"Is this you?", f"{blog}/?form=plain".encode()))
    await page.goto(f"{blog}/inbox")
    await page.get_by_role("link", name="Is this you?").click()
    async with page.context.expect_page() as opened:
        await page.frame_locator("iframe").get_by_role("link", name="Confirm").click()
    beside = await opened.value
    await expect(beside.get_by_role("heading", level=1)).to_have_text("Eleven years in a cardboard box")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Is this you?")


async def test_a_long_mail_is_shown_whole(page: Page, blog: str, inbox: Inbox) -> None:
    inbox.keep(MAIL.replace(b"<h1>Hello", b"<p>Hello</p>" * 100 + b"<h1>Hello") % (b"Is this you?", b"#"))
    await page.goto(f"{blog}/inbox/{inbox.newest()[0].id}")
    inside = page.frame_locator("iframe").locator("html")
    await expect(inside).to_have_js_property(
        "clientHeight", await inside.evaluate("(html) => html.scrollHeight")
    )
