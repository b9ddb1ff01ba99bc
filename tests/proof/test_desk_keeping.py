"""What an owner types is kept: over a reload at any moment, a sign-out, and a service that is away."""

import asyncio
import re

from playwright.async_api import Page, Route, expect

from newsletter.broadcasts import Broadcast
from tests.browser.test_desk_broadcasts import signs_in
from tests.figures import Figure
from tests.mail.conftest import run
from tests.web.stage import Stage

OUT = "You are signed out"
HERE = "Not saved yet, but kept in this browser."


async def kept(service: Stage) -> list[Broadcast]:
    return await service.site.db.read(service.site.broadcasts.newest)


async def begun(page: Page, service: Stage) -> str:
    """The address of a draft of which only the subject was typed, and no button pressed."""
    home = await signs_in(page, service)
    await page.goto(f"{home}/admin/broadcasts/new")
    await page.get_by_label("Subject").fill("On work")
    await expect(page.locator("#kept")).to_have_text("Saved.")
    (one,) = await kept(service)
    await expect(page).to_have_url(f"{home}/admin/broadcasts/{one.id}")
    return page.url


async def test_a_draft_is_saved_while_it_is_typed(page: Page, service: Stage) -> None:
    await begun(page, service)
    text = page.locator("textarea[name=body]")
    await text.press_sequentially("Hello there.")
    await expect(page.locator("#kept")).to_have_text("Saved.")
    await page.reload()
    await expect(text).to_have_value("Hello there.")
    await expect(page.locator("#again")).to_be_hidden()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("status").first).to_contain_text("Saved.")
    assert [(one.subject, one.body) for one in await kept(service)] == [("On work", "Hello there.")]
    assert await page.evaluate("localStorage.length") == 0


async def test_a_reload_at_any_moment_loses_nothing(page: Page, service: Stage, figure: Figure) -> None:
    await begun(page, service)
    text, lost = page.locator("textarea[name=body]"), 0
    for n in range(20):
        await text.press("End")
        await text.press_sequentially(f"{n},", delay=n * 13 % 40)
        if n % 3:
            await page.wait_for_timeout(
                n * 97 % 900
            )  # which moment it is matters to nothing that is asked below
        await page.reload()
        lost += await text.input_value() != "".join(f"{m}," for m in range(n + 1))
    told = page.locator("#kept")
    await expect(told).to_have_text(re.compile(r"Saved\.|Somebody else"), timeout=20_000)
    if await told.text_content() != "Saved.":
        # What a page had sent before it was left was stored after the next one was read: its owner is asked.
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator(".summary")).to_be_visible()
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_role("status").first).to_contain_text("Saved.")
    figure("typed and lost by a reload", lost, "0 of 20", lost == 0)
    assert lost == 0
    (one,) = await kept(service)
    assert one.body == "".join(f"{m}," for m in range(20))


async def test_what_is_typed_before_the_script_has_come_is_kept_too(page: Page, service: Stage) -> None:
    home = await signs_in(page, service)
    typed = asyncio.Event()

    async def late(route: Route) -> None:
        await typed.wait()
        await route.continue_()

    await page.route("**/keep*.js", late)
    await page.goto(f"{home}/admin/broadcasts/new", wait_until="commit")
    await page.get_by_label("Subject").fill("On work")
    assert await kept(service) == []
    typed.set()
    await expect(page.locator("#kept")).to_have_text("Saved.")
    assert [one.subject for one in await kept(service)] == ["On work"]


async def test_who_is_signed_out_meanwhile_loses_nothing(page: Page, service: Stage) -> None:
    there = await begun(page, service)
    await run(service.site.db, "DELETE FROM sessions")
    text = page.locator("textarea[name=body]")
    await text.fill("Typed by nobody.")
    await expect(page.locator("#kept")).to_contain_text(OUT)
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(text).to_have_value("Typed by nobody.")
    assert page.url == there
    await signs_in(page, service)
    await page.goto(there)
    await expect(text).to_have_value("Typed by nobody.")
    await expect(page.locator("#again")).to_be_visible()
    await expect(page.locator("#kept")).to_have_text("Saved.")
    assert [one.body for one in await kept(service)] == ["Typed by nobody."]


async def test_a_new_session_in_another_tab_is_told_from_the_old(page: Page, service: Stage) -> None:
    there = await begun(page, service)
    await run(service.site.db, "DELETE FROM sessions")
    other = await page.context.new_page()
    await signs_in(other, service)
    text = page.locator("textarea[name=body]")
    await text.fill("Under the old key.")
    await expect(page.locator("#kept")).to_contain_text(OUT)
    await page.goto(there)
    await expect(page.locator("#kept")).to_have_text("Saved.")
    assert [one.body for one in await kept(service)] == ["Under the old key."]


async def test_a_service_that_is_away_is_waited_for(page: Page, service: Stage) -> None:
    await begun(page, service)
    await page.context.set_offline(True)
    text = page.locator("textarea[name=body]")
    await text.fill("In a tunnel.")
    await expect(page.locator("#kept")).to_contain_text("can’t be reached")
    await page.context.set_offline(False)
    await text.press("End")
    await text.press_sequentially(" And out.")
    await expect(page.locator("#kept")).to_have_text("Saved.")
    assert [one.body for one in await kept(service)] == ["In a tunnel. And out."]


async def test_another_tab_is_not_overwritten_by_itself(page: Page, service: Stage) -> None:
    there = await begun(page, service)
    other = await page.context.new_page()
    await other.goto(there)
    await other.locator("textarea[name=body]").fill("Theirs.")
    await expect(other.locator("#kept")).to_have_text("Saved.")
    await page.locator("textarea[name=body]").fill("Mine.")
    await expect(page.locator("#kept")).to_contain_text("Somebody else has changed this")
    assert [one.body for one in await kept(service)] == ["Theirs."]
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator(".summary")).to_be_visible()
    await expect(page.locator("textarea[name=body]")).to_have_value("Mine.")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("status").first).to_contain_text("Saved.")
    assert [one.body for one in await kept(service)] == ["Mine."]


async def test_a_step_of_a_sequence_is_held_until_it_is_saved(page: Page, service: Stage) -> None:
    home = await signs_in(page, service)
    await page.goto(f"{home}/admin/sequences")
    await page.get_by_label("Its name").fill("welcome")
    await page.get_by_role("button", name="Make this sequence").click()
    await page.get_by_role("link", name="Write a new step").click()
    await page.get_by_label("Subject").fill("The box")
    await expect(page.locator("#kept")).to_have_text(HERE)
    await page.reload()
    await expect(page.get_by_label("Subject")).to_have_value("The box")
    await page.locator("textarea[name=body]").fill("Hello.")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("link", name="The box")).to_be_visible()
    await page.get_by_role("link", name="Write a new step").click()
    await expect(page.get_by_label("Subject")).to_have_value("")
