"""Pictures of every page and of the states that matter, to be looked at: `python -m tests.browser.pictures FOLDER`.

On a phone and on a wide screen, light and dark. With words after the folder only of those whose names have one; a
language among them is that of the pages.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Page, async_playwright

from newsletter.words import LANGUAGES
from tests.browser.conftest import QUIET, chromium
from tests.browser.sights import all_sights

WIDTHS = (390, 1440)
SCHEMES = ("light", "dark")
HEIGHT = 900  # of what has less
PAINTED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


async def main(folder: Path, words: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    language = next((word for word in words if word in LANGUAGES), "en")
    words = [word for word in words if word not in LANGUAGES]
    with tempfile.TemporaryDirectory() as data:
        async with all_sights(Path(data), f"sqlite:///{data}/newsletter.db", language) as sights:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=chromium(), args=QUIET)
                contexts = await sights.owner(browser), await browser.new_context(reduced_motion="reduce")
                pages = [await context.new_page() for context in contexts]
                for sight in sights.every:
                    if not words or any(word in sight.name for word in words):
                        page = pages[0] if sight.at_the_desk else pages[1]
                        await sights.open(page, sight)
                        await take(page, folder, sight.name)
                await browser.close()
            if not words and (unseen := sights.unseen()):
                sys.exit(f"There is no picture of {', '.join(sorted(unseen))}: see tests/browser/sights.py.")


async def take(page: Page, folder: Path, name: str) -> None:
    for width in WIDTHS:
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two
            await page.set_viewport_size({"width": width, "height": HEIGHT})
            # As high as the page: a frame that is out of sight is not painted, and what scrolls along stands in place.
            high = int(await page.evaluate("document.documentElement.scrollHeight"))
            await page.set_viewport_size({"width": width, "height": high})
            await page.wait_for_load_state("networkidle")
            await page.evaluate(PAINTED)
            await page.screenshot(path=folder / f"{name}.{width}.{scheme}.png", full_page=True)
    print(name, file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
