"""A long address on a phone: it breaks after its @ and its dots, and is still one word to copy and to find."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.furnished import LONG_EMAIL
from tests.browser.sights import all_sights

ENDS = (".", "@", "-")
_LINES = """email => [...document.querySelectorAll("bdi")]
  .filter(one => one.textContent === email && one.checkVisibility()).map(one => {
    const lines = [], range = document.createRange()
    const walker = document.createTreeWalker(one, NodeFilter.SHOW_TEXT)
    let bottom = 0
    while (walker.nextNode()) for (let n = 0; n < walker.currentNode.length; n++) {
      range.setStart(walker.currentNode, n)
      range.setEnd(walker.currentNode, n + 1)
      const box = range.getBoundingClientRect()
      if (box.top >= bottom) lines.push("")
      bottom = Math.max(bottom, box.bottom - 2)
      lines[lines.length - 1] += range.toString()
    }
    return lines
  })"""


@pytest.mark.parametrize("width", [320, 390])
async def test_it_breaks_where_its_parts_end(browser: Browser, tmp_path: Path, width: int) -> None:
    async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db") as sights:
        page = await (await sights.owner(browser)).new_page()
        await page.set_viewport_size({"width": width, "height": 800})
        person = next(one.path for one in sights.every if one.name == "desk.subscriber")
        for path in ("/admin/subscribers?search=wilhelmina", person):
            await page.goto(sights.home + path)
            found = await page.evaluate(_LINES, LONG_EMAIL)
            assert found, path
            for lines in found:
                assert len(lines) > 1, path
                assert all(map(well_broken, ["@", *lines], lines[:-1])), (path, lines)


def well_broken(before: str, line: str) -> bool:
    """At the end of a part; or it is a part that has the line for itself, and is longer."""
    return line.endswith(ENDS) or (before.endswith(ENDS) and not re.search("[.@-]", line))
