"""The desk's first page, and what is done to many subscribers: on any screen, in light and dark, by keyboard."""

import random
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, expect

from newsletter.clock import DAY
from newsletter.storage import Param, Tx
from newsletter.web.kit import changing_many
from tests.browser.test_desk_broadcasts import signs_in
from tests.proof.test_desk_import import well
from tests.web.stage import ADA, BEN, Stage

PEOPLE = 400


async def a_year(tx: Tx) -> None:
    """People who came by and by, more of them of late; some have left."""
    chance = random.Random(3)
    rows: list[dict[str, Param]] = []
    for n in range(1, PEOPLE + 1):
        came = tx.now - int(364 * DAY * chance.random() ** 2)
        left = came + (tx.now - came) // 2 if n % 9 == 0 else None
        status = "unsubscribed" if left else "active"
        rows.append(
            {"id": n, "email": f"reader{n}@example.org", "status": status, "came": came, "left": left}
        )
    await tx.many(
        """INSERT INTO subscribers (id, email, email_key, status, created_at, confirmed_at, unsubscribed_at)
           VALUES (:id, :email, :email, :status, :came, :came, :left)""",
        rows,
    )
    await tx.run(
        """INSERT INTO form_views (form_id, day, seen, submitted, opened)
           SELECT id, :now - :now % 86400000, 1204, 95, 71 FROM forms WHERE slug = 'guide'""",
        now=tx.now,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1440])
async def test_the_first_page(
    browser: Browser, service: Stage, width: int, scheme: Literal["light", "dark"]
) -> None:
    await service.house.joins(ADA, "Ada Lovelace")
    await service.house.signs_up(BEN)
    await service.site.db.write(a_year)
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = await context.new_page()
    await signs_in(page, service)
    await well(page, "today")
    for days, bar in (("90 days", "90 days"), ("365 days", "365 days")):
        await page.get_by_role("link", name=days).press("Enter")
        await expect(page.locator("figcaption")).to_contain_text(bar)
        await well(page, days)
    await page.get_by_text("The same as a table").press("Enter")
    await expect(page.get_by_role("columnheader", name="Week from")).to_be_visible()
    await well(page, "table")
    await context.close()


async def asks(page: Page, home: str, button: str) -> None:
    await page.goto(f"{home}/admin/subscribers")
    await page.get_by_label("Whom").select_option("all")
    await page.get_by_label("Tag", exact=True).fill("spring")
    await page.get_by_role("button", name=button).press("Enter")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
async def test_many_at_once(
    browser: Browser, service: Stage, width: int, scheme: Literal["light", "dark"]
) -> None:
    await service.site.db.write(a_year)
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = await context.new_page()
    home = await signs_in(page, service)
    await page.goto(f"{home}/admin/subscribers")
    await page.get_by_role("button", name="Give the tag …").press("Enter")
    await expect(page.get_by_text("Tick somebody first")).to_be_visible()
    await well(page, "nobody ticked")
    await page.get_by_role("button", name="Tick all on this page").press("Enter")
    assert await page.locator("input.tick:checked").count() == 50
    await well(page, "ticked")
    await asks(page, home, "Erase …")
    await expect(page.get_by_text("400 people are erased, for good.")).to_be_visible()
    await well(page, "erase them?")
    await asks(page, home, "Give the tag …")
    await expect(page.get_by_text("400 people get the tag")).to_be_visible()
    await well(page, "tag them?")
    await page.get_by_role("button", name="Give them the tag").press("Enter")
    await changing_many.keep_going(service.site)
    await expect(page.get_by_role("heading", level=1)).to_have_text("It is done", timeout=20_000)
    await well(page, "done")
    await page.get_by_role("button", name="Undo it").press("Enter")
    await changing_many.keep_going(service.site)
    await expect(page.get_by_role("heading", level=1)).to_have_text("It is undone", timeout=20_000)
    await page.goto(f"{home}/admin/subscribers/many")
    await well(page, "what was done")
    await context.close()
