"""What stands beside what at the desk: a wide window is used, and what isn't asked takes no room."""

from pathlib import Path

from playwright.async_api import Browser, Locator, expect

from tests.browser.sights import all_sights

TALL = """one => {
  const words = document.createRange()
  words.selectNodeContents(one)
  return words.getBoundingClientRect().height
}"""


async def ends(one: Locator) -> dict[str, float]:
    """Where it begins and ends, in pixels of the window."""
    return await one.evaluate("one => one.getBoundingClientRect().toJSON()")  # type: ignore[no-any-return]  # what a browser answers


async def test_answers_to_choose_from_are_asked_where_one_is_chosen(browser: Browser, tmp_path: Path) -> None:
    async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db") as sights:
        page = await (await sights.owner(browser)).new_page()
        await page.goto(f"{sights.home}/admin/forms/course")
        kinds, answers = page.get_by_label("Takes"), page.get_by_label("Answers to choose from")
        shown = {await kinds.nth(n).input_value(): await answers.nth(n).is_visible() for n in range(5)}
        assert shown == {"text": False, "choice": True, "number": False, "date": False, "yes_no": False}
        await kinds.first.select_option("choice")
        await expect(answers.first).to_be_visible()
        await kinds.nth(1).select_option("text")
        await expect(answers.nth(1)).to_be_hidden()
        assert (await answers.nth(1).input_value()).split() == ["Porto", "Lisbon"]  # until it is saved


async def test_a_wide_window_is_used(browser: Browser, tmp_path: Path) -> None:
    async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db") as sights:
        page = await (await sights.owner(browser)).new_page()
        await page.set_viewport_size({"width": 1440, "height": 900})
        await page.goto(f"{sights.home}/admin")
        growth, waits, funnel = [await ends(one) for one in await page.locator(".today > section").all()]
        assert growth["top"] == waits["top"] < funnel["top"] < waits["bottom"]
        assert growth["right"] == funnel["right"] < waits["left"]

        await page.goto(f"{sights.home}/admin/archive")
        row = page.locator(".letter").first
        outer, inner = await ends(row), await ends(row.get_by_role("button", name="Show it no more"))
        assert 0 < outer["right"] - inner["right"] < 32

        await page.goto(f"{sights.home}/admin/domains")
        (long,) = await page.get_by_role("rowheader", name="mail.department.example.net").all()
        (short,) = await page.get_by_role("rowheader", name="gmx.net").all()
        assert await long.evaluate(TALL) == await short.evaluate(TALL)
