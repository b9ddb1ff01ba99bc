"""The pages of an import in a browser: on any screen, without JavaScript, by keyboard, and while it goes on."""

from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from newsletter.web.kit import importing
from tests.browser.demonstration import demonstration
from tests.browser.test_desk_broadcasts import signs_in
from tests.mail.conftest import run
from tests.web.stage import Stage

PEOPLE = (
    "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,LEID,EUID,TAGS,A column with a rather long name\n"
    'ada@example.org,Ada,Byron,2,2024-01-02 03:04:05,1,a,"""vip""",' + "x" * 300 + "\n"
    "nonsense,,,,,,,,\npostmaster@example.org,,,,,,,,\n"
)
ORIGIN = "How these people agreed"


async def sends(page: Page, home: str, file: Path) -> None:
    await page.goto(f"{home}/admin")
    await page.get_by_role("link", name="Bring subscribers from elsewhere").click()
    await page.get_by_label("The file").set_input_files(file)
    await page.get_by_role("button", name="Send it and look at its columns").press("Enter")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE, "utf-8")
    return path


async def well(page: Page, where: str) -> None:
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{where}\n{found.generate_report()}"
    sideways = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert sideways <= 0, f"{where} is {sideways} pixels too wide"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_every_page_is_accessible(
    browser: Browser, service: Stage, file: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = await context.new_page()
    home = await signs_in(page, service)
    await sends(page, home, file)
    await well(page, "columns")
    await page.get_by_role("button", name="Look it over").click()
    await expect(page.get_by_text("Please write down how these people agreed.").first).to_be_visible()
    await well(page, "columns with a mistake")
    await page.get_by_label(ORIGIN).fill("the form on my old page")
    await page.get_by_role("button", name="Look it over").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Being looked over")
    await run(service.site.db, "UPDATE import_uploads SET people = 3, position = 1")
    await expect(page.get_by_text("1 of 3 rows")).to_be_visible(
        timeout=20_000
    )  # the page asks again by itself
    await well(page, "under way")
    await importing.keep_going(service.site)
    await expect(page.get_by_role("heading", level=1)).to_have_text("What would happen", timeout=20_000)
    await well(page, "report")
    await page.get_by_role("button", name="Take them in").click()
    await importing.keep_going(service.site)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Taken in", timeout=20_000)
    await well(page, "result")
    await page.goto(f"{home}/admin/import")
    await well(page, "list")
    await context.close()


async def test_from_a_file_to_subscribers_without_a_script(
    browser: Browser, tmp_path: Path, file: Path
) -> None:
    async with demonstration(tmp_path) as demo:
        context = await browser.new_context(java_script_enabled=False, viewport={"width": 375, "height": 780})
        page = await context.new_page()
        await page.goto(demo.desk)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("link", name="Bring subscribers from elsewhere").click()
        await page.get_by_label("The file").set_input_files(file)
        await page.get_by_role("button", name="Send it and look at its columns").click()
        await page.get_by_label(ORIGIN).fill("the form on my old page")
        await page.get_by_role("button", name="Look it over").click()
        await expect(page.get_by_role("button", name="Take them in")).to_be_visible(timeout=30_000)
        await page.get_by_role("button", name="Take them in").click()
        await expect(page.get_by_text("Nobody was mailed. The file is deleted.")).to_be_visible(
            timeout=30_000
        )
        async with page.expect_download() as download:
            await page.get_by_role("link", name="All refused rows as CSV").click()
        refused = Path(await (await download.value).path()).read_text("utf-8-sig").splitlines()
        assert [row.partition(",")[0] for row in refused] == ["line", "3", "4"]
        await context.close()
