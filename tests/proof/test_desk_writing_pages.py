"""Nothing for axe to find in the desk's sequences, archive and settings, on any screen, in light and dark."""

from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from newsletter.sequences import Plan, Words
from newsletter.web.kit import sequencing
from tests.browser.test_desk_broadcasts import signs_in
from tests.proof.test_desk_broadcasts import sent_off
from tests.web.stage import ADA, Stage


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_every_page_is_accessible(
    browser: Browser, service: Stage, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = await context.new_page()
    home = await signs_in(page, service)
    site = service.site
    steps = [Words(slug=f"step-{n}", delay=n, subject="On work " * n * 4, body="Hello.") for n in (1, 2)]
    await sequencing.load(site, Plan("welcome", "confirmed", "", steps))
    await site.db.write(site.sequences.turn_on, "welcome")
    await service.house.joins(ADA)
    await sequencing.Rounds(site).once()
    await sent_off(service, 3)
    one = await site.db.read(site.sequences.find, "welcome")
    (first, _) = await site.db.read(site.sequences.steps, one.id)
    own = "/sequences/welcome"
    for path in (
        "/sequences",
        own,
        f"{own}/people",
        f"{own}/steps/new",
        f"{own}/steps/{first.id}",
        "/archive",
        "/settings",
    ):
        await page.goto(f"{home}/admin{path}")
        found = await Axe().run(page)
        assert found.violations_count == 0, f"{path}\n{found.generate_report()}"
        sideways = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert sideways <= 0, f"{path} is {sideways} pixels too wide"
    await context.close()
