"""The main job as a person does it: from the form on somebody's page to the guide in their inbox, and out again."""

import asyncio
import csv
import io
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.demonstration import Demonstration, demonstration


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demonstration]:
    async with demonstration(tmp_path_factory.mktemp("demo")) as running:
        yield running


async def signs_up_by(how: str, page: Page, demo: Demonstration, email: str) -> None:
    await page.goto(f"{demo.blog}/?form={how}")
    if how == "iframe":
        await page.locator("iframe[src*='/forms/guide']").scroll_into_view_if_needed()  # it loads when seen
        frame = page.frame_locator("iframe[src*='/forms/guide']")
        await frame.get_by_label("Email").fill(email)
        await page.wait_for_timeout(2100)  # our own form's minimum age
        await frame.get_by_role("button").click()
        await expect(frame.get_by_role("heading", name="Check your inbox")).to_be_visible()
        return
    form = page.locator("newsletter-form" if how == "script" else "form[action*='/forms/guide']")
    if how == "script":  # its own form takes the plain one's place
        await expect(form.get_by_role("textbox", name="First name")).to_be_visible()
    await form.get_by_role("textbox", name="Email").fill(email)
    if how == "script":
        await page.wait_for_timeout(2100)  # as above
    await form.get_by_role("button").click()
    if how == "plain":
        await expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()
    else:
        await expect(form.get_by_text("inbox")).to_be_visible()


async def follows(context: BrowserContext, page: Page, name: str) -> Page:
    """Presses the link of that name in the mail that is open; it opens a page of its own."""
    async with context.expect_page() as opened:
        await page.frame_locator("iframe").get_by_role("link", name=name).click()
    landed = await opened.value
    await landed.wait_for_load_state()
    return landed


async def subscribers(demo: Demonstration) -> dict[str, dict[str, str]]:
    """What the owner's export holds, by address."""
    environment = {**os.environ, "NEWSLETTER_DATABASE_URL": f"sqlite:///{demo.folder}/newsletter.db"}
    command = [sys.executable, "-m", "newsletter", "export", "subscribers", "--raw"]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return {row["email"]: row for row in csv.DictReader(io.StringIO(out.decode()))}


@pytest.mark.parametrize("how", ["plain", "script", "iframe"])
async def test_from_the_form_to_the_guide_and_out_again(
    demo: Demonstration, context: BrowserContext, page: Page, how: str
) -> None:
    email = f"ada.{how}@example.org"
    await signs_up_by(how, page, demo, email)

    await demo.opens_newest_mail(page, "Confirm to get your guide")
    landed = await follows(context, page, "Confirm and get my guide")
    assert (await subscribers(demo))[email]["status"] == "pending"
    await landed.get_by_role("button", name="Download my guide").click()
    async with landed.expect_download() as download:
        await landed.get_by_role("link", name="Download my guide").click()
    assert Path(await (await download.value).path()).read_bytes().startswith(b"%PDF-")
    assert (await subscribers(demo))[email]["status"] == "active"

    await landed.close()
    await demo.opens_newest_mail(page, "Here is your guide")
    leaving = await follows(context, page, "Unsubscribe")
    await leaving.get_by_role("button", name="Unsubscribe").click()
    await expect(leaving.get_by_role("heading", name="You have unsubscribed")).to_be_visible()
    exported = (await subscribers(demo))[email]
    assert (exported["status"], exported["form"]) == ("unsubscribed", "guide")
    assert exported["consent_message_id"]
    assert await context.cookies() == []


async def test_a_scanner_that_runs_scripts_and_follows_links_changes_nothing(
    demo: Demonstration, context: BrowserContext, page: Page
) -> None:
    """Promise 3."""
    await signs_up_by("plain", page, demo, "ben@example.org")
    await demo.opens_newest_mail(page, "Confirm to get your guide")
    links = await page.frame_locator("iframe").get_by_role("link").evaluate_all("all => all.map(a => a.href)")
    seen: set[str] = set()
    while links:
        url = links.pop()
        if url in seen or not url.startswith(demo.service):
            continue
        seen.add(url)
        await page.goto(url, wait_until="networkidle")
        links += await page.get_by_role("link").evaluate_all("all => all.map(a => a.href)")

    assert any("/confirm/" in url for url in seen)
    assert any("/block/" in url for url in seen)
    assert (await subscribers(demo))["ben@example.org"]["status"] == "pending"


async def test_errors_stand_beside_their_fields_with_the_focus_on_the_first(
    demo: Demonstration, page: Page
) -> None:
    await page.goto(f"{demo.service}/forms/guide")
    await page.get_by_label("First name").fill("Ada")
    await page.get_by_label("Email").fill("ada@nowhere")
    await page.get_by_role("button").click()

    field = page.get_by_label("Email")
    await expect(field).to_have_attribute("aria-invalid", "true")
    described = await field.get_attribute("aria-describedby") or ""
    assert "field-email-error" in described
    await expect(page.locator("#field-email-error")).to_contain_text("doesn’t look like")
    await expect(field).to_be_focused()
    await expect(page.get_by_label("First name")).to_have_value("Ada")


async def test_the_owner_comes_in_by_the_printed_link_and_takes_everything_out(
    demo: Demonstration, page: Page
) -> None:
    await page.goto(demo.desk)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Subscribers")).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export").click()
    content = Path(await (await download.value).path()).read_text("utf-8-sig")
    assert content.startswith("email,name,status")
    await page.get_by_role("button", name="Sign out").click()
    await page.goto(f"{demo.service}/admin")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
