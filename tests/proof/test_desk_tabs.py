"""By the Tab key alone somebody comes to all that can be pressed or filled in on each page of the desk, and always sees
where they are."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser.sights import Sights, all_sights
from tests.figures import Figure

_CONTROLS = """() => {
  const seen = one => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[inert]")
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [role=button]")]
    .filter(one => seen(one) && !one.disabled && one.type !== "hidden" && !one.closest("[aria-hidden=true]"))
  const reached = all.filter(one => one.type !== "radio" || one.checked
    || !all.some(other => other.name === one.name && other.form === one.form && other.checked))
  const first = reached.filter((one, n) => one.type !== "radio" || one.checked
    || reached.findIndex(other => other.name === one.name && other.form === one.form) === n)
  first.forEach((one, n) => { one.dataset.stop = n })
  return first.map(one => one.outerHTML.slice(0, 120))
}"""
_WHERE = """() => {
  const one = document.activeElement
  const style = getComputedStyle(one), box = one.getBoundingClientRect()
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
  return [one.dataset.stop ?? "", ring && box.width > 0 && box.height > 0]
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def sights(tmp_path: Path) -> AsyncIterator[Sights]:
    async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db") as found:
        yield found


async def _walk(page: Page, most: int) -> dict[str, bool]:
    """Each stop of the Tab key, once around the page, and whether it is seen to be one. It may begin in the middle,
    where the page has put somebody; a day and a time are several stops."""
    found: dict[str, bool] = {}
    last = ""
    for _ in range(most):
        await page.keyboard.press("Tab")
        stop, shown = await page.evaluate(_WHERE)
        if stop in found and stop != last:
            break
        if stop:
            found[stop] = shown or found.get(stop, False)
        last = stop
    return found


async def test_each_control_is_reached_and_seen(browser: Browser, sights: Sights, figure: Figure) -> None:
    page = await (await sights.owner(browser)).new_page()
    wrong, count = [], 0
    for sight in sights.every:
        if not sight.at_the_desk:
            continue
        answer = await sights.open(page, sight)
        if "sandbox" in answer.headers.get("content-security-policy", ""):
            continue  # a mail, in a frame of the page that has its buttons
        controls = await page.evaluate(_CONTROLS)
        stops = await _walk(page, len(controls) + 60)
        count += len(controls)
        wrong += [f"{sight.name}: never at {said}" for n, said in enumerate(controls) if str(n) not in stops]
        wrong += [f"{sight.name}: unseen at {controls[int(n)]}" for n, shown in stops.items() if not shown]
    figure("desk_controls_by_tab", count)
    figure("desk_controls_not_reached_or_unseen", len(wrong), "0", not wrong)
    assert count > 1000
    assert not wrong, "\n".join(wrong)
