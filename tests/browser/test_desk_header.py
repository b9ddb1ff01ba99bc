"""The desk's header takes one line where the window is 1280 pixels wide or more, in each language."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from newsletter import words
from tests.browser.sights import all_sights

PAGES = ("/admin", "/admin/broadcasts/new", "/admin/comments", "/admin/settings")
TOPS = """() => {
  const all = document.querySelectorAll(".masthead :is(.imprint, nav > a, form > span, form > button)")
  return [...all].map(one => one.getBoundingClientRect()).map(box => [Math.round(box.top), Math.round(box.bottom)])
}"""


@pytest.mark.parametrize("language", ["en", "de"])
async def test_it_stands_in_one_line(browser: Browser, tmp_path: Path, language: str) -> None:
    wrapped = {}
    try:
        async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db", language) as sights:
            page = await (await sights.owner(browser)).new_page()
            for width in (1280, 1440, 1920):
                await page.set_viewport_size({"width": width, "height": 800})
                for path in PAGES:
                    await page.goto(sights.home + path)
                    boxes = await page.evaluate(TOPS)
                    assert len(boxes) > 8, path
                    if max(top for top, _ in boxes) >= min(bottom for _, bottom in boxes):
                        wrapped[width, path] = boxes
    finally:
        words.speak("en")
    assert not wrapped
