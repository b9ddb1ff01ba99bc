"""An owner writes a broadcast in a browser: the preview follows, runs nothing, and adds no step to the way back."""

from playwright.async_api import Page, expect

from tests.web.stage import Stage

LONG = "".join(f"Paragraph {n}.\n\n" for n in range(60))


async def test_the_preview_follows_while_the_owner_types(page: Page, service: Stage) -> None:
    await signs_in(page, service)
    await page.get_by_role("link", name="Broadcasts").click()
    await page.get_by_role("link", name="Write a new one").click()
    before = await page.evaluate("history.length")
    frame = page.frame_locator("iframe:not(.coming)")

    await page.get_by_label("Subject").fill('On work, {{ first_name | "friend" }}')
    text = page.locator("textarea[name=body]")
    await text.fill("<script>top.document.title = 'ran'</script> {{ nonsense }}")
    await expect(frame.get_by_role("heading", name="On work, friend")).to_be_visible()
    await expect(frame.get_by_text("<script>top.document.title = 'ran'</script>")).to_be_visible()
    await expect(page.locator("#findings")).to_contain_text("is no merge tag")
    await page.get_by_label("Who gets it").fill("tag:nobody")
    await expect(page.locator("#told-audience")).to_have_text("0 people at the moment.")
    await page.get_by_role("radio", name="Text").check()
    await expect(frame.locator("pre")).to_contain_text("{{ nonsense }}")
    await page.get_by_role("radio", name="HTML").check()

    await text.fill(LONG)  # which leaves the owner at its end
    stands = await page.evaluate("scrollY")
    await expect(frame.get_by_text("Paragraph 59.")).to_be_in_viewport()
    assert await page.evaluate("scrollY") == stands
    await expect(page.locator("iframe")).to_have_count(1)
    assert await page.evaluate("history.length") == before
    assert not (await page.title()).startswith("ran")
    await page.get_by_role("button", name="Save, and go on to sending").click()
    await expect(page.get_by_role("button", name="Send it to nobody now")).to_be_visible()


async def signs_in(page: Page, service: Stage) -> str:
    """The service's address; its owner is in."""
    home = service.site.settings.public_url
    await page.goto(home + await service.sign_in_link())
    await page.get_by_role("button").click()
    await page.wait_for_url(f"{home}/admin")
    return home
